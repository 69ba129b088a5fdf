import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { channelBus, type SessionBus, type SessionNotice, topicOf } from '../../src/store.js'
import { LossyChannels } from './lossy-channels.js'

const notice: SessionNotice = { tenantId: 'acme', id: 'a', kind: 'changed', incarnation: 'i', changes: 1 }
const topics = [topicOf(notice)]

let channels: LossyChannels
let buses: SessionBus[]
beforeEach(() => {
  vi.useFakeTimers()
  channels = new LossyChannels()
  buses = []
})
afterEach(async () => {
  channels.fail()
  await Promise.all(buses.map((bus) => bus.close()))
  vi.useRealTimers()
})

function bus(): SessionBus {
  const made = channelBus(channels.open())
  buses.push(made)
  return made
}

async function heard(on: SessionBus) {
  const told: (SessionNotice | 'gap')[] = []
  await on.subscribe(topics, { notices: (notices) => told.push(...notices), gap: () => told.push('gap') })
  return told
}

it('is up while it hears itself alone', async () => {
  const one = bus()
  const told = await heard(one)
  for (let second = 0; second < 60; second++) {
    await vi.advanceTimersByTimeAsync(1000)
    expect(one.isUp).toBe(true)
  }
  expect([told, channels.restarts]).toEqual([[], 0])
})

it('is down within 2.5 s when nothing comes any more, and up with the first text that does', async () => {
  const one = bus()
  const told = await heard(one)
  await vi.advanceTimersByTimeAsync(5000)
  channels.loses = () => true
  await vi.advanceTimersByTimeAsync(2000)
  expect([one.isUp, told]).toEqual([true, []])
  await vi.advanceTimersByTimeAsync(1500)
  expect([one.isUp, told]).toEqual([false, ['gap']])
  // Another one has changed something meanwhile.
  await vi.advanceTimersByTimeAsync(60_000)
  expect([one.isUp, told]).toEqual([false, ['gap']])
  channels.loses = () => false
  await vi.advanceTimersByTimeAsync(1000)
  expect([one.isUp, told]).toEqual([true, ['gap', 'gap']])
})

it('says so where the carrier is away and tells nobody, and when it is back', async () => {
  const one = bus()
  const told = await heard(one)
  channels.isUp = false
  await vi.advanceTimersByTimeAsync(250)
  expect([one.isUp, told]).toEqual([false, ['gap']])
  await vi.advanceTimersByTimeAsync(10_000)
  expect(told).toEqual(['gap'])
  channels.isUp = true
  await vi.advanceTimersByTimeAsync(250)
  expect([one.isUp, told[1]]).toEqual([true, 'gap'])
})

it('is up while others are heard, although nobody takes what it sends', async () => {
  const [one, other] = [bus(), bus()]
  const told = await heard(one)
  await heard(other)
  let isOwn = true
  // It sends first.
  channels.loses = () => (isOwn = !isOwn)
  await vi.advanceTimersByTimeAsync(30_000)
  expect([one.isUp, other.isUp, told]).toEqual([true, true, []])
})

it('wants a new connection when nothing comes for longer, again and again', async () => {
  await heard(bus())
  await vi.advanceTimersByTimeAsync(5000)
  channels.loses = () => true
  await vi.advanceTimersByTimeAsync(2500)
  expect(channels.restarts).toBe(0)
  await vi.advanceTimersByTimeAsync(2500)
  expect(channels.restarts).toBe(1)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(channels.restarts).toBeGreaterThan(5)
  expect(channels.restarts).toBeLessThan(30)
})

it('says nothing of those who have ended without having sent anything', async () => {
  const [one, other] = [bus(), bus()]
  const told = await heard(one)
  await heard(other)
  await vi.advanceTimersByTimeAsync(5000)
  await other.close()
  await vi.advanceTimersByTimeAsync(30_000)
  expect(told).toEqual([])
})

it('keeps a bounded number of texts that nobody takes, and says afterwards that some are missing', async () => {
  const [one, other] = [bus(), bus()]
  const told = await heard(other)
  one.publish([notice])
  await vi.advanceTimersByTimeAsync(25)
  channels.hangs = (what) => what === 'send'
  const before = channels.sent
  for (let changes = 2; changes < 400; changes++) {
    one.publish([{ ...notice, id: `${changes}.${'x'.repeat(64 * 1024)}` }])
    one.publish([{ ...notice, changes }])
    await vi.advanceTimersByTimeAsync(25)
  }
  expect(channels.sent - before).toBeLessThanOrEqual(130)
  channels.fail()
  await vi.advanceTimersByTimeAsync(2000)
  told.length = 0
  one.publish([{ ...notice, changes: 5000 }])
  await vi.advanceTimersByTimeAsync(25)
  expect(told).toEqual([{ ...notice, changes: 5000 }])
})

it('refuses who would listen where nobody answers, and closes although nobody answers', async () => {
  const one = bus()
  channels.hangs = (what) => what === 'listen'
  const refused = expect(heard(one)).rejects.toMatchObject({ code: 'unavailable' })
  await vi.advanceTimersByTimeAsync(6000)
  await refused
  channels.fail()
  await heard(one)
  channels.hangs = () => true
  const closed = one.close()
  await vi.advanceTimersByTimeAsync(6000)
  await closed
})
