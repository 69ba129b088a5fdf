import { readFile } from 'node:fs/promises'
import type { SessionCache, StoredSession } from '@sessions/core/store'
import { memoryStore } from '@sessions/core'
import { type RedisServer, startRedis, waitUntil } from '@sessions/testkit'
import { createClient } from 'redis'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { redisCache, redisStore, type RedisCacheOptions } from '../src/index.js'
import { ioredis, patient } from './clients.js'

let server: RedisServer
let admin: ReturnType<typeof ioredis>
const open = (options: RedisCacheOptions = {}): SessionCache =>
  redisCache(admin, { timeoutMs: 20_000, ...options })
const ref = { tenantId: 'acme', id: 's' }
let sessions: StoredSession[]

beforeAll(async () => {
  server = await startRedis()
  admin = ioredis(server.url)
  // One session after each of its changes, as a store gives it.
  const store = memoryStore()
  await store.commit(ref, { revision: 0, body: 'ein "Körper" \ud83d \u0000 {}', userId: 'alice' })
  sessions = [(await store.read(ref, { tail: 9 }))!]
  for (const payload of ['[1]', '\u001f\udc00', 'x'.repeat(1000)]) {
    await store.commit(ref, { messages: [{ id: payload.slice(0, 2), payload }], idleMs: 60_000 })
    sessions.push((await store.read(ref, { tail: 9 }))!)
  }
})
afterAll(async () => {
  admin.disconnect()
  await server.stop()
})
beforeEach(() => admin.flushall())

const copyIn = async (cache: SessionCache) => (await cache.find(ref)).copy?.stored
const permitOf = async (cache: SessionCache) => (await cache.find(ref)).permit!

describe('a copy', () => {
  test('is what was kept, whatever texts are in it, and says how old it is', async () => {
    const [one, other] = [open(), open()]
    for (const stored of sessions) {
      await admin.flushall()
      await one.keep(ref, await permitOf(one), stored)
      const found = await other.find(ref)
      expect(found).toEqual({ copy: { stored, ageMs: expect.any(Number) }, permit: expect.any(String) })
      expect(found.copy!.ageMs).toBeGreaterThanOrEqual(0)
      expect(found.copy!.ageMs).toBeLessThan(20_000)
    }
    expect(await other.find({ ...ref, id: 't' })).toEqual({ permit: expect.any(String) })
    expect(await other.find({ ...ref, tenantId: 'acm' })).toEqual({ permit: expect.any(String) })
  })

  test('ends by itself, counted from when the store was asked, and so do its keys', async () => {
    const cache = open({ ttlMs: 5000, holdMs: 7000 })
    const write = await cache.begin(ref)
    await cache.end(ref, write, sessions[0])
    const keys = (await admin.keys('*')).sort()
    expect(keys).toEqual(['sessions:{acme:s}:copy', 'sessions:{acme:s}:writes'])
    const [copy, writes] = await Promise.all(keys.map((key) => admin.pttl(key)))
    expect(copy).toBeGreaterThan(0)
    expect(copy).toBeLessThanOrEqual(5000)
    expect(writes).toBeGreaterThan(0)
    expect(writes).toBeLessThanOrEqual(7000)
    // Of an answer that took as long as a copy may live nothing is kept.
    const [now, last] = (await permitOf(open({ keyPrefix: 'other' }))).split(' ')
    await open({ keyPrefix: 'other' }).keep(ref, `${Number(now) - 30_001} ${last}`, sessions[0]!)
    expect(await copyIn(open({ keyPrefix: 'other' }))).toBeUndefined()
  })

  test('that is too large, is none or is of another session is not one', async () => {
    const small = open({ maxCopyBytes: 500 })
    await small.keep(ref, await permitOf(small), sessions[0]!)
    expect(await copyIn(small)).toEqual(sessions[0])
    await small.end(ref, await small.begin(ref), sessions[3])
    expect(await copyIn(small)).toBeUndefined()
    // Nor is it made into a text, at each of its writes, to be thrown away.
    const long = { toJSON: () => expect.unreachable(), id: 'm', seq: 1, at: 1, payload: 'x'.repeat(501) }
    await small.end(ref, await small.begin(ref), { ...sessions[0]!, messages: [long] })
    expect(await copyIn(small)).toBeUndefined()

    const now = Date.now()
    const good = JSON.stringify(sessions[2])
    const { record, ...rest } = JSON.parse(good)
    for (const text of [
      '',
      'nonsense',
      `${now} `,
      `${now} null`,
      `${now} []`,
      `${now} {"record":{}}`,
      `${now} ${JSON.stringify({ ...rest, record: { ...record, id: 'other' } })}`,
      `${now} ${JSON.stringify({ ...rest, record: { ...record, changes: '3' } })}`,
      `${now} ${JSON.stringify({ ...rest, record: { ...record, lastSeq: 3 } })}`,
      `${now} ${JSON.stringify({ ...rest, record, body: null })}`,
      `${now} ${JSON.stringify({ record, body: '', messages: [{ ...rest.messages[0], seq: 7 }] })}`,
      // As if the clock of the server was set back by an hour.
      `${now + 3_600_000} ${good}`,
    ]) {
      await admin.set('sessions:{acme:s}:copy', text)
      expect(await copyIn(open()), text.slice(0, 80)).toBeUndefined()
    }
    await admin.set('sessions:{acme:s}:copy', `${now} ${good}`)
    expect(await copyIn(open())).toEqual(sessions[2])
  })

  test('is beside a store on the same server', async () => {
    const store = redisStore(admin, { ...patient, onWarning: () => {} })
    await store.commit(ref, { revision: 0, body: 'of the store' })
    await open().end(ref, await open().begin(ref), sessions[0])
    expect((await store.read(ref))?.body).toBe('of the store')
    expect(await copyIn(open())).toEqual(sessions[0])
  })
})

