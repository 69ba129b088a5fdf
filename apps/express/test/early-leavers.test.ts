import { memoryBus, memoryStore, type SessionStore } from '@sessions/core'
import { waitUntil } from '@sessions/testkit'
import { afterEach, expect, test } from 'vitest'
import { createShopSessions } from '../src/shop-sessions.js'
import { startServer, type TestServer } from './server.js'
import { slowAssistant } from './streaming.js'

let server: TestServer | undefined
afterEach(async () => server?.close())

/** A shop whose store answers a read when it is let, and that counts who listens for changes. */
async function startGated(options: Parameters<typeof startServer>[0] = {}) {
  const bus = memoryBus()
  const store = memoryStore()
  let gate = Promise.resolve()
  let listeners = 0
  let reads = 0
  const gated: SessionStore = {
    ...store,
    async read(...given) {
      reads++
      await gate
      return store.read(...given)
    },
  }
  const sessions = createShopSessions({
    store: gated,
    bus: {
      get isUp() {
        return bus.isUp
      },
      publish: (notices) => bus.publish(notices),
      close: () => bus.close(),
      async subscribe(...given) {
        const stop = await bus.subscribe(...given)
        listeners++
        return async () => {
          listeners--
          await stop()
        }
      },
    },
  })
  server = await startServer({ sessions, ...options })
  return {
    server,
    listeners: () => listeners,
    reads: () => reads,
    /** Lets no read end until what it returns is called. */
    hold() {
      let open = (): void => {}
      gate = new Promise((resolve) => (open = resolve))
      return () => open()
    },
  }
}

test('the cart of a reader who has left before the session was found is watched by nobody', async () => {
  const shop = await startGated()
  const client = shop.server.client()
  const path = await client.start()
  const open = shop.hold()
  const before = shop.reads()
  const leaving = new AbortController()
  const asked = client.fetch('GET', `${path}/cart/events`, { signal: leaving.signal })
  await waitUntil(() => shop.reads() > before, { what: 'a read' })
  leaving.abort()
  await expect(asked).rejects.toThrow()
  await waitUntil(() => shop.server.answering() === 0, { what: 'the end of the connection' })
  open()
  // Another one comes after it, is told of the cart, and leaves.
  const later = new AbortController()
  const response = await client.fetch('GET', `${path}/cart/events`, { signal: later.signal })
  await response.body!.getReader().read()
  await waitUntil(() => shop.listeners() === 1, { what: 'a listener' })
  later.abort()
  await waitUntil(() => shop.listeners() === 0, { what: 'nobody to listen', timeoutMs: 8000 })
})

test('a reply whose reader has left before it began is stopped, where leaving stops replies', async () => {
  const { assistant, go, runs } = slowAssistant()
  const shop = await startGated({ assistant, onDisconnect: 'abort' })
  const client = shop.server.client()
  await client.start()
  const open = shop.hold()
  const before = shop.reads()
  const leaving = new AbortController()
  const asked = client.fetch('POST', '/query/stream', {
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ q: 'hello' }),
    signal: leaving.signal,
  })
  await waitUntil(() => shop.reads() > before, { what: 'a read' })
  leaving.abort()
  await expect(asked).rejects.toThrow()
  await waitUntil(() => shop.server.answering() === 0, { what: 'the end of the connection' })
  open()
  go()
  // Questions of a session are answered one after the other.
  await client.ask('Is anybody here?')
  expect(runs()).toBe(1)
})
