import { afterEach, expect, it, vi } from 'vitest'
import { createSessions, type LiveUpdate, memoryBus, memoryStore, type Session } from '../../src/index.js'
import { justRead, liveSessionOf } from '../../src/session/live-of.js'
import { whileOpen } from '../../src/session/still-open.js'
import { alice } from '../service.js'

let over = new AbortController()
afterEach(() => {
  vi.useRealTimers()
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
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const mine = createSessions({ store: memoryStore() }).for(alice)
  const session = await mine.create({ title: 'First' })
  const late = await mine.get(session.id)
  const next = updatesOf(session, usualMs)
  await next()
  await session.edit({ title: 'Second' })
  const second = next()
  await vi.advanceTimersByTimeAsync(usualMs)
  expect(await second).toMatchObject({ type: 'changed', parts: ['title'] })
  const third = next()
  // When what the first watcher has seen counts for others no more, and just before it looks again.
  await vi.advanceTimersByTimeAsync(usualMs * 0.95)
  await streamOf(late)()
  await session.append({ role: 'user', content: 'Hi' })
  await vi.advanceTimersByTimeAsync(usualMs * 0.05)
  expect(await third).toMatchObject({ type: 'message' })
})

it('who goes on from a place is not told what another reader saw before it', async () => {
  const mine = createSessions({ store: memoryStore() }).for(alice)
  const session = await mine.create({ title: 'First' })
  const late = justRead(await mine.get(session.id))
  await session.edit({ title: 'Second' })
  const { id } = await updatesOf(session, 50_000)()
  await session.edit({ title: 'Third' })
  await updatesOf(late, 60_000)()
  expect(await updatesOf(session, 60_000, id)()).toMatchObject({
    type: 'changed',
    contents: { record: { title: 'Third' } },
  })
})

it('who watches hears of a change between the read of their handle and the watch', async () => {
  const mine = createSessions({ store: memoryStore(), bus: memoryBus() }).for(alice)
  const session = await mine.create({ title: 'First' })
  const others = updatesOf(session, usualMs)
  await others()
  const late = await mine.get(session.id)
  await session.edit({ title: 'Second' })
  await others()
  const next = streamOf(late)
  await vi.waitUntil(async () => {
    const update = await next()
    return update.type === 'changed' && update.contents.record.title === 'Second'
  })
})
