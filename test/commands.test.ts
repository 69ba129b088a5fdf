import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'sessions-commands-'))
const run = promisify(execFile)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Ended {
  stdout: string
  stderr: string
  code: number
}

/** What a command of ours prints, and how it ends; servers are its own, whatever the environment offers. */
async function command(script: string, ...args: string[]): Promise<Ended> {
  const env = {
    ...process.env,
    REDIS_URL: '',
    DATABASE_URL: '',
    SESSIONS_SQLITE: join(folder, 'sessions.db'),
    NODE_ENV: 'development',
  }
  const options = { cwd: root, env, maxBuffer: 64 * 1024 * 1024 }
  return run(process.execPath, [join(root, 'scripts', script), ...args], options).then(
    ({ stdout, stderr }) => ({ stdout, stderr, code: 0 }),
    ({ stdout, stderr, code }: Ended) => ({ stdout, stderr, code }),
  )
}

/** Dialogues with every kind of text that has ever got lost somewhere. */
function dialogues(count: number): string {
  const texts = [
    'Two phones, please',
    '',
    ' spaces ',
    '\u0000 NUL',
    'é e\u0301 😀',
    '\u2028',
    '\ud800',
    '{"a":[]}',
    'x'.repeat(5000),
  ]
  const lines = Array.from({ length: count }, (_, index) =>
    JSON.stringify({
      id: `d_${index}`,
      turns: texts.flatMap((text, turn) => [
        { role: 'user', content: `${text}${index}`, state: { [`slot_${turn % 3}`]: [text, String(index)] } },
        { role: 'assistant', content: `${index}${text}` },
      ]),
    }),
  )
  return `${lines.join('\n')}\n`
}

describe('npm run demo', () => {
  it('ends after its tour with code 0, and finds everything again after the app was killed', async () => {
    const { stdout, stderr, code } = await command('demo.mjs', '--once')
    expect(stdout).toContain('What did I ask first?')
    expect(stdout).toContain('Back after a restart')
    expect(code, stderr).toBe(0)
  })

  it('shows the gateway', async () => {
    const { stdout, stderr, code } = await command('demo.mjs', '--app', 'nest', '--once')
    expect(stdout).toContain('I will check out on my phone')
    expect(code, stderr).toBe(0)
  })

  it.each([
    ['express', 'redis'],
    ['express', 'postgres'],
    // On Redis it is killed and started again by a test of its own.
    ['next', 'postgres'],
  ])('finds conversation and cart of %s again on %s after the app was killed', async (app, store) => {
    const { stdout, stderr, code } = await command('demo.mjs', '--app', app, '--once', '--store', store)
    expect(stdout).toContain('Back after a restart')
    expect(code, stderr).toBe(0)
  })

  it('says what it does not know', async () => {
    expect((await command('demo.mjs', '--app', 'nope')).code).toBe(2)
  })
})

describe('npm run replay', () => {
  const file = join(folder, 'dialogues.jsonl')
  writeFileSync(file, dialogues(40))
  // As many as are told at once: enough to see that nothing gets lost between an application and its store.
  const few = join(folder, 'few.jsonl')
  writeFileSync(few, dialogues(16))

  it.each(['memory', 'sqlite', 'redis', 'postgres'])('reads back on %s what it sent', async (store) => {
    const { stdout, stderr, code } = await command('replay.mjs', '--data', file, '--store', store, '--json')
    const result = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, number>
    expect(result, stderr).toMatchObject({ dialogues: 40, messages: 720, mismatches: 0 })
    expect(result['seconds']).toBeGreaterThan(0)
    expect(code, stderr).toBe(0)
  })

  it.each([
    ['memory', 'nest'],
    ['redis', 'nest'],
    ['postgres', 'nest'],
    ['memory', 'next'],
    ['redis', 'next'],
    ['postgres', 'next'],
  ])('does so on %s through %s', async (store, app) => {
    const args = ['--data', few, '--app', app, '--store', store, '--json']
    const { stdout, stderr, code } = await command('replay.mjs', ...args)
    const result = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, number>
    expect(result, stderr).toMatchObject({ dialogues: 16, messages: 288, mismatches: 0 })
    expect(code, stderr).toBe(0)
  })

  it('counts what cannot be replayed as a mismatch, and ends with code 1', async () => {
    const bad = join(folder, 'bad.jsonl')
    writeFileSync(bad, `${JSON.stringify({ id: 'x', turns: [{ role: 'robot', content: 'hi' }] })}\n`)
    const { stdout, code } = await command('replay.mjs', '--data', bad, '--json')
    expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toMatchObject({ dialogues: 1, mismatches: 1 })
    expect(code).toBe(1)
  })
})

describe('npm run torture', () => {
  it.each(['memory', 'sqlite', 'redis', 'postgres'])(
    'finds nothing lost, doubled, brought back or leaked on %s',
    async (store) => {
      const args = ['torture', '--store', store, '--processes', '3', '--seconds', '4', '--json']
      const { stdout, stderr, code } = await command('tool.mjs', ...args)
      const result = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, number>
      expect(result, stderr).toMatchObject({ lost: 0, doubled: 0, resurrected: 0, leaked: 0 })
      expect(result['operations']).toBeGreaterThan(100)
      expect(result['faults']).toBeGreaterThan(0)
      expect(code, stderr).toBe(0)
    },
  )
})
