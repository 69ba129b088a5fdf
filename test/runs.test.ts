import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const cache = join(root, 'node_modules', '.cache', 'sessions')
let folder: string

// Tests about tests: a project of its own, inside ours, so that it finds vitest.
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

interface Run {
  code: number
  /** What it printed last, which tools read. */
  last: string
  output: string
}

/** `npm test -- ARGUMENTS` in that project. */
async function npmTest(...args: string[]): Promise<Run> {
  const { NODE_ENV: _, VITEST: __, TEST: ___, ...env } = process.env
  const all = [join(root, 'scripts/test.mjs'), '--config', join(folder, 'vitest.config.mjs'), ...args]
  const { code, stdout, stderr } = await promisify(execFile)(process.execPath, all, { cwd: root, env }).then(
    (ended) => ({ code: 0, ...ended }),
    (ended: { code: number; stdout: string; stderr: string }) => ended,
  )
  return { code, last: stdout.trimEnd().split('\n').at(-1)!, output: stdout + stderr }
}

// Most of a run is waiting.
describe.concurrent('npm test', () => {
  it('counts what passed, failed, was left out and could not be loaded, and names what was left out', async ({
    expect,
  }) => {
    const files = ['sound', 'gaps', 'wrong', 'broken', 'hook', 'stray']
    const run = await npmTest(...files)
    // Of those that fail: three gaps, a wrong one, a file, a hook and two behind it, a promise that nobody waits for.
    expect(run, run.output).toMatchObject({ code: 1, last: '6 passed, 9 failed' })
    expect(run.output).toContain('as a whole > multiplies')
  })

  it.each([
    ['a name', ['sound', 'wrong', '-t', '(subtracts|in a suite adds)$'], 0, '3 passed, 0 failed'],
    ['a line of a file', ['/sound.test.mjs:3'], 0, '1 passed, 0 failed'],
    ['what passes in a file with gaps', ['gaps', '-t', '^adds$'], 0, '1 passed, 0 failed'],
    ['a gap', ['gaps', '-t', 'adds later|as a whole'], 1, '0 passed, 2 failed'],
    ['a name that no test has', ['sound', '-t', 'divides'], 1, '0 passed, 0 failed'],
  ])('of %s ends with what came of that', async (_, args, code, last) => {
    const run = await npmTest(...args.map((arg) => arg.replace(/^\//, `${folder}/`)))
    expect(run, run.output).toMatchObject({ code, last })
  })

  it('says how far it is when there is no terminal', async ({ expect }) => {
    const run = await npmTest('slow')
    expect(run.output).toMatch(/0 of 1 files, 0 tests passed, 0 failed; at work: .*slow\.test\.mjs \(\d+ s\)/)
    expect(run).toMatchObject({ code: 0, last: '1 passed, 0 failed' })
  })
})
