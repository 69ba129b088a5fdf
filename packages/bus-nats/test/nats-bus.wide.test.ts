import { connect, type NatsConnection } from '@nats-io/transport-node'
import { createSessions, memoryStore } from '@sessions/core'
import type { SessionBus, SessionNotice } from '@sessions/core/store'
import { type FaultProxy, type NatsServer, startFaultProxy, startNats, waitUntil } from '@sessions/testkit'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { natsBus } from '../src/index.js'

const ends: (() => unknown)[] = []
let server: NatsServer
beforeAll(async () => {
  server = await startNats()
})
afterAll(() => server.stop())
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const notice: SessionNotice = { tenantId: 'acme', id: 's', kind: 'changed', incarnation: 'i', changes: 7 }
const topics = Array.from({ length: 64 }, (_, topic) => topic)

async function connected(servers: string): Promise<NatsConnection> {
  const connection = await connect({
    servers,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    reconnectJitter: 0,
  })
  ends.push(() => connection.close())
  return connection
}

async function open(servers = server.url, prefix = 'sessions'): Promise<SessionBus> {
  const bus = natsBus(await connected(servers), { prefix })
  ends.push(() => bus.close())
  return bus
}

async function proxied(): Promise<readonly [FaultProxy, string]> {
  const proxy = await startFaultProxy({ target: server })
  ends.push(() => proxy.stop())
  return [proxy, proxy.through(server.url)]
}

async function heard(bus: SessionBus) {
  const notices: SessionNotice[] = []
  let gaps = 0
  const stop = await bus.subscribe(topics, { notices: (more) => notices.push(...more), gap: () => gaps++ })
  return { notices, gaps: () => gaps, stop }
}

test('tells other processes, and its own, once', async () => {
  const [one, other, elsewhere] = [await open(), await open(), await open(server.url, 'staging.sessions')]
  const [here, there, far] = [await heard(one), await heard(other), await heard(elsewhere)]
  expect([one.isUp, other.isUp]).toEqual([true, true])
  one.publish([notice])
  await waitUntil(() => there.notices.length > 0, { what: 'the notice' })
  expect([here.notices, there.notices, far.notices]).toEqual([[notice], [notice], []])
  await there.stop()
  one.publish([notice])
  await waitUntil(() => here.notices.length === 2, { what: 'the own notice' })
  const again = await heard(other)
  one.publish([{ ...notice, changes: 8 }])
  await waitUntil(() => again.notices.length > 0, { what: 'the notice after' })
  expect(there.notices).toHaveLength(1)
})

test('tells many changes at once, whatever a message may take', async () => {
  const [one, other] = [await open(), await open()]
  const { notices } = await heard(other)
  const many = Array.from({ length: 5000 }, (_, n) => ({ ...notice, id: `${n}${'x'.repeat(150)}` }))
  one.publish(many)
  await waitUntil(() => notices.length === many.length, { what: 'all notices' })
  expect(new Set(notices.map(({ id }) => id)).size).toBe(many.length)
})

test('says that it missed something when the server was gone, and goes on when it is back', async () => {
  const [one, other] = [await open(), await open()]
  const { notices, gaps } = await heard(other)
  one.publish([notice])
  await waitUntil(() => notices.length === 1, { what: 'the notice' })
  const before = gaps()
  await server.kill()
  await waitUntil(() => gaps() > before && !other.isUp && !one.isUp, { what: 'the gap' })
  one.publish([{ ...notice, changes: 8 }])
  const missed = gaps()
  await server.restart()
  await waitUntil(() => one.isUp && other.isUp && gaps() > missed, { what: 'both to be back' })
  await waitUntil(
    () => {
      one.publish([{ ...notice, changes: 9 }])
      return notices.some(({ changes }) => changes === 9)
    },
    { what: 'a notice after the restart' },
  )
})

test('is down while nothing comes through, and goes on when it does', async () => {
  const [proxy, url] = await proxied()
  const [one, other] = [await open(), await open(url)]
  const { notices, gaps } = await heard(other)
  for (let times = 1; times <= 2; times++) {
    const before = gaps()
    proxy.set({ kind: 'blackHole' })
    await waitUntil(() => !other.isUp && gaps() > before, { what: 'the silence to be noticed' })
    const missed = gaps()
    proxy.heal()
    await waitUntil(() => other.isUp && gaps() > missed, { what: 'the bus to be up' })
    await waitUntil(
      () => {
        one.publish([{ ...notice, changes: 10 * times }])
        return notices.some(({ changes }) => changes === 10 * times)
      },
      { what: 'a notice after it' },
    )
  }
})

test('a watcher is woken by a commit of another process', async () => {
  const store = memoryStore()
  // Without the bus it would look after a minute.
  const [one, other] = [
    createSessions({ store, bus: await open() }),
    createSessions({ store, bus: await open() }),
  ]
  const alice = { tenantId: 'acme', userId: 'alice' }
  const session = await one.for(alice).create({ id: 's' })
  const watch = (await other.for(alice).get('s')).watch({ pollMs: 60_000 })
  await watch.next()
  const next = watch.next()
  await session.state.merge({ told: true })
  expect((await next).value?.revision).toBe(2)
  await watch.return()
})

test('closes although nothing comes through', async () => {
  const [proxy, url] = await proxied()
  const bus = await open(url)
  await heard(bus)
  proxy.set({ kind: 'blackHole' })
  bus.publish([notice])
  await bus.close()
  expect(bus.isUp).toBe(false)
})
