import { setImmediate } from 'node:timers/promises'
import { isSessionError, type SessionRef, type SessionStore } from '@sessions/core/store'
import {
  startFaultProxy,
  startRedis,
  startRedisReplicaPair,
  waitUntil,
  type RedisServer,
} from '@sessions/testkit'
import type { Redis } from 'ioredis'
import { createClient } from 'redis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { redisStore, type RedisClient, type RedisStoreOptions } from '../src/index.js'
import { ioredis, patient, preset } from './clients.js'

const ignore = () => {}
const quick = { readTimeoutMs: 200, writeTimeoutMs: 300, onWarning: ignore }

async function server(args: readonly string[] = []): Promise<RedisServer> {
  const started = await startRedis({ args })
  onTestFinished(() => started.stop())
  return started
}

function closing<T extends Redis>(client: T): T {
  onTestFinished(() => client.disconnect())
  return client
}

function storeOn(client: Redis, options: RedisStoreOptions = patient): SessionStore {
  return redisStore(closing(client), { onWarning: ignore, ...options })
}

/** Appends one message, again and again until it is told that it is stored. */
async function appendSurely(store: SessionStore, ref: SessionRef, id: string): Promise<number> {
  for (let tries = 1; ; tries++) {
    try {
      const { messages } = await store.commit(ref, { messages: [{ id, payload: `payload of ${id}` }] })
      expect(messages).toMatchObject([{ id }])
      return tries
    } catch (error) {
      if (!isSessionError(error, 'unknown_outcome') && !isSessionError(error, 'unavailable')) throw error
      // A client without a connection refuses at once: it gets a turn to find one.
      await setImmediate()
    }
  }
}

async function expectExactly(store: SessionStore, ref: SessionRef, ids: readonly string[]): Promise<void> {
  const all = []
  for (let more = true; more;) {
    const page = await store.messages(ref, { after: all.at(-1)?.seq ?? 0, limit: 1000 })
    all.push(...page.messages)
    more = page.more
  }
  expect(all.map(({ seq }) => seq)).toEqual(ids.map((_, index) => index + 1))
  expect(new Set(all.map(({ id }) => id))).toEqual(new Set(ids))
}

/** Four lanes that append for as long as there is trouble, and the ids of what they were told is stored. */
async function appendDuring(
  stores: readonly SessionStore[],
  ref: SessionRef,
  trouble: (appended: readonly string[]) => Promise<void>,
): Promise<string[]> {
  const appended: string[] = []
  const over = new AbortController()
  const lane = async (name: number) => {
    for (let n = 0; !over.signal.aborted; n++) {
      const id = `lane ${name} ${n}`
      await appendSurely(stores[name % stores.length]!, ref, id)
      appended.push(id)
    }
  }
  const end = async () => {
    await trouble(appended).finally(() => over.abort())
  }
  await Promise.all([...[0, 1, 2, 3].map(lane), end()])
  return appended
}

const names = (count: number, prefix = 'm') => Array.from({ length: count }, (_, n) => `${prefix}${n}`)

describe('writes under faults', () => {
  test('300 appends, each cut off after it was applied and before it was answered, are 300 messages', async () => {
    const redis = await server()
    const proxy = await startFaultProxy({ target: redis })
    onTestFinished(() => proxy.stop())
    // Nothing is sent twice by the client itself, and a lost connection is told at once.
    const client = ioredis(proxy.through(redis.url), {
      retryStrategy: () => 1,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
    })
    const store = storeOn(client)
    const ref = { tenantId: 'acme', id: 'cut' }
    await store.commit(ref, { revision: 0 })
    let tries = 0
    for (const id of names(300)) {
      proxy.set({ kind: 'cutBeforeReply', times: 1 })
      tries += await appendSurely(store, ref, id)
    }
    expect(tries, 'each was tried twice').toBeGreaterThanOrEqual(600)
    await expectExactly(store, ref, names(300))
  })

  test('a server that forgets its scripts all the time loses nothing', async () => {
    const redis = await server()
    const other = closing(ioredis(redis.url))
    const store = storeOn(ioredis(redis.url))
    const ref = { tenantId: 'acme', id: 'storm' }
    await store.commit(ref, { revision: 0 })
    const over = new AbortController()
    const storm = async () => {
      let flushes = 0
      for (; !over.signal.aborted; flushes++) await other.script('FLUSH')
      return flushes
    }
    const load = async () => {
      for (let first = 0; first < 800; first += 50) {
        await Promise.all(
          names(50).map((_, n) =>
            store.commit(ref, { messages: [{ id: `m${first + n}`, payload: 'payload' }] }),
          ),
        )
        await store.list({ tenantId: 'acme', limit: 10 })
      }
      over.abort()
    }
    const [flushes] = await Promise.all([storm(), load()])
    expect(flushes).toBeGreaterThan(10)
    await expectExactly(store, ref, names(800))
  })

  test('a server killed and restarted under load keeps what it said it keeps', async () => {
    const redis = await server(['--appendonly', 'yes', '--appendfsync', 'always'])
    const stores = [preset(redis), preset(redis)].map((client) => storeOn(client, {}))
    const ref = { tenantId: 'acme', id: 'killed' }
    await stores[0]!.commit(ref, { revision: 0 })
    const appended = await appendDuring(stores, ref, async (sofar) => {
      for (const soon of [200, 600, 1000]) {
        await waitUntil(() => sofar.length > soon, { what: 'the load to go on' })
        await redis.kill()
        await redis.restart()
      }
    })
    await expectExactly(stores[0]!, ref, appended)
  })

  test('a network that does all it can loses and doubles nothing', async () => {
    const redis = await server()
    const proxy = await startFaultProxy({ target: redis })
    onTestFinished(() => proxy.stop())
    const clients = [1, 2].map(() =>
      ioredis(proxy.through(redis.url), {
        retryStrategy: () => 5,
        commandTimeout: 100,
        connectTimeout: 200,
      }),
    )
    const stores = clients.map((client) => storeOn(client, quick))
    const ref = { tenantId: 'acme', id: 'network' }
    await storeOn(ioredis(redis.url)).commit(ref, { revision: 0 })
    const kinds = ['reset', 'cutBeforeReply', 'cutAfterRequest', 'halfOpen', 'blackHole'] as const
    const appended = await appendDuring(stores, ref, async (sofar) => {
      for (let round = 1; round <= 15; round++) {
        await waitUntil(() => sofar.length >= round * 35, { what: 'the load to go on' })
        proxy.set({ kind: kinds[round % kinds.length]! })
        await waitUntil(() => proxy.hits > 0, { what: 'the fault to strike' })
        // No network loses bytes of a connection that goes on: those it lost some of end.
        proxy.set({ kind: 'reset' })
        proxy.heal()
      }
    })
    await expectExactly(storeOn(ioredis(redis.url)), ref, appended)
  })
})

