import { expect, it } from 'vitest'
import { Reservations } from '../../src/turn/reservations.js'

const one = (at?: number) => ({ tokens: 10, costMicros: 3, ...(at === undefined ? {} : { at }) })

it('sums up what is put aside, whatever comes and goes', () => {
  const reserved = Reservations.of({ a: one(5), b: one(), c: one(9) })
  expect(reserved.sum).toEqual({ tokens: 30, costMicros: 9 })
  reserved.take('b')
  reserved.take('nobody')
  reserved.put('a', { ...one(12), tokens: 50 })
  expect(reserved.sum).toEqual({ tokens: 60, costMicros: 6 })
  expect(JSON.parse(JSON.stringify(reserved))).toEqual({ a: { ...one(12), tokens: 50 }, c: one(9) })
  expect(Reservations.of(reserved)).toBe(reserved)
})

it('gives those that were seen alive longest ago, and no more than are asked for', () => {
  const reserved = Reservations.of({ late: one(9), early: one(3), before: one() })
  expect(reserved.seenBefore(5, 20)).toEqual(['before', 'early'])
  expect(reserved.seenBefore(9, 2)).toEqual(['before', 'early'])
  expect(reserved.seenBefore(-1, 20)).toEqual([])
  reserved.put('before', one(10))
  expect(reserved.seenBefore(9, 20)).toEqual(['early', 'late'])
})

it('looks at few of them for each change, however many there are', () => {
  let looks = 0
  const counted = (at: number) => ({
    get at() {
      looks++
      return at
    },
    get tokens() {
      looks++
      return 10
    },
    costMicros: 0,
  })
  const stored = Array.from({ length: 1000 }, (_, n) => [`turn ${n}`, counted(100 + n)] as const)
  const reserved = Reservations.of(Object.fromEntries(stored))
  looks = 0
  for (let n = 0; n < 500; n++) {
    reserved.seenBefore(50, 20)
    reserved.put(`new ${n}`, counted(2000))
    reserved.take(`turn ${n}`)
    void reserved.sum
  }
  expect(looks).toBeLessThan(5000)
  expect(reserved.sum).toEqual({ tokens: 10_000, costMicros: 0 })
})
