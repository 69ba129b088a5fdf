import { memoryBus, memoryStore } from '@sessions/core'
import { SessionError, type SessionStore } from '@sessions/core/store'
import { wrapStore } from '@sessions/core/testing'
import { waitUntil } from '@sessions/testkit'
import { describe, expect, it, vi } from 'vitest'
import { tieredStore } from '../src/index.js'
import { gatedStore } from './gated-store.js'
import { noMemory, useWarm } from './warm-server.js'

const warm = useWarm()
let sessions = 0
const newRef = () => ({ tenantId: 'acme', id: `s${++sessions}` })
const message = (id: string) => ({ id, payload: `payload of ${id}` })
const old = 3_600_000
const hot = { maxBytes: 1024 * 1024 }

async function made(store: SessionStore) {
  const ref = newRef()
  await store.commit(ref, { revision: 0, body: 'one', messages: [message('m1'), message('m2')] })
  return ref
}

const writes: Record<string, (store: SessionStore, ref: ReturnType<typeof newRef>) => Promise<unknown>> = {
  commit: (store, ref) => store.commit(ref, { revision: 1, body: 'two', messages: [message('m3')] }),
  amend: (store, ref) => store.amend(ref, [{ seq: 1, payload: 'redacted' }]),
  trim: (store, ref) => store.trim(ref, 1),
  remove: (store, ref) => store.remove(ref),
  restore: async (store, ref) => {
    const { record, body, messages } = (await store.read(ref, { tail: 9 }))!
    await store.restore(ref, {
      record: { ...record, changes: record.changes + 5, title: 'copied' },
      body,
      messages,
    })
  },
}

describe('what one process has read', () => {
  it('another one has without asking the store, whole or in part', async () => {
    const gated = gatedStore(memoryStore())
    const [one, other] = [warm.open(gated.store), warm.open(gated.store, { hot })]
    const ref = await made(gated.store)
    const whole = await one.read(ref, { tail: 2, maxAgeMs: old })
    await one.close()
    gated.calls()
    expect(await other.read(ref, { tail: 1, maxAgeMs: old })).toEqual({
      ...whole,
      messages: whole!.messages.slice(1),
    })
    expect(await other.read(ref, { tail: 2, maxAgeMs: old })).toEqual(whole)
    expect([gated.calls(), other.stats()]).toMatchObject([
      [],
      { warmHits: 1, hits: 1, misses: 1, warmFailures: 0 },
    ])
    // More than the copy has is the store's to give.
    await one.commit(ref, { messages: [message('m3')] })
    await one.read(ref, { tail: 1, maxAgeMs: old })
    await one.close()
    gated.calls()
    expect((await warm.open(gated.store).read(ref, { tail: 3, maxAgeMs: old }))?.messages).toHaveLength(3)
    expect(gated.calls()).toEqual(['read'])
  })

  it('is never older than its reader allows, and never asked for by one who allows nothing', async () => {
    const last = memoryStore()
    const [one, other] = [warm.open(last), warm.open(last)]
    const ref = await made(last)
    await one.read(ref, { maxAgeMs: old })
    await one.close()
    await last.commit(ref, { revision: 1, body: 'two' })
    expect((await other.read(ref, { maxAgeMs: old }))?.body).toBe('one')
    expect((await other.read(ref))?.body).toBe('two')
    const kept = Date.now()
    await waitUntil(() => Date.now() > kept + 1, { what: 'a later moment of the cache' })
    const now = performance.now.bind(performance)
    // As if the answer of the cache took that long.
    let lateMs = 0
    vi.spyOn(performance, 'now').mockImplementation(() => now() + lateMs)
    const reading = other.read(ref, { maxAgeMs: 600_000 })
    lateMs = 600_001
    expect((await reading)?.body).toBe('two')
    vi.restoreAllMocks()
    // What it has read instead is there for the next one.
    expect((await warm.open(last).read(ref, { maxAgeMs: 600_000 }))?.body).toBe('two')
    expect((await other.read(ref, { maxAgeMs: 600_000 }))?.body).toBe('two')
    expect(other.stats().warmHits).toBe(2)
  })

  it('is not what a record of the library is read by', async () => {
    const gated = gatedStore(memoryStore())
    const [one, other] = [warm.open(gated.store), warm.open(gated.store)]
    const ref = { tenantId: '~turns', id: 'record' }
    await one.commit(ref, { revision: 0 })
    await one.read(ref, { maxAgeMs: old })
    await one.close()
    gated.calls()
    await other.read(ref, { maxAgeMs: old })
    expect(gated.calls()).toEqual(['read'])
  })
})

