import { setImmediate } from 'node:timers/promises'
import { isSessionError, type SessionStore, type StoredMessage } from '@sessions/core/store'
import { startRedisSentinel, waitUntil, type RedisSentinel } from '@sessions/testkit'
import type { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { createRedisClient } from '../src/client.js'
import { redisStore } from '../src/index.js'
import { behind, ioredis } from './clients.js'

const ref = { tenantId: 'acme', id: 'failover' }
const timeouts = { readTimeoutMs: 1000, writeTimeoutMs: 2000 }
// Far from for ever, and more than a timer of a busy process comes late.
const slackMs = 10_000

async function startGroup(): Promise<RedisSentinel> {
  const group = await startRedisSentinel()
  onTestFinished(() => group.stop())
  return group
}

function closing(client: Redis): Redis {
  onTestFinished(() => client.disconnect())
  return client
}

const storeOn = (client: Redis) => redisStore(client, { ...timeouts, onWarning: () => {} })

/** Calls that are all to settle in time, with nothing worse than an outage. */
class Calls {
  slowestMs = 0
  readonly codes = new Set<string>()

  async settle<T>(work: Promise<T>): Promise<T | undefined> {
    const began = performance.now()
    try {
      return await work
    } catch (error) {
      if (!isSessionError(error, 'unknown_outcome') && !isSessionError(error, 'unavailable')) throw error
      this.codes.add(error.code)
      // A client without a connection refuses at once: it gets a turn to find one.
      await setImmediate()
      return undefined
    } finally {
      this.slowestMs = Math.max(this.slowestMs, performance.now() - began)
    }
  }
}

/** Appends to a session, and knows which of it the replica has. */
class Writer {
  readonly store: SessionStore
  readonly #client: Redis
  readonly #calls: Calls
  #connection = 0

  constructor(client: Redis, calls: Calls) {
    this.store = storeOn(client)
    this.#client = client
    this.#calls = calls
    client.on('close', () => this.#connection++)
  }

  /**
   * Appends until the replica has it, the same again each time: acknowledged by the primary alone is not enough to
   * outlive it. WAIT is about what its own connection wrote, so it says nothing once that is another one.
   */
  async appendForGood(id: string): Promise<void> {
    for (;;) {
      const connection = this.#connection
      const done = await this.#calls.settle(this.store.commit(ref, { messages: [{ id, payload: id }] }))
      if (done === undefined) continue
      const copies = await this.#client.wait(1, 200).catch(() => 0)
      if (copies >= 1 && connection === this.#connection) return
    }
  }
}

async function expectExactly(store: SessionStore, ids: readonly string[]): Promise<void> {
  const messages: StoredMessage[] = []
  for (let more = true; more;) {
    const page = await store.messages(ref, { after: messages.length, limit: 1000 })
    messages.push(...page.messages)
    more = page.more
  }
  expect(messages.map(({ seq }) => seq)).toEqual(ids.map((_, index) => index + 1))
  expect(new Set(messages.map(({ id }) => id))).toEqual(new Set(ids))
}

test('a primary killed under load, and a failover on demand: what the replica had is there, once', async () => {
  const group = await startGroup()
  const [first, second] = group.servers
  const calls = new Calls()
  const clients = [createRedisClient('redis://', behind(group)), ioredis('redis://', behind(group))]
  const writers = clients.map((client) => new Writer(closing(client), calls))
  await writers[0]!.store.commit(ref, { revision: 0, body: 'body' })

  const over = new AbortController()
  const appended: string[] = []
  const load = [0, 1, 2, 3].map(async (lane) => {
    for (let n = 0; !over.signal.aborted; n++) {
      await writers[lane % 2]!.appendForGood(`lane ${lane} ${n}`)
      appended.push(`lane ${lane} ${n}`)
    }
  })
  const reads = writers.map(async ({ store }) => {
    while (!over.signal.aborted) {
      const stored = await calls.settle(store.read(ref, { tail: 1 }))
      if (stored !== undefined) expect(stored.body).toBe('body')
      await setImmediate()
    }
  })
  const goesOn = () => {
    const before = appended.length
    return waitUntil(() => appended.length > before + 100, { what: 'the load to go on' })
  }
  const trouble = async () => {
    await goesOn()
    await first!.kill()
    expect(await group.primary()).toBe(second)
    await group.rejoin(first!)
    await goesOn()
    await group.failover()
    await goesOn()
  }
  await Promise.all([...load, trouble().finally(() => over.abort())])
  await Promise.all(reads)

  expect(calls.codes.size, 'it was noticed').toBeGreaterThan(0)
  expect(calls.slowestMs).toBeLessThan(timeouts.writeTimeoutMs + slackMs)
  for (const { store } of writers) await expectExactly(store, appended)
})

test('a primary that hangs is left for the next one', async () => {
  const group = await startGroup()
  const [first, second] = group.servers
  const calls = new Calls()
  const writer = new Writer(closing(createRedisClient('redis://', behind(group))), calls)
  await writer.store.commit(ref, { revision: 0 })
  await writer.appendForGood('before')
  await first!.pause()
  expect(await group.primary()).toBe(second)
  const append = () =>
    calls.settle(writer.store.commit(ref, { messages: [{ id: 'after', payload: 'after' }] }))
  await waitUntil(append, { what: 'an append' })
  expect(calls.slowestMs).toBeLessThan(timeouts.writeTimeoutMs + slackMs)
  // It wakes up as a primary, and is told otherwise.
  await first!.resume()
  await writer.appendForGood('last')
  await expectExactly(writer.store, ['before', 'after', 'last'])
})

test('a Sentinel that hangs is left for the next one', async () => {
  const group = await startGroup()
  await group.sentinels[0]!.pause()
  const store = storeOn(closing(createRedisClient('redis://', behind(group))))
  const commit = () => new Calls().settle(store.commit(ref, { revision: 0 }))
  await waitUntil(commit, { what: 'the store to find its primary', timeoutMs: 10_000 })
  expect((await store.read(ref))?.record.revision).toBe(1)
})

test('a primary that must have replicas to write refuses without: unavailable, and nothing is stored', async () => {
  const group = await startGroup()
  const [primary, replica] = group.servers
  const admin = closing(ioredis(primary!.url))
  await admin.config('SET', 'min-replicas-max-lag', '1')
  await admin.config('SET', 'min-replicas-to-write', '1')
  const writer = new Writer(closing(createRedisClient('redis://', behind(group))), new Calls())
  const { store } = writer
  await store.commit(ref, { revision: 0 })
  await writer.appendForGood('m1')
  await replica!.pause()
  const stored = ['m1']
  let refusal: unknown
  const refuses = async () => {
    const id = `m${stored.length + 1}`
    try {
      await store.commit(ref, { messages: [{ id, payload: id }] })
      stored.push(id)
    } catch (error) {
      refusal = error
    }
    return refusal !== undefined
  }
  await waitUntil(refuses, { what: 'the primary to miss its replica' })
  expect(refusal).toMatchObject({ code: 'unavailable', message: expect.stringContaining('NOREPLICAS') })
  expect((await store.read(ref))?.record.lastSeq).toBe(stored.length)
  await replica!.resume()
  const again = () =>
    store.commit(ref, { messages: [{ id: 'last', payload: 'last' }] }).then(Boolean, () => false)
  await waitUntil(again, { what: 'the replica to be back' })
  await expectExactly(store, [...stored, 'last'])
})
