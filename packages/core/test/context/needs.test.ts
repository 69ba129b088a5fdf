import { expect, it } from 'vitest'
import { hasWindow, mergeNeeds, needsOf } from '../../src/context/needs.js'
import { int32List } from '../../src/context/number-list.js'

it('a strategy that says nothing needs everything', () => {
  const situation = { query: 'phones' } as never
  expect(needsOf({ choose: () => [] } as never, situation)).toEqual({ all: true })
  const asked: unknown[] = []
  const needs = (given: unknown) => (asked.push(given), { tokens: 5 })
  expect(needsOf({ needs } as never, situation)).toEqual({ tokens: 5 })
  expect(asked).toEqual([situation])
})

it('several strategies need what each of them does', () => {
  const nothing = { all: false, recall: 0, facts: false }
  expect(mergeNeeds([])).toEqual(nothing)
  expect(mergeNeeds([{}, {}])).toEqual(nothing)
  expect(mergeNeeds([{}, { all: true }])).toEqual({ ...nothing, all: true })
  expect(mergeNeeds([{ facts: true }, { facts: false }])).toEqual({ ...nothing, facts: true })
  expect(mergeNeeds([{ facts: false }])).toEqual(nothing)
  expect(mergeNeeds([{ recall: 3 }, { recall: 7 }, {}])).toEqual({ ...nothing, recall: 7 })
})

it('a window is as large as the largest, and has no end where one of them has none', () => {
  const windowOf = (...needs: Parameters<typeof mergeNeeds>[0]) => {
    const { tokens, messages } = mergeNeeds(needs)
    return [tokens, messages]
  }
  expect(windowOf({ tokens: 5, messages: 9 }, { tokens: 7, messages: 2 })).toEqual([7, 9])
  expect(windowOf({ tokens: 5 }, {})).toEqual([5, Infinity])
  expect(windowOf({ tokens: 5 }, { messages: 2 })).toEqual([Infinity, Infinity])
  expect(windowOf({ messages: 2 })).toEqual([Infinity, 2])
  expect([
    hasWindow({}),
    hasWindow({ tokens: 0 }),
    hasWindow({ messages: 0 }),
    hasWindow({ all: true }),
  ]).toEqual([false, true, true, false])
})

it('a message is kept where one of them keeps it', () => {
  const keeps = (role: string) => (message: { role: string }) => message.role === role
  const one = keeps('user') as never
  expect(mergeNeeds([{ keep: one }, {}]).keep).toBe(one)
  const { keep } = mergeNeeds([{ keep: one }, { keep: keeps('tool') }])
  expect(['user', 'tool', 'assistant'].map((role) => keep!({ role } as never))).toEqual([true, true, false])
  expect(mergeNeeds([{}])).not.toHaveProperty('keep')
  expect(mergeNeeds([{}])).not.toHaveProperty('tokens')
})

it('a list of numbers grows as it has to, and keeps them', () => {
  const list = int32List()
  expect([list.length, list.bytes]).toEqual([0, 64])
  const sizes = new Set<number>()
  for (let n = 0; n < 100; n++) {
    list.push(n * 1000)
    sizes.add(list.bytes)
  }
  expect([list.length, [...list.values.subarray(0, 100)]]).toEqual([
    100,
    Array.from({ length: 100 }, (_, n) => n * 1000),
  ])
  expect([...sizes]).toEqual([16, 24, 36, 54, 81, 122].map((length) => length * 4))
})
