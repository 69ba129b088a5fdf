import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fetchedCommand } from '../src/fetch-program.js'
import { findRedis } from '../src/find-redis.js'

const finders = { findRedis }
const found = await Promise.all(
  Object.entries(finders).map(async ([name, find]) => ({ name, ...(await find()) })),
)

// What is on PATH is not fetched, and SESSIONS_REDIS=fetched runs this nonetheless.
describe.each(found.filter(({ source }) => source === 'fetched'))(
  'what $name fetches',
  ({ command, version }) => {
    const dir = dirname(command)

    it('finds its libraries and becomes the program', () => {
      expect(command).toBe(fetchedCommand(dir))
      expect(execFileSync(command, ['--version'], { encoding: 'utf8' })).toContain(version)
      expect(readFileSync(command, 'utf8')).toContain('exec ')
    })

    it('is without the packages it came in', () => {
      expect(readdirSync(dir)).toEqual(expect.arrayContaining(['.complete', 'run', 'usr']))
      expect(readdirSync(dir)).not.toContain('.apt')
    })
  },
)
