import { createSessions, memoryStore } from '@sessions/core'
import type { SessionBus, SessionNotice } from '@sessions/core/store'
import { type FaultProxy, startFaultProxy, waitUntil } from '@sessions/testkit'
import { afterEach, describe, expect, test } from 'vitest'
import { postgresBus } from '../src/index.js'
import { useServer } from './databases.js'

const context = useServer()
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const notice: SessionNotice = { tenantId: 'acme', id: 's', kind: 'changed', incarnation: 'i', changes: 7 }
const topics = Array.from({ length: 64 }, (_, topic) => topic)

/** A process whose bus publishes by one way and listens by another. */
interface Teller {
  readonly bus: SessionBus
  readonly publishing: FaultProxy
  readonly listening: FaultProxy
}

async function open(url: string): Promise<Teller> {
  const [publishing, listening] = await Promise.all(
    [1, 2].map(() => startFaultProxy({ target: context.server })),
  )
  const pool = context.pools.open(publishing!.through(url), { max: 2 })
  const bus = postgresBus({ publish: pool, listen: listening!.through(url) })
  ends.push(
    () => Promise.all([publishing!.stop(), listening!.stop()]),
    () => bus.close(),
  )
  return { bus, publishing: publishing!, listening: listening! }
}

async function heard(bus: SessionBus) {
  const notices: SessionNotice[] = []
  let gaps = 0
  await bus.subscribe(topics, { notices: (more) => notices.push(...more), gap: () => gaps++ })
  return { notices, gaps: () => gaps }
}

/** Tells until somebody has heard it. */
async function tell(bus: SessionBus, notices: readonly SessionNotice[], changes: number): Promise<void> {
  await waitUntil(
    () => {
      bus.publish([{ ...notice, changes }])
      return notices.some((one) => one.changes === changes)
    },
    { what: 'a notice' },
  )
}

describe('postgresBus', () => {
  test('is down while nothing comes through, and goes on when it does', async () => {
    const url = await context.server.createDatabase()
    const [one, other] = [await open(url), await open(url)]
    const { notices, gaps } = await heard(other.bus)
    for (let times = 1; times <= 2; times++) {
      await tell(one.bus, notices, 10 * times)
      const before = gaps()
      other.listening.set({ kind: 'blackHole' })
      await waitUntil(() => !other.bus.isUp && gaps() > before, { what: 'the silence to be noticed' })
      other.listening.heal()
      await waitUntil(() => other.bus.isUp, { what: 'the bus to be up' })
      await tell(one.bus, notices, 10 * times + 1)
    }
  })

  test('makes a new connection where the old one stays silent', async () => {
    const url = await context.server.createDatabase()
    const [one, other] = [await open(url), await open(url)]
    const { notices } = await heard(other.bus)
    other.listening.set({ kind: 'halfOpen', times: 1 })
    await waitUntil(() => !other.bus.isUp, { what: 'the silence to be noticed' })
    await waitUntil(() => other.bus.isUp, { what: 'the bus to be up' })
    await tell(one.bus, notices, 8)
  })

  test('goes on telling where the connections of its pool stay silent', async () => {
    const url = await context.server.createDatabase()
    const [one, other] = [await open(url), await open(url)]
    const { notices } = await heard(other.bus)
    await tell(one.bus, notices, 8)
    one.publishing.set({ kind: 'halfOpen', times: one.publishing.connections })
    await tell(one.bus, notices, 9)
  })

  test('a watcher hears of changes while nothing comes through', async () => {
    const url = await context.server.createDatabase()
    const [one, other] = [await open(url), await open(url)]
    const store = memoryStore()
    const [writing, watching] = [one, other].map(({ bus }) => createSessions({ store, bus }))
    const alice = { tenantId: 'acme', userId: 'alice' }
    const session = await writing!.for(alice).create({ id: 's' })
    await heard(other.bus)
    const watch = (await watching!.for(alice).get('s')).watch()
    await watch.next()
    other.listening.set({ kind: 'blackHole' })
    for (let revision = 2; revision < 6; revision++) {
      const next = watch.next()
      await session.state.merge({ revision })
      expect((await next).value?.revision).toBe(revision)
    }
    await watch.return()
  })

  test.each(['blackHole', 'halfOpen'] as const)('closes although nothing comes through: %s', async (kind) => {
    const { bus, publishing, listening } = await open(await context.server.createDatabase())
    await heard(bus)
    publishing.set({ kind })
    listening.set({ kind })
    bus.publish([notice])
    await bus.close()
  })

  test('begins to listen where the server answers no more in the middle of it', async () => {
    const url = await context.server.createDatabase()
    const { bus, listening } = await open(url)
    listening.set({ kind: 'blackHole' })
    await expect(heard(bus)).rejects.toMatchObject({ code: 'unavailable' })
    listening.heal()
    await heard(bus)
    expect(bus.isUp).toBe(true)
  })
})
