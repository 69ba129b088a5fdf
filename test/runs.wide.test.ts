import { describe, expect, it } from 'vitest'
import { npmTest, pathOf, useProject } from './npm-test.js'

useProject()

// Most of a run is waiting.
describe.concurrent('npm test', () => {
  it.each([
    ['a line of a file', (): string[] => [`${pathOf('sound.test.mjs')}:3`], 0, '1 passed, 0 failed'],
    ['what passes in a file with gaps', () => ['gaps', '-t', '^adds$'], 0, '1 passed, 0 failed'],
    ['a gap', () => ['gaps', '-t', 'adds later|as a whole'], 1, '0 passed, 2 failed'],
    ['a name that no test has', () => ['sound', '-t', 'divides'], 1, '0 passed, 0 failed'],
  ] as const)('of %s ends with what came of that', async (_, args, code, last) => {
    const run = await npmTest(...args())
    expect(run, run.output).toMatchObject({ code, last })
  })

  it('says how far it is when there is no terminal', async ({ expect }) => {
    const run = await npmTest('slow')
    expect(run.output).toMatch(/0 of 1 files, 0 tests passed, 0 failed; at work: .*slow\.test\.mjs \(\d+ s\)/)
    expect(run).toMatchObject({ code: 0, last: '1 passed, 0 failed' })
  })

  it('counts what passed, failed, was left out and could not be loaded, and names what was left out', async ({
    expect,
  }) => {
    const files = ['sound', 'gaps', 'wrong', 'broken', 'hook', 'stray']
    const run = await npmTest(...files)
    // Of those that fail: three gaps, a wrong one, a file, a hook and two behind it, a promise that nobody waits for.
    expect(run, run.output).toMatchObject({ code: 1, last: '6 passed, 9 failed' })
    expect(run.output).toContain('as a whole > multiplies')
  })

  it('of a name ends with what came of that', async ({ expect }) => {
    const run = await npmTest('sound', 'wrong', '-t', '(subtracts|in a suite adds)$')
    expect(run, run.output).toMatchObject({ code: 0, last: '3 passed, 0 failed' })
  })
})