describe.each(Object.keys(writes))('%s by another process, without a bus', (name) => {
  const write = writes[name]!

  it('is what everybody reads from then on', async () => {
    const last = memoryStore()
    const [one, other, third] = [warm.open(last, { hot }), warm.open(last), warm.open(last)]
    const ref = await made(last)
    for (const store of [one, other]) await store.read(ref, { tail: 9, maxAgeMs: old })
    await one.close()
    await write(one, ref)
    const truth = await last.read(ref, { tail: 9 })
    for (const store of [other, third, one])
      expect(await store.read(ref, { tail: 9, maxAgeMs: old })).toEqual(truth)
  })

  it('is not undone by a read that began before it', async () => {
    const gated = gatedStore(memoryStore())
    const [one, other, third] = [warm.open(gated.store), warm.open(gated.store), warm.open(gated.store)]
    const ref = await made(gated.store)
    const release = gated.hold()
    const early = other.read(ref, { tail: 9, maxAgeMs: old })
    await waitUntil(() => gated.calls().includes('read'), { what: 'the early read' })
    await write(one, ref)
    release()
    expect((await early)?.body).toBe('one')
    await other.close()
    expect(await third.read(ref, { tail: 9, maxAgeMs: old })).toEqual(
      await gated.store.read(ref, { tail: 9 }),
    )
  })

  it('that has no answer leaves no copy behind, whenever it lands', async () => {
    const inner = memoryStore()
    let land = async (): Promise<unknown> => undefined
    const last = wrapStore(inner, async (method, call) => {
      if (method !== name) return call()
      land = call
      throw new SessionError('unknown_outcome', 'no answer')
    })
    const [one, other, third] = [warm.open(last), warm.open(last), warm.open(last)]
    const ref = await made(inner)
    await other.read(ref, { tail: 9, maxAgeMs: old })
    await other.close()
    await expect(write(one, ref)).rejects.toMatchObject({ code: 'unknown_outcome' })
    for (const store of [one, other]) await store.read(ref, { tail: 9, maxAgeMs: old })
    await other.close()
    await land()
    for (const store of [one, other, third])
      expect(await store.read(ref, { tail: 9, maxAgeMs: old })).toEqual(await inner.read(ref, { tail: 9 }))
  })
})

it('a write of a process that cannot reach the cache is seen by its own reads, and by others with a bus', async () => {
  const last = memoryStore()
  const bus = memoryBus()
  const cache = warm.cache()
  let isAway = false
  const partly = new Proxy(cache, {
    get: (_, verb: keyof typeof cache) =>
      verb === 'begin' && isAway ? async () => Promise.reject(new Error('away')) : cache[verb],
  })
  const [one, other] = [warm.open(last, { warm: partly, bus }), warm.open(last, { bus })]
  for (const name of Object.keys(writes)) {
    const ref = await made(last)
    isAway = false
    // The first read of a topic begins to listen to it.
    for (const store of [one, other, other]) await store.read(ref, { tail: 9, maxAgeMs: old })
    isAway = true
    await writes[name]!(one, ref)
    const truth = await last.read(ref, { tail: 9 })
    for (const store of [one, other])
      expect(await store.read(ref, { tail: 9, maxAgeMs: old }), name).toEqual(truth)
  }
})

it('a commit that follows what memory has is in the cache with its answer', async () => {
  const gated = gatedStore(memoryStore())
  const [one, other] = [warm.open(gated.store, { hot }), warm.open(gated.store)]
  const ref = await made(gated.store)
  await one.read(ref, { tail: 9, maxAgeMs: old })
  await one.commit(ref, { messages: [message('m3')], revision: 1, body: 'two' })
  await one.close()
  gated.calls()
  const shown = await other.read(ref, { tail: 3, maxAgeMs: old })
  expect([shown, gated.calls()]).toEqual([await gated.store.read(ref, { tail: 3 }), []])
  // A refused one costs the copy, and nothing else.
  await expect(one.commit(ref, { revision: 1, body: 'three' })).rejects.toMatchObject({ code: 'conflict' })
  await one.close()
  gated.calls()
  expect([await other.read(ref, { tail: 3, maxAgeMs: old }), gated.calls()]).toEqual([shown, ['read']])
})

it('a cache that hangs, is away and comes back costs time alone, and few tries', async () => {
  const { startRedis } = await import('@sessions/testkit')
  const { createRedisClient } = await import('@sessions/store-redis/client')
  const { redisCache } = await import('@sessions/store-redis')
  const server = await startRedis()
  const client = createRedisClient(server.url)
  const last = memoryStore()
  const tiered = tieredStore(last, {
    hot: noMemory,
    warm: redisCache(client, { timeoutMs: 50, holdMs: 300 }),
  })
  const ref = await made(last)
  let written = 0
  const use = async (times: number) => {
    for (let n = 0; n < times; n++) {
      const { record } = await tiered.commit(ref, { messages: [message(`w${++written}`)] })
      expect((await tiered.read(ref, { tail: 1, maxAgeMs: old }))?.record.changes).toBe(record.changes)
    }
  }
  await use(20)
  expect(tiered.stats()).toMatchObject({ isWarmAway: false })
  for (const [away, back] of [
    ['pause', 'resume'],
    ['kill', 'restart'],
  ] as const) {
    const { warmFailures } = tiered.stats()
    await server[away]()
    await use(200)
    expect(tiered.stats(), away).toMatchObject({ isWarmAway: true })
    // Of some 800 calls.
    expect(tiered.stats().warmFailures - warmFailures, away).toBeLessThan(40)
    await server[back]()
    await waitUntil(() => use(1).then(() => !tiered.stats().isWarmAway), {
      what: 'the cache to be used again',
    })
    const { warmHits } = tiered.stats()
    await waitUntil(
      async () => {
        await tiered.read(ref, { tail: 1, maxAgeMs: old })
        return tiered.stats().warmHits > warmHits
      },
      { what: 'an answer of the cache' },
    )
    await use(20)
  }
  await tiered.close()
  client.disconnect()
  await server.stop()
})

it('what is no cache is refused', () => {
  for (const warm of [{}, null, 5, redisLike]) {
    expect(() => tieredStore(memoryStore(), { hot, warm: warm as never }), JSON.stringify(warm)).toThrow(
      expect.objectContaining({ code: 'invalid', path: expect.stringContaining('warm') }),
    )
  }
})
const redisLike = { get: () => {}, set: () => {} }
