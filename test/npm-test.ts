import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const cache = join(root, 'node_modules', '.cache', 'sessions')
let folder: string

/** Tests about tests: a project of its own, inside ours, so that it finds vitest. */
export function useProject(): void {
  beforeAll(() => {
    mkdirSync(cache, { recursive: true })
    folder = mkdtempSync(join(cache, 'runs-'))
    writeFileSync(
      join(folder, 'vitest.config.mjs'),
      `export default { test: { root: ${JSON.stringify(folder)}, include: ['*.test.mjs'], exclude: [] } }`,
    )
    const files = {
      sound: `it('adds', () => {})
it('subtracts', () => {})
describe('in a suite', () => { it('adds', () => {}) })`,
      gaps: `it('adds', () => {}); it.skip('adds later', () => {}); it.todo('divides')
describe.skip('as a whole', () => { it('multiplies', () => {}) })`,
      wrong: `it('adds', () => { expect(1 + 1).toBe(3) }); it('subtracts', () => {})`,
      broken: `throw new Error('cannot be loaded')`,
      hook: `beforeAll(() => { throw new Error('no server') }); it('adds', () => {}); it('subtracts', () => {})`,
      stray: `it('adds', () => { void Promise.reject(new Error('nobody waits for me')) })`,
      slow: `it('waits', () => new Promise((done) => setTimeout(done, 21_000)), 60_000)`,
    }
    for (const [name, text] of Object.entries(files)) {
      const imports = `import { beforeAll, describe, expect, it } from 'vitest'\n`
      writeFileSync(join(folder, `${name}.test.mjs`), imports + text)
    }
  })
  afterAll(() => rmSync(folder, { recursive: true }))
}

/** The path of a file in that project. */
export const pathOf = (name: string): string => join(folder, name)

export interface Run {
  code: number
  /** What it printed last, which tools read. */
  last: string
  output: string
}

/** `npm test -- ARGUMENTS` in that project. */
export async function npmTest(...args: string[]): Promise<Run> {
  const { NODE_ENV: _, VITEST: __, TEST: ___, ...env } = process.env
  const all = [join(root, 'scripts/test.mjs'), '--config', join(folder, 'vitest.config.mjs'), ...args]
  const { code, stdout, stderr } = await promisify(execFile)(process.execPath, all, { cwd: root, env }).then(
    (ended) => ({ code: 0, ...ended }),
    (ended: { code: number; stdout: string; stderr: string }) => ended,
  )
  return { code, last: stdout.trimEnd().split('\n').at(-1)!, output: stdout + stderr }
}