describe('permits', () => {
  test('a write drops the copy at once, and nobody keeps one until it ends', async () => {
    const [writer, reader] = [open(), open()]
    await reader.keep(ref, await permitOf(reader), sessions[0]!)
    const early = sessions[0]!
    await admin.del('sessions:{acme:s}:copy')
    const permit = await permitOf(reader)
    await reader.keep(ref, permit, early)
    const write = await writer.begin(ref)
    expect(await reader.find(ref)).toEqual({})
    await reader.keep(ref, permit, early)
    expect(await reader.find(ref)).toEqual({})
    await writer.end(ref, write, sessions[1])
    expect(await copyIn(reader)).toEqual(sessions[1])
  })

  test('what was read before a write is not kept after it, however the write ended', async () => {
    const [writer, reader] = [open(), open()]
    for (const left of [undefined, sessions[1]]) {
      await admin.flushall()
      const permit = await permitOf(reader)
      await writer.end(ref, await writer.begin(ref), left)
      await reader.keep(ref, permit, sessions[0]!)
      expect(await copyIn(reader)).toEqual(left)
    }
  })

  test('of writes that came near each other none keeps what it left, in whatever order they end', async () => {
    const [a, b] = [open(), open()]
    for (const order of ['ab', 'ba'] as const) {
      await admin.flushall()
      const writes = { a: await a.begin(ref), b: await b.begin(ref) }
      const left = { a: sessions[1], b: sessions[2] }
      for (const name of order) {
        await (name === 'a' ? a : b).end(ref, writes[name as 'a' | 'b'], left[name as 'a' | 'b'])
        expect(await copyIn(a), `${order} after ${name}`).toBeUndefined()
      }
      // The next one alone does.
      await a.end(ref, await a.begin(ref), sessions[3])
      expect(await copyIn(b)).toEqual(sessions[3])
    }
  })

  test('a write that never ends holds for as long as it may, and one that ends later drops what there is', async () => {
    const brief = open({ holdMs: 1 })
    const lost = await brief.begin(ref)
    // In the millisecond in which the write is given up, a permit may still name it, which the next one no longer knows.
    await waitUntil(
      async () => {
        const { permit } = await brief.find(ref)
        if (permit !== undefined) await brief.keep(ref, permit, sessions[0]!)
        return (await copyIn(brief)) !== undefined
      },
      { what: 'the write to be given up' },
    )
    expect(await copyIn(brief)).toEqual(sessions[0])
    await brief.end(ref, lost, sessions[3])
    expect(await copyIn(brief)).toBeUndefined()
  })

  test('who finds a copy too old may keep a newer one in its place', async () => {
    const [one, other] = [open(), open()]
    await one.end(ref, await one.begin(ref), sessions[1])
    const { copy, permit } = await other.find(ref)
    await waitUntil(async () => (await other.find(ref)).permit !== permit, { what: 'a tick' })
    await other.keep(ref, await permitOf(other), sessions[2]!)
    expect([copy?.stored, await copyIn(one)]).toEqual([sessions[1], sessions[2]])
    // But not one that was read before a write.
    const early = await permitOf(other)
    await one.end(ref, await one.begin(ref), sessions[3])
    await other.keep(ref, early, sessions[2]!)
    expect(await copyIn(one)).toEqual(sessions[3])
  })

  test('of two readers the one that asked the store later is believed', async () => {
    const [one, other] = [open(), open()]
    const early = await permitOf(one)
    await waitUntil(async () => (await permitOf(other)).split(' ')[0] !== early.split(' ')[0], {
      what: 'a tick',
    })
    const late = await permitOf(other)
    await other.keep(ref, late, sessions[2]!)
    await one.keep(ref, early, sessions[1]!)
    expect(await copyIn(one)).toEqual(sessions[2])
  })
})

