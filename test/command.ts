import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll } from 'vitest'

const root = resolve(import.meta.dirname, '..')
/** Gone after the tests of the file. */
export const folder = mkdtempSync(join(tmpdir(), 'sessions-commands-'))
const run = promisify(execFile)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Ended {
  stdout: string
  stderr: string
  code: number
}

/** What a command of ours prints, and how it ends; servers are its own, whatever the environment offers. */
export async function command(script: string, ...args: string[]): Promise<Ended> {
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
export function dialogues(count: number): string {
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

/** The last line of what a command printed, which tools read. */
export function lastLine(stdout: string): Record<string, number> {
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, number>
}
