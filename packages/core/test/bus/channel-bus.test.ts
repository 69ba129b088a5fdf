import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { memoryBus } from '../../src/index.js'
import { channelBus, type SessionBus, type SessionNotice, topicCount, topicOf } from '../../src/store.js'
import { intervalsOf } from '../intervals-of.js'
import { LossyChannels } from './lossy-channels.js'

const changed = (id: string, changes = 1): SessionNotice => ({
  tenantId: 'acme',
  id,
  kind: 'changed',
  incarnation: 'i',
  changes,
})

let channels: LossyChannels
let buses: SessionBus[]
beforeEach(() => {
  vi.useFakeTimers()
  channels = new LossyChannels()
  buses = []
})
afterEach(async () => {
  await Promise.all(buses.map((bus) => bus.close()))
  vi.restoreAllMocks()
  vi.useRealTimers()
})

function bus(): SessionBus {
  const made = channelBus(channels.open())
  buses.push(made)
  return made
}

/** All that a listener is told, in its order. */
async function heard(on: SessionBus, topics = Array.from({ length: topicCount }, (_, topic) => topic)) {
  const told: (SessionNotice | { gap: number })[] = []
  const stop = await on.subscribe(topics, {
    notices: (notices) => told.push(...notices),
    gap: (missed) => told.push({ gap: missed.length }),
  })
  return { told, stop }
}