describe('a server', () => {
  test('that hangs or is away: every call is unavailable within its time', async () => {
    const own = await startRedis()
    const client = ioredis(own.url)
    const cache = redisCache(client, { timeoutMs: 50 })
    const permit = await (async () => {
      for (;;) {
        const found = await cache.find(ref).catch(() => undefined)
        if (found?.permit !== undefined) return found.permit
      }
    })()
    for (const away of ['pause', 'kill'] as const) {
      await own[away]()
      for (const call of [
        () => cache.find(ref),
        () => cache.begin(ref),
        () => cache.keep(ref, permit, sessions[0]!),
        () => cache.end(ref, 'write 1 0', sessions[0]),
      ])
        await expect(call(), away).rejects.toMatchObject({ code: 'unavailable' })
      if (away === 'pause') await own.resume()
    }
    client.disconnect()
    await own.stop()
  })

  test('by a client of node-redis', async () => {
    const client = createClient({ url: server.url })
    client.on('error', () => {})
    await client.connect()
    const cache = redisCache(client, { timeoutMs: 20_000 })
    await cache.end(ref, await cache.begin(ref), sessions[2])
    expect(await copyIn(open())).toEqual(sessions[2])
    await cache.begin(ref)
    expect(await open().find(ref)).toEqual({})
    client.destroy()
  })

  test('needs no more rights than the README says, and says which it lacks', async () => {
    const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
    const rights = /^`(~sessions:\* .*)` \(checked by a test\)/m.exec(readme)![1]!.split(' ')
    const cacheOf = async (username: string, given: readonly string[]) => {
      await admin.call('ACL', ['SETUSER', username, 'on', '>secret', ...given])
      const client = ioredis(server.url, { username, password: 'secret', enableReadyCheck: false })
      onTestFinished(() => client.disconnect())
      return redisCache(client, { timeoutMs: 20_000 })
    }
    const useAll = async (cache: SessionCache) => {
      const other = { ...ref, id: 'other' }
      await cache.keep(other, (await cache.find(other)).permit!, sessions[0]!)
      await cache.end(ref, await cache.begin(ref), sessions[1])
      return (await cache.find(ref)).copy?.stored
    }
    expect(await useAll(await cacheOf('whole', rights))).toEqual(sessions[1])
    for (const right of rights.filter((right) => !/^~|eval/.test(right))) {
      await admin.flushall()
      const lacking = await cacheOf(
        `no${right}`,
        rights.filter((other) => other !== right),
      )
      await expect(useAll(lacking), right).rejects.toMatchObject({ code: 'store_failed' })
    }
  })

  test('wrong options and clients are refused', () => {
    for (const options of [
      { ttlMs: 0 },
      { timeoutMs: -1 },
      { holdMs: 1.5 },
      { maxCopyBytes: 0 },
      { ttl: 5 },
      { keyPrefix: '{a}' },
    ])
      expect(() => open(options as RedisCacheOptions), JSON.stringify(options)).toThrow(
        expect.objectContaining({ code: 'invalid' }),
      )
    expect(() => redisCache({} as never)).toThrow(expect.objectContaining({ path: 'client' }))
  })
})
