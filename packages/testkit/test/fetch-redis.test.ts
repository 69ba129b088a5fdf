import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { redisCommand, redisEnv } from '../src/fetch-redis.js'
import { findRedis } from '../src/find-redis.js'

const { source, command } = await findRedis()

// Where Redis is on PATH nothing is fetched, and SESSIONS_REDIS=fetched runs this nonetheless.
describe.runIf(source === 'fetched')('a fetched Redis', () => {
  const dir = join(dirname(command), '../..')

  it('finds its libraries', () => {
    expect(command).toBe(redisCommand(dir))
    const env = { ...process.env, ...redisEnv(dir) }
    expect(execFileSync('ldd', [command], { env, encoding: 'utf8' })).not.toContain('not found')
    expect(execFileSync(command, ['--version'], { env, encoding: 'utf8' })).toContain('v=')
  })

  it('is without the packages it came in', () => {
    expect(readdirSync(dir).toSorted()).toEqual(['.complete', 'usr'])
  })
})