describe('a server that does not answer', () => {
  async function nodeRedis(url: string): Promise<RedisClient> {
    const client = createClient({ url, socket: { reconnectStrategy: 10 } })
    client.on('error', ignore)
    onTestFinished(() => client.destroy())
    await client.connect()
    return client
  }
  const clients: Record<string, (url: string) => RedisClient | Promise<RedisClient>> = {
    'the preset': (url) => closing(preset({ url })),
    'ioredis as it comes': (url) => closing(ioredis(url, { commandTimeout: 600_000 })),
    'node-redis as it comes': nodeRedis,
  }

  for (const [name, make] of Object.entries(clients)) {
    test(`settles every call, and all is well afterwards: ${name}`, async () => {
      const redis = await server()
      const client = await make(redis.url)
      const store = redisStore(client, quick)
      // What must succeed may take as long as a busy machine needs.
      const calm = redisStore(client, { ...patient, onWarning: ignore })
      const ref = { tenantId: 'acme', id: 'frozen' }
      await calm.commit(ref, { revision: 0, messages: [{ id: 'm1', payload: '1' }] })
      await redis.pause()
      const outcomes = await Promise.allSettled([
        store.read(ref),
        store.messages(ref, { limit: 1 }),
        store.list({ tenantId: 'acme', limit: 1 }),
        store.commit(ref, { messages: [{ id: 'm2', payload: '2' }] }),
        store.amend(ref, [{ seq: 1, payload: 'amended' }]),
        store.trim(ref, 0),
        store.remove({ tenantId: 'acme', id: 'other' }),
      ])
      const codes = outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)
      expect(codes).toEqual([
        'unavailable',
        'unavailable',
        'unavailable',
        'unknown_outcome',
        'unknown_outcome',
        'unknown_outcome',
        'unknown_outcome',
      ])
      await redis.resume()
      await waitUntil(
        () => calm.commit(ref, { messages: [{ id: 'm2', payload: '2' }] }).then(Boolean, () => false),
        { what: 'the store to work again' },
      )
      expect((await calm.read(ref, { tail: 5 }))?.messages).toMatchObject([{ id: 'm1' }, { id: 'm2' }])
    })
  }

  test('and is not there at the start: unavailable, and available once it is', async () => {
    const redis = await server()
    await redis.kill()
    const late = createClient({ url: redis.url, socket: { reconnectStrategy: 10 } })
    late.on('error', ignore)
    onTestFinished(() => late.destroy())
    void late.connect().catch(ignore)
    const clients = [closing(preset(redis)), closing(ioredis(redis.url)), late]
    const ref = { tenantId: 'acme', id: 'boot' }
    for (const client of clients) {
      const store = redisStore(client, quick)
      await expect(store.read(ref)).rejects.toMatchObject({ code: 'unavailable' })
      await expect(store.commit(ref, { revision: 0 })).rejects.toMatchObject({ code: 'unavailable' })
    }
    await redis.restart()
    for (const client of clients) {
      const store = redisStore(client, { ...patient, onWarning: ignore })
      await waitUntil(
        () =>
          store.read(ref).then(
            () => true,
            () => false,
          ),
        { what: 'the store to work' },
      )
      expect(await store.read(ref), 'a refused write is not made up for later').toBeUndefined()
    }
  })

  test('keeps no hold of what was given up', async () => {
    const redis = await server()
    const client = closing(ioredis(redis.url))
    const store = redisStore(client, quick)
    await client.ping()
    await redis.kill()
    await waitUntil(() => client.status !== 'ready', { what: 'the client to notice' })
    const outcomes = await Promise.allSettled(
      names(200).map((id) => store.commit({ tenantId: 'acme', id }, { revision: 0, body: 'x'.repeat(1000) })),
    )
    expect(
      outcomes.every((outcome) => outcome.status === 'rejected' && outcome.reason.code === 'unavailable'),
    ).toBe(true)
    expect((client as unknown as { offlineQueue: { length: number } }).offlineQueue.length).toBe(0)
  })
})

