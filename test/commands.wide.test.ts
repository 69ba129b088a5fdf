import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { command, dialogues, folder, lastLine } from './command.js'

describe('npm run demo', () => {
  it('shows the gateway', async () => {
    const { stdout, stderr, code } = await command('demo.mjs', '--app', 'nest', '--once')
    expect(stdout).toContain('I will check out on my phone')
    expect(code, stderr).toBe(0)
  })

  it.each([
    ['express', 'postgres'],
    ['express', 'redis'],
    // On Redis it is killed and started again by a test of its own.
    ['next', 'postgres'],
  ])('finds conversation and cart of %s again on %s after the app was killed', async (app, store) => {
    const { stdout, stderr, code } = await command('demo.mjs', '--app', app, '--once', '--store', store)
    expect(stdout).toContain('Back after a restart')
    expect(code, stderr).toBe(0)
  })
})

describe('npm run replay', () => {
  const file = join(folder, 'dialogues.jsonl')
  writeFileSync(file, dialogues(40))

  const stores = ['memory', 'sqlite', 'sharded', 'redis', 'tiered', 'postgres']
  const pairs = ['express', 'nest', 'next'].flatMap((app) => stores.map((store) => [store, app] as const))
  it.each(pairs)('reads back on %s through %s what it sent', async (store, app) => {
    const args = ['--data', file, '--app', app, '--store', store, '--json']
    const { stdout, stderr, code } = await command('replay.mjs', ...args)
    expect(lastLine(stdout), stderr).toMatchObject({ dialogues: 40, messages: 720, mismatches: 0 })
    expect(code, stderr).toBe(0)
  })
})

describe('npm run torture', () => {
  it.each(['memory', 'sqlite', 'sharded', 'redis', 'tiered', 'postgres', 'portable'])(
    'finds nothing lost, doubled, brought back or leaked on %s',
    async (store) => {
      const args = ['torture', '--store', store, '--processes', '3', '--seconds', '20', '--json']
      const { stdout, stderr, code } = await command('tool.mjs', ...args)
      const result = lastLine(stdout)
      expect(result, stderr).toMatchObject({ lost: 0, doubled: 0, resurrected: 0, leaked: 0 })
      expect(result['operations']).toBeGreaterThan(100)
      expect(result['faults']).toBeGreaterThan(0)
      expect(code, stderr).toBe(0)
    },
  )
})
