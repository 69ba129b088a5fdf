import { expect, it } from 'vitest'
import { Senders } from '../../src/bus/senders.js'
import { memoryBus } from '../../src/bus/memory-bus.js'
import { type SessionBus, type SessionNotice, topicOf } from '../../src/store.js'

const changed = (id: string): SessionNotice => ({ tenantId: 'acme', id, kind: 'changed' })

async function listening(bus: SessionBus, topics: readonly number[]) {
  const told: string[] = []
  const stop = await bus.subscribe(topics, {
    notices: (notices) => told.push(...notices.map(({ id }) => id)),
    gap: () => told.push('a gap'),
  })
  return { told, stop }
}

it('a bus within a process tells all who listen to a topic, until they stop, or it is closed', async () => {
  const bus = memoryBus()
  expect(bus.isUp).toBe(true)
  const topic = topicOf(changed('a'))
  const elsewhere = Array.from({ length: 64 }, (_, index) => `s${index}`).find(
    (id) => topicOf(changed(id)) !== topic,
  )!
  const [one, other] = [await listening(bus, [topic]), await listening(bus, [topic])]
  bus.publish([changed('a'), changed(elsewhere)])
  expect([one.told, other.told]).toEqual([['a'], ['a']])
  await one.stop()
  await one.stop()
  bus.publish([changed('a')])
  expect([one.told, other.told]).toEqual([['a'], ['a', 'a']])
  await other.stop()
  bus.publish([changed('a')])
  const last = await listening(bus, [topic])
  await bus.close()
  bus.publish([changed('a')])
  expect([one.told, other.told, last.told]).toEqual([['a'], ['a', 'a'], ['a gap']])
})

it('what has come from other processes shows what is missing', () => {
  const senders = new Senders(1000)
  expect([senders.next('x', 1, 1), senders.next('x', 1, 2), senders.next('x', 1, 4)]).toEqual([
    true,
    true,
    false,
  ])
  // What comes late is behind what has come: nothing is missing after the next one.
  expect([senders.next('x', 1, 3), senders.next('x', 1, 5)]).toEqual([false, true])
  expect([senders.has('x', 1, 4), senders.has('x', 1, 5), senders.has('x', 1, 6)]).toEqual([
    true,
    true,
    false,
  ])
  expect([senders.has('x', 1, 6), senders.has('x', 1, 2), senders.next('x', 1, 7)]).toEqual([
    true,
    true,
    true,
  ])
  expect([senders.has('y', 1, 0), senders.next('x', 2, 1), senders.has('x', 3, 1)]).toEqual([
    true,
    true,
    false,
  ])
  senders.forget(1)
  expect([senders.next('x', 1, 1), senders.next('x', 2, 2)]).toEqual([true, true])
  senders.clear()
  expect(senders.next('x', 2, 1)).toBe(true)
})
