import { once } from 'node:events'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { withMachineLock } from '../../src/find/machine-lock.js'
import { waitUntil } from '../../src/wait-until.js'
import { createScriptRunner } from '../child-script.js'

const runner = createScriptRunner()
const name = `test-${process.pid}`
let said: string[]

describe('a lock of the machine', () => {
  beforeEach(() => {
    said = []
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0)
  })
  afterEach(() => {
    vi.restoreAllMocks()
  })
  afterAll(() => runner.close())

  it('is held by one at a time', async () => {
    const seen: string[] = []
    const work = (who: string) => async (): Promise<string> => {
      seen.push(`${who} in`)
      await new Promise((resolve) => setImmediate(resolve))
      seen.push(`${who} out`)
      return who
    }
    const all = ['a', 'b', 'c']
    expect(await Promise.all(all.map((who) => withMachineLock(name, work(who))))).toEqual(all)
    const firsts = seen.filter((_, at) => at % 2 === 0)
    expect(seen).toEqual(firsts.flatMap((first) => [first, first.replace('in', 'out')]))
    expect(firsts.toSorted()).toEqual(['a in', 'b in', 'c in'])
  })

  it('is free again when the work has failed', async () => {
    const failing = () => Promise.reject(new Error('no network'))
    await expect(withMachineLock(name, failing)).rejects.toThrow('no network')
    expect(await withMachineLock(name, async () => 'mine')).toBe('mine')
  })

  it('is waited for while another process has it, and free when that is killed', async () => {
    const { child } = await runner.run(`
      await testkit.withMachineLock(${JSON.stringify(name)}, async () => {
        process.stdout.write('{}\\n')
        await new Promise((resolve) => setInterval(resolve, 1e6))
      })`)
    let isMine = false
    const mine = withMachineLock(name, async () => (isMine = true))
    await waitUntil(() => said.length > 0, { what: 'the wait to be told' })
    expect([isMine, said]).toEqual([false, [expect.stringContaining('another process')]])
    await expect(withMachineLock(name, async () => {}, { timeoutMs: 1 })).rejects.toThrow('has not ended')
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(await mine).toBe(true)
  })
})
