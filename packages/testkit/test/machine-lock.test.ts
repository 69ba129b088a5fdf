import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { withMachineLock } from '../src/machine-lock.js'
import { createScriptRunner } from './child-script.js'

const runner = createScriptRunner()
const name = `test-${process.pid}`

describe('a lock of the machine', () => {
  afterAll(() => runner.close())

  it('is held by one at a time, in whatever order', async () => {
    const seen: string[] = []
    const turn = (who: string) => async (): Promise<string> => {
      seen.push(`${who} in`)
      await new Promise((resolve) => setImmediate(resolve))
      seen.push(`${who} out`)
      return who
    }
    vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    expect(await Promise.all(['a', 'b', 'c'].map((who) => withMachineLock(name, turn(who))))).toEqual([
      'a',
      'b',
      'c',
    ])
    for (let at = 0; at < seen.length; at += 2) {
      expect(seen[at + 1]).toBe(seen[at]!.replace('in', 'out'))
    }
    vi.restoreAllMocks()
  })

  it('is free again when the work has failed', async () => {
    await expect(withMachineLock(name, () => Promise.reject(new Error('no network')))).rejects.toThrow(
      'no network',
    )
    expect(await withMachineLock(name, async () => 'mine')).toBe('mine')
  })
})
