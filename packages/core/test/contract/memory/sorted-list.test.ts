import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SortedList } from '../../../src/contract/memory/sorted-list.js'

interface Numbered {
  readonly n: number
}

describe('SortedList', () => {
  test('holds what a sorted array holds, over any number of additions and removals', () => {
    const step = fc.record({ add: fc.boolean(), from: fc.nat(3000), count: fc.integer({ min: 1, max: 900 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), fc.nat(3000), (steps, place) => {
        const list = new SortedList<Numbered>((a, b) => a.n - b.n)
        const model = new Map<number, Numbered>()
        for (const { add, from, count } of steps) {
          // A stride without a common divisor, so that neighbours come and go in no order.
          for (let k = 0; k < count; k++) {
            const n = (from + k * 7) % 3001
            const item = model.get(n) ?? { n }
            if (add && !model.has(n)) list.add(item)
            if (!add) list.delete(item)
            if (add) model.set(n, item)
            else model.delete(n)
          }
        }
        const expected = [...model.keys()].sort((a, b) => b - a)
        expect(list.size).toBe(expected.length)
        expect(list.first?.n).toBe(expected.at(-1))
        expect([...list.backwards()].map(({ n }) => n)).toEqual(expected)
        expect([...list.backwards({ n: place })].map(({ n }) => n)).toEqual(expected.filter((n) => n < place))
      }),
    )
  })

  test('removes nothing that only stands at the same place', () => {
    const list = new SortedList<Numbered>((a, b) => a.n - b.n)
    list.delete({ n: 1 })
    list.add({ n: 1 })
    list.delete({ n: 1 })
    expect(list.size).toBe(1)
  })
})
