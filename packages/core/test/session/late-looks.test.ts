import { afterEach, expect, it, vi } from 'vitest'
import { createSessions, type LiveUpdate, memoryBus, memoryStore, type Session } from '../../src/index.js'
import { topicOf } from '../../src/bus/session-bus.js'
import { justRead, liveSessionOf } from '../../src/session/live-of.js'
import { whileOpen } from '../../src/session/still-open.js'
import { alice } from '../service.js'

let over = new AbortController()
afterEach(() => {
  over.abort()
  over = new AbortController()
})

const updatesOf = (session: Session, pollMs: number, after?: string) => {
  const updates = session.subscribe({
    pollMs,
    signal: over.signal,
    ...(after === undefined ? {} : { after }),
  })
  return async () => (await updates.next()).value as LiveUpdate
}

// The interval of those who name none.
const usualMs = 500

/** As a stream over HTTP: its handle was read before. */
const streamOf = (session: Session) => {
  const updates = session.subscribe({ pollMs: usualMs, signal: over.signal })
  const stream = whileOpen(liveSessionOf(justRead(session), 'session'), updates)
  return async () => (await stream.next()).value as LiveUpdate
}

it('who watches is not told what another reader saw before, and came late with', async () => {
  const mine = createSessions({ store: memoryStore() }).for(alice)
  const session = await mine.create({ title: 'First' })
  const late = justRead(await mine.get(session.id))
  await session.edit({ title: 'Second' })
  expect(await updatesOf(late, 60_000)()).toMatchObject({ contents: { record: { title: 'First' } } })
  expect(await updatesOf(session, 60_000)()).toMatchObject({ contents: { record: { title: 'Second' } } })
})

it('who goes on from a place is not told what another reader saw before it', async () => {
  const mine = createSessions({ store: memoryStore() }).for(alice)
  const session = await mine.create({ title: 'First' })
  const late = justRead(await mine.get(session.id))
  const back = await mine.get(session.id)
  await session.edit({ title: 'Second' })
  const earlier = session.subscribe({ pollMs: 50_000 })
  const { id } = (await earlier.next()).value as LiveUpdate
  await earlier.return()
  await session.edit({ title: 'Third' })
  await updatesOf(late, 60_000)()
  expect(await updatesOf(back, 60_000, id)()).toMatchObject({
    type: 'changed',
    contents: { record: { title: 'Third' } },
  })
})

it.each([['itself'], ['another of its topic']])(
  'who watches a session hears of a change between the read of their handle and the watch, where others watch %s',
  async (watched) => {
    const mine = createSessions({ store: memoryStore(), bus: memoryBus() }).for(alice)
    const session = await mine.create({ title: 'First' })
    const ids = Array.from({ length: 10_000 }, (_, n) => `other-${n}`)
    const id = ids.find(
      (other) =>
        topicOf({ tenantId: alice.tenantId, id: other }) ===
        topicOf({ tenantId: alice.tenantId, id: session.id }),
    )!
    const others = updatesOf(watched === 'itself' ? session : await mine.create({ id }), usualMs)
    await others()
    const late = await mine.get(session.id)
    await session.edit({ title: 'Second' })
    if (watched === 'itself') await others()
    const next = streamOf(late)
    await vi.waitUntil(async () => {
      const update = await next()
      return update.type === 'changed' && update.contents.record.title === 'Second'
    })
  },
)
