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
})
