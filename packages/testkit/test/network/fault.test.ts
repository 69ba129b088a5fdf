import { describe, expect, it } from 'vitest'
import { ActiveFault } from '../../src/network/fault.js'

describe('the fault in force', () => {
  it('strikes only as what it is, and lasts until cleared', () => {
    const fault = new ActiveFault()
    expect(fault.strike('reset')).toBeUndefined()
    fault.set({ kind: 'latency', ms: 5 })
    expect(fault.strike('reset')).toBeUndefined()
    expect(fault.strike('latency')?.ms).toBe(5)
    expect(fault.strike('latency')?.ms).toBe(5)
    fault.clear()
    expect(fault.strike('latency')).toBeUndefined()
    expect(fault.hits).toBe(2)
  })

  it('is used up after its times', () => {
    const fault = new ActiveFault()
    fault.set({ kind: 'reset', times: 2 })
    const strikes = [1, 2, 3].map(() => fault.strike('reset') !== undefined)
    expect(strikes).toEqual([true, true, false])
    expect([fault.hits, fault.current]).toEqual([2, undefined])
  })

  it('is another one each time it is set, with a count of its own', () => {
    const fault = new ActiveFault()
    const reset = { kind: 'reset' } as const
    fault.set(reset)
    const first = fault.current
    fault.strike('reset')
    fault.set(reset)
    expect(fault.current).not.toBe(first)
    expect(fault.hits).toBe(0)
  })
})
