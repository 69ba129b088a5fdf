import { memoryBus, memoryStore } from '@sessions/core'
import { checkStore, type SessionStore } from '@sessions/core/store'
import { describeSessionStore, storeChapters } from '@sessions/core/testing'
import { describe, expect, test } from 'vitest'
import { tieredStore } from '../src/index.js'
import { hot, warmed } from './warmed.js'

describeSessionStore('tieredStore over a memory store, with a bus', async () => {
  const [last, bus] = [memoryStore(), memoryBus()]
  const [store, peer] = [tieredStore(last, { hot, bus }), tieredStore(last, { hot, bus })]
  return { store: warmed(store), peer: warmed(peer), sweepsMeanwhile: true }
})

// A bus in the process tells before a write settles, so that what memory answers is what the store would, but for
// deadlines, of which nobody tells.
describe('memory answers as the store does', () => {
  const [last, bus] = [memoryStore(), memoryBus()]
  let hits = (): number => 0
  const open = (): SessionStore => {
    const tiered = tieredStore(last, { hot, bus })
    hits = () => tiered.stats().hits
    const maxAgeMs = 3_600_000
    return {
      ...tiered,
      read: async (ref, options) => tiered.read(ref, { ...options, maxAgeMs }),
      messages: async (ref, query) => tiered.messages(ref, { ...query, maxAgeMs }),
    }
  }
  const stores = { store: open(), peer: open() }
  const timed = /deadline|lifetime|clock|expire|sweep|second/i
  for (const { title, cases } of storeChapters) {
    if (timed.test(title)) continue
    describe(title, () => {
      for (const each of cases) if (!timed.test(each.title)) test(each.title, async () => each.run(stores))
    })
  }
  test('and it did', () => expect(hits()).toBeGreaterThan(100))
})

test('checkStore looks through it', async () => {
  const finding = { level: 'warning', code: 'durability', message: 'a crash loses' } as const
  const last = { ...memoryStore(), check: async () => [finding] }
  expect(await checkStore(tieredStore(last, { hot }))).toEqual([finding])
})

test.each([{}, 5, null, 'redis://localhost'])('refuses %j as a bus, which nobody could listen to', (bus) => {
  expect(() => tieredStore(memoryStore(), { hot, bus: bus as never })).toThrow(
    expect.objectContaining({ code: 'invalid', path: 'bus' }),
  )
})