describe('channelBus', () => {
  it('tells at once after a silence, and sets no timer to less than nothing', async () => {
    const one = bus()
    one.publish([changed('a')])
    await vi.advanceTimersByTimeAsync(60_000)
    const set = vi.spyOn(globalThis, 'setTimeout')
    one.publish([changed('a', 2)])
    expect(set.mock.calls.map(([, ms]) => ms)).toEqual([0])
  })

  it('tells other processes within some milliseconds, and its own at once', async () => {
    const [one, other] = [bus(), bus()]
    const [here, there] = [await heard(one), await heard(other)]
    one.publish([changed('a')])
    expect(here.told).toEqual([changed('a')])
    await vi.advanceTimersByTimeAsync(25)
    expect(there.told).toEqual([changed('a')])
    expect(here.told).toHaveLength(1)
  })

  it('sends at once what comes after a quiet time, and together what comes within 25 ms behind it', async () => {
    const [one, other] = [bus(), bus()]
    const { told } = await heard(other)
    one.publish([changed('a', 1)])
    await vi.advanceTimersByTimeAsync(1)
    expect(told).toEqual([changed('a', 1)])
    one.publish([changed('a', 2)])
    await vi.advanceTimersByTimeAsync(20)
    one.publish([changed('a', 3)])
    expect(told).toEqual([changed('a', 1)])
    await vi.advanceTimersByTimeAsync(4)
    expect(told).toEqual([changed('a', 1), changed('a', 3)])
    await vi.advanceTimersByTimeAsync(25)
    one.publish([changed('a', 4)])
    await vi.advanceTimersByTimeAsync(1)
    expect(told).toEqual([changed('a', 1), changed('a', 3), changed('a', 4)])
  })

  it('sends what comes within 45 ms together once there is a lot, so that it costs less', async () => {
    const [one, other] = [bus(), bus()]
    const { told } = await heard(other)
    const busy = Array.from({ length: 16 }, (_, n) => changed(`s${n}`))
    one.publish(busy)
    await vi.advanceTimersByTimeAsync(1)
    expect(told).toHaveLength(16)
    one.publish([changed('a', 1)])
    await vi.advanceTimersByTimeAsync(43)
    expect(told).toHaveLength(16)
    await vi.advanceTimersByTimeAsync(1)
    expect(told).toHaveLength(17)
    // One has come since: it is no longer busy.
    one.publish([changed('a', 2)])
    await vi.advanceTimersByTimeAsync(24)
    expect(told).toHaveLength(17)
    await vi.advanceTimersByTimeAsync(1)
    expect(told).toHaveLength(18)
  })

  it('sends what is of many topics in one text, and tells each listener of its own', async () => {
    const [one, other, few] = [bus(), bus(), bus()]
    const { told } = await heard(other)
    const only = await heard(few, [topicOf(changed('s3'))])
    for (let changes = 1; changes <= 3; changes++) {
      const { sent } = channels
      const notices = Array.from({ length: 200 }, (_, n) => changed(`s${n}`, changes))
      one.publish(notices)
      await vi.advanceTimersByTimeAsync(45)
      expect(channels.sent - sent).toBe(1)
      expect(told).toHaveLength(200)
      expect(told).toEqual(expect.arrayContaining(notices))
      expect(only.told).toEqual(notices.filter((notice) => topicOf(notice) === topicOf(changed('s3'))))
      told.length = only.told.length = 0
    }
  })

  it('notices a text of many topics that got lost by the next one of any', async () => {
    const [one, other] = [bus(), bus()]
    const notices = Array.from({ length: 200 }, (_, n) => changed(`s${n}`))
    const { told } = await heard(other, [topicOf(notices[0]!)])
    one.publish(notices)
    await vi.advanceTimersByTimeAsync(45)
    channels.loses = (channel) => channel === 'many'
    one.publish(notices)
    await vi.advanceTimersByTimeAsync(45)
    channels.loses = () => false
    told.length = 0
    one.publish([notices[0]!])
    await vi.advanceTimersByTimeAsync(45)
    expect(told).toEqual([{ gap: 1 }, notices[0]])
  })

  it('spares those who listen to few topics what is long', async () => {
    const [one, few] = [bus(), bus()]
    const notices = Array.from({ length: 1000 }, (_, n) => changed(`s${n}${'x'.repeat(100)}`))
    const own = topicOf(notices[0]!)
    const { told } = await heard(few, [own])
    const texts: string[] = []
    channels.loses = (channel) => texts.push(channel) === 0
    one.publish(notices)
    await vi.advanceTimersByTimeAsync(25)
    expect(texts).not.toContain('many')
    expect(told).toEqual(notices.filter((notice) => topicOf(notice) === own))
  })

  it('sends the newest notice of each session together, and a removal above all', async () => {
    const [one, other] = [bus(), bus()]
    const { told } = await heard(other)
    const removed = { tenantId: 'acme', id: 'b', kind: 'removed' } as const
    for (let changes = 1; changes <= 100; changes++) one.publish([changed('a', changes)])
    one.publish([removed, changed('b')])
    await vi.advanceTimersByTimeAsync(25)
    expect(told).toHaveLength(2)
    expect(told).toEqual(expect.arrayContaining([changed('a', 100), removed]))
  })

  it('names no session when there are too many, and says that something was missed', async () => {
    const [one, other] = [bus(), bus()]
    const { told } = await heard(other)
    one.publish(Array.from({ length: 11_000 }, (_, index) => changed(`s${index}`)))
    await vi.advanceTimersByTimeAsync(25)
    expect(told.filter((one) => 'gap' in one).length).toBeGreaterThan(0)
    expect(told.length).toBeLessThan(10_100)
  })

  it('notices a text that got lost by the next one of its topic', async () => {
    const [one, other] = [bus(), bus()]
    const { told } = await heard(other)
    one.publish([changed('a', 1)])
    await vi.advanceTimersByTimeAsync(25)
    channels.loses = (channel) => channel.startsWith('t')
    one.publish([changed('a', 2)])
    await vi.advanceTimersByTimeAsync(25)
    channels.loses = () => false
    one.publish([changed('a', 3)])
    await vi.advanceTimersByTimeAsync(25)
    expect(told).toEqual([changed('a', 1), { gap: 1 }, changed('a', 3)])
  })

  it('notices the last text that got lost by what the sender says each second', async () => {
    const [one, other] = [bus(), bus()]
    const { told } = await heard(other)
    channels.loses = (channel) => channel.startsWith('t')
    one.publish([changed('a')])
    await vi.advanceTimersByTimeAsync(1100)
    expect(told).toEqual([{ gap: 1 }])
  })

  it.each([0, 1, 2, 3])(
    'tells or says that it missed something within 2.5 s, half of all lost: %i',
    async (seed) => {
      const [one, other] = [bus(), bus()]
      const { told } = await heard(other)
      one.publish([changed('a')])
      await vi.advanceTimersByTimeAsync(25)
      told.length = 0
      let count = seed
      channels.loses = () => count++ % 2 === 0
      one.publish([changed('a', 2)])
      await vi.advanceTimersByTimeAsync(2500)
      expect(told.length).toBeGreaterThan(0)
    },
  )

  it('says that it missed something when a sender falls silent, until it must have ended', async () => {
    const [one, other] = [bus(), bus()]
    const { told } = await heard(other, [topicOf(changed('a'))])
    let first = ''
    channels.loses = (_, text) => {
      first ||= (JSON.parse(text) as [string])[0]
      return false
    }
    one.publish([changed('a')])
    await vi.advanceTimersByTimeAsync(25)
    channels.loses = (_, text) => text.includes(first)
    await vi.advanceTimersByTimeAsync(3600)
    expect(told).toEqual([changed('a'), { gap: 1 }])
    await vi.advanceTimersByTimeAsync(6900)
    expect(told.slice(1)).toEqual(Array.from({ length: 4 }, () => ({ gap: 1 })))
    // Its way to send may be away, and it may store all the same.
    for (let before = told.length, nine = 0; nine < 33; nine++, before++) {
      await vi.advanceTimersByTimeAsync(9000)
      expect(told.length).toBe(before + 1)
    }
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(told.slice(1)).toEqual(Array.from({ length: 38 }, () => ({ gap: 1 })))
  })

  it('says so when the connection breaks, and when it is back', async () => {
    const one = bus()
    const { told } = await heard(one)
    channels.break()
    expect(one.isUp).toBe(false)
    one.publish([changed('a')])
    await vi.advanceTimersByTimeAsync(5000)
    channels.mend()
    expect(one.isUp).toBe(true)
    expect(told).toEqual([{ gap: topicCount }, changed('a'), { gap: topicCount }])
  })

  it.each([
    '',
    '{}',
    '[]',
    '["x",1]',
    '["x","1",[]]',
    '["x",1,[["acme","a"]]]',
    '["x",1,[[1,2,3,4,5]]]',
    'null',
    '["x",[[1,2]]]',
    '["x",[1]]',
  ])('takes what no bus has sent for a hole: %s', async (text) => {
    const { told } = await heard(bus(), [7])
    channels.say('t07', text)
    channels.say('beat', text)
    expect(told).toEqual([{ gap: 1 }])
    channels.say('many', text)
    expect(told).toEqual([{ gap: 1 }, { gap: 1 }])
  })

  it('sends nothing, and hears nothing, once nobody listens and once it is closed', async () => {
    const [one, other] = [bus(), bus()]
    const { told, stop } = await heard(other)
    await stop()
    one.publish([changed('a')])
    await vi.advanceTimersByTimeAsync(25)
    expect(told).toEqual([])
    await Promise.all([one.close(), other.close()])
    const { sent } = channels
    one.publish([changed('b')])
    await vi.advanceTimersByTimeAsync(5000)
    expect(channels.sent).toBe(sent)
  })

  it.each<[string, () => SessionBus]>([
    ['over channels', () => bus()],
    ['in memory', () => memoryBus()],
  ])('refuses who would listen when it is closed, or is being closed: %s', async (_, make) => {
    const intervals = intervalsOf('src/bus/channel-bus.ts')
    const made = make()
    const listening = heard(made).then(
      () => 'listens',
      () => 'refused',
    )
    await made.close()
    expect(made.isUp).toBe(false)
    await listening
    await expect(heard(made)).rejects.toMatchObject({ code: 'unavailable', message: 'the bus is closed' })
    await made.close()
    expect(intervals()).toBe(0)
  })

  it.each<[string, () => SessionBus]>([
    ['over channels', () => bus()],
    ['in memory', () => memoryBus()],
  ])('tells who listens once that it is closed: %s', async (_, make) => {
    const made = make()
    const wasUp: boolean[] = []
    await made.subscribe([7, 8], { notices: () => {}, gap: () => void wasUp.push(made.isUp) })
    await Promise.all([made.close(), made.close()])
    await made.close()
    expect(wasUp).toEqual([false])
  })

  it('refuses who would listen while it cannot, and lets them in later', async () => {
    const one = bus()
    channels.break()
    await expect(heard(one)).rejects.toThrow('the connection is broken')
    channels.mend()
    const { told } = await heard(one)
    one.publish([changed('a')])
    expect(told).toEqual([changed('a')])
  })
})

describe('topicOf', () => {
  it('spreads sessions over all topics, always the same way', () => {
    const counts = Array.from({ length: topicCount }, () => 0)
    for (let index = 0; index < 64_000; index++) counts[topicOf({ tenantId: 'acme', id: `s${index}` })]!++
    expect(Math.min(...counts)).toBeGreaterThan(700)
    expect(Math.max(...counts)).toBeLessThan(1300)
    expect(topicOf({ tenantId: 'acme', id: 'session' })).toBe(topicOf({ tenantId: 'acme', id: 'session' }))
  })
})
