import { describe, expect, it } from 'vitest'
import { waitUntil } from '../src/wait-until.js'

describe('waitUntil', () => {
  it('gives what the condition gives once it is truthy', async () => {
    let polls = 0
    const value = await waitUntil(() => (polls += 1) > 3 && 'ready', { what: 'four polls' })
    expect([value, polls]).toEqual(['ready', 4])
  })

  it('fails at the deadline with what it waited for and the detail', async () => {
    const wait = waitUntil(() => false, { what: 'Godot', timeoutMs: 30, detail: () => 'the road is empty' })
    await expect(wait).rejects.toThrow('Waited 30 ms in vain for Godot:\nthe road is empty')
  })

  it('is not held up by a condition that hangs', async () => {
    const wait = waitUntil(() => new Promise<boolean>(() => undefined), { what: 'Godot', timeoutMs: 30 })
    await expect(wait).rejects.toThrow('in vain for Godot')
  })

  it('ends at once with the error that the condition throws', async () => {
    const condition = (): boolean => {
      throw new Error('the server ended')
    }
    await expect(waitUntil(condition, { what: 'it' })).rejects.toThrow('the server ended')
  })
})
