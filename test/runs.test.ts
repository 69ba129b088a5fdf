import { describe, it } from 'vitest'
import { npmTest, useProject } from './npm-test.js'

// More ways to choose tests: runs.wide.test.ts.

useProject()

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

  it('of a name ends with what came of that', async ({ expect }) => {
    const run = await npmTest('sound', 'wrong', '-t', '(subtracts|in a suite adds)$')
    expect(run, run.output).toMatchObject({ code: 0, last: '3 passed, 0 failed' })
  })
})
