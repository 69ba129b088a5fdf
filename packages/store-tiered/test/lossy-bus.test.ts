import { memoryStore } from '@sessions/core'
import { type BusChannels, channelBus } from '@sessions/core/store'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { tieredStore } from '../src/index.js'

const hot = { maxBytes: 1024 * 1024 }
const rounds = 50

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** Channels between the buses of one test, over which half of the texts get lost. */
function channelsLosing(half: () => boolean): () => BusChannels {
  const listeners = new Map<string, Set<(text: string) => void>>()
  return () => ({
    isUp: true,
    async send(channel, text) {
      if (half()) return
      for (const onText of listeners.get(channel) ?? []) onText(text)
    },
    async listen(channel, onText) {
      const all = listeners.get(channel) ?? new Set<(text: string) => void>()
      listeners.set(channel, all.add(onText))
      return async () => void all.delete(onText)
    },
    watch: () => {},
    close: async () => {},
  })
}

/** The same numbers each time. */
function coin(): () => boolean {
  let state = 42
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state < 2 ** 31
  }
}

it.each(['amended', 'removed'])(
  'what was %s is shown for 2.5 s at most, where half of all texts get lost',
  async (what) => {
    const last = memoryStore()
    const open = channelsLosing(coin())
    const buses = [channelBus(open()), channelBus(open())]
    const [one, peer] = buses.map((bus) => tieredStore(last, { hot, bus }))
    const waits: number[] = []
    for (let round = 0; round < rounds; round++) {
      const ref = { tenantId: 'acme', id: `s${round % 5}` }
      await last.remove(ref)
      await last.commit(ref, { revision: 0, messages: [{ id: 'm', payload: 'secret' }] })
      const shown = async () =>
        (await peer!.read(ref, { tail: 1, maxAgeMs: 3_600_000 }))?.messages[0]?.payload
      // The copy of the round before goes, too, however long it takes.
      while ((await shown()) !== 'secret') await vi.advanceTimersByTimeAsync(50)
      await (what === 'amended' ? one!.amend(ref, [{ seq: 1, payload: 'redacted' }]) : one!.remove(ref))
      const since = performance.now()
      while ((await shown()) === 'secret') await vi.advanceTimersByTimeAsync(10)
      waits.push(performance.now() - since)
    }
    // Half of them come at once, with the next batch.
    expect(waits.filter((ms) => ms <= 20).length).toBeGreaterThan(rounds / 4)
    expect(waits.filter((ms) => ms > 2500)).toEqual([])
    expect(peer!.stats().gaps).toBeGreaterThan(5)
    await Promise.all(buses.map((bus) => bus.close()))
  },
)
