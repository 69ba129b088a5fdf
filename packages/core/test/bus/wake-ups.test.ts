import { afterEach, describe, it, vi } from 'vitest'
import { memoryBus } from '../../src/index.js'
import { WakeUps } from '../../src/service/wake-ups.js'
import { channelBus, type SessionBus } from '../../src/store.js'
import { LossyChannels } from './lossy-channels.js'

const ref = { tenantId: 'acme', id: 's' }
const notice = { ...ref, kind: 'changed' } as const
const made: SessionBus[] = []
afterEach(async () => {
  await Promise.all(made.splice(0).map((bus) => bus.close()))
})

/** A bus to listen to, and one to tell by. */
const pairs: readonly (readonly [name: string, open: () => readonly [SessionBus, SessionBus]])[] = [
  [
    'memoryBus',
    () => {
      const bus = memoryBus()
      return [bus, bus]
    },
  ],
  [
    'channelBus',
    () => {
      const channels = new LossyChannels()
      return [channelBus(channels.open()), channelBus(channels.open())]
    },
  ],
]

describe.each(pairs)('who watches by %s', (_, open) => {
  it.each([0, 1, 2, 3, 4, 5, 8, 12])(
    'hears of changes when another one ends at the moment in which they begin: %i',
    async (ticks) => {
      const [bus, teller] = open()
      made.push(bus, teller)
      const wakeUps = new WakeUps(bus)
      const before = wakeUps.watch(ref)
      await vi.waitUntil(() => before.isTold)
      before.stop()
      for (let tick = 0; tick < ticks; tick++) await Promise.resolve()
      const watch = wakeUps.watch(ref)
      await vi.waitUntil(() => watch.isTold)
      const { version } = watch
      teller.publish([notice])
      await vi.waitUntil(() => watch.version > version)
      watch.stop()
    },
  )
})