describe('a server that refuses', () => {
  test('for want of memory: writes are store_full, reads and removals work', async () => {
    const redis = await server(['--maxmemory-policy', 'noeviction'])
    const client = closing(ioredis(redis.url))
    const store = redisStore(client, patient)
    const ref = { tenantId: 'acme', id: 'full' }
    const messages = names(10).map((id) => ({ id, payload: `payload of ${id}` }))
    const end = { tenantId: 'acme', id: 'end' }
    await store.commit(ref, { revision: 0, body: 'one', messages, userId: 'alice' })
    await store.commit(end, { revision: 0, idleMs: 0 })
    const before = await store.read(ref, { tail: 10 })
    await client.config('SET', 'maxmemory', '1')

    const full = { code: 'store_full' }
    await expect(store.commit(ref, { messages: [{ id: 'new', payload: 'x' }] })).rejects.toMatchObject(full)
    await expect(store.commit(ref, { revision: 1, body: 'two' })).rejects.toMatchObject(full)
    await expect(store.commit(ref, { title: 'x', idleMs: 1000 })).rejects.toMatchObject(full)
    await expect(store.commit({ ...ref, id: 'new' }, { revision: 0 })).rejects.toMatchObject(full)
    await expect(store.amend(ref, [{ seq: 1, payload: 'x' }])).rejects.toMatchObject(full)
    expect(await store.read(ref, { tail: 10 })).toEqual(before)
    expect((await store.messages(ref, { limit: 5 })).messages).toHaveLength(5)
    expect((await store.list({ tenantId: 'acme', userId: 'alice', limit: 5 })).items).toHaveLength(1)
    expect(await store.sweep({ limit: 10 })).toBe(1)
    expect(await store.trim(ref, 4)).toBe(4)
    expect((await store.read(ref, { tail: 10 }))?.messages).toHaveLength(6)
    expect(await store.remove(ref)).toBe(true)
    expect(await store.read(ref)).toBeUndefined()
    expect((await store.list({ tenantId: 'acme', limit: 5 })).items).toEqual([])

    await client.config('SET', 'maxmemory', '0')
    await store.commit(ref, { revision: 0 })
  })

  test('because it is a replica now: unavailable, and the promoted one has everything', async () => {
    const pair = await startRedisReplicaPair()
    onTestFinished(() => pair.stop())
    const store = storeOn(preset(pair.primary))
    const ref = { tenantId: 'acme', id: 'failover' }
    await store.commit(ref, { revision: 0, body: 'one' })
    for (const id of names(50)) await store.commit(ref, { messages: [{ id, payload: id }] })
    await pair.caughtUp()
    await pair.promote()
    const refusal = await store
      .commit(ref, { messages: [{ id: 'late', payload: 'x' }] })
      .catch((error) => error)
    expect(refusal).toMatchObject({ code: 'unavailable' })
    const promoted = storeOn(ioredis(pair.replica.url))
    await expectExactly(promoted, ref, names(50))
    await promoted.commit(ref, { revision: 1, body: 'two', messages: [{ id: 'next', payload: 'x' }] })
    expect(await promoted.read(ref)).toMatchObject({ body: 'two', record: { revision: 2, lastSeq: 51 } })
  })

  test('for a reason of its own: store_failed, with that reason', async () => {
    const redis = await server()
    const admin = closing(ioredis(redis.url))
    await admin.call('ACL', ['SETUSER', 'reader', 'on', '>secret', '~*', '+@read', '+@connection', '+info'])
    const client = closing(ioredis(redis.url, { username: 'reader', password: 'secret' }))
    const store = redisStore(client, { ...patient, onWarning: ignore })
    const ref = { tenantId: 'acme', id: 'acl' }
    expect(await store.read({ ...ref }).catch((error) => error.code)).toBe('store_failed')
    const refusal = await store.commit(ref, { revision: 0 }).catch((error) => error)
    expect(refusal).toMatchObject({ code: 'store_failed', cause: { message: /^NOPERM/ } })
  })
})
