import type { SessionStore } from '@sessions/core/store'
import { startFaultProxy, startRedis, type RedisServer } from '@sessions/testkit'
import { once } from 'node:events'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Keys } from '../src/stored/keys.js'
import { redisStore, type RedisClient } from '../src/index.js'
import { ioredis, patient, preset } from './clients.js'
import { bytesDuring, commandsDuring } from './watch-commands.js'

const message = (n: number) => ({ id: `m${n}`, payload: JSON.stringify({ n, text: 'x'.repeat(300) }) })

let server: RedisServer
let client: Redis
let store: SessionStore

beforeAll(async () => {
  server = await startRedis()
  client = ioredis(server.url)
  store = redisStore(client, patient)
  // The store asks the server about itself once, and has done so before anything is counted.
  await store.read({ tenantId: 'warm', id: 'up' })
})
afterAll(async () => {
  client.disconnect()
  await server.stop()
})

async function sessionOf(id: string, messages: number) {
  const ref = { tenantId: 'acme', id }
  await store.commit(ref, { revision: 0, body: '{"a":1}', idleMs: 3_600_000 })
  for (let first = 1; first <= messages; first += 1000) {
    const count = Math.min(1000, messages - first + 1)
    const page = Array.from({ length: count }, (_, index) => message(first + index))
    await store.commit(ref, { messages: page })
  }
  return ref
}

describe('cost', () => {
  test('one command a commit, one a read, one a page', async () => {
    // A script is sent in full once, to a server that has not seen it.
    const first = await sessionOf('first', 1)
    await store.messages(first, { limit: 1 })
    await store.read(first, { tail: 2 })
    await store.amend(first, [{ seq: 1, payload: 'amended' }])
    await store.trim(first, 1)
    const ref = await sessionOf('counted', 10)
    const commands = await commandsDuring(server.url, async () => {
      await store.commit(ref, { messages: [message(11), message(12)], idleMs: 3_600_000 })
      await store.commit(ref, { revision: 1, body: '{"a":2}', messages: [message(13)] })
      await store.read(ref, { tail: 5 })
      await store.read(ref)
      await store.messages(ref, { limit: 5 })
      await store.amend(ref, [{ seq: 1, payload: 'amended' }])
      await store.trim(ref, 1)
    })
    expect(commands).toEqual(['EVALSHA', 'EVALSHA', 'EVALSHA', 'LRANGE', 'EVALSHA', 'EVALSHA', 'EVALSHA'])
  })

  test('newest messages that are known to be few bytes are read by a plain command', async () => {
    const ref = await sessionOf('known', 10)
    const large = (n: number) => ({ id: `large${n}`, payload: 'x'.repeat(200_000) })
    const commands = await commandsDuring(server.url, async () => {
      await store.read(ref, { tail: 20 })
      await store.read(ref, { tail: 20 })
      await store.commit(ref, { messages: [message(11)] })
      await store.read(ref, { tail: 5 })
      // Nobody knows of so many.
      await store.read(ref, { tail: 30 })
      await store.read(ref, { tail: 30 })
      await store.read(ref, { tail: 100 })
      await store.read(ref, { tail: 100 })
      for (let n = 1; n <= 4; n++) await store.commit(ref, { messages: [large(n)] })
      await store.read(ref, { tail: 2 })
    })
    const commit = 'EVALSHA'
    const counted = 'EVALSHA'
    const reads = [counted, 'LRANGE', commit, 'LRANGE', counted, 'LRANGE']
    const many = [counted, counted]
    expect(commands).toEqual([...reads, ...many, commit, commit, commit, commit, counted])
  })

  test('a tail that another instance has made large is counted by the server', async () => {
    const ref = await sessionOf('grown', 10)
    const other = redisStore(client)
    await store.read(ref, { tail: 20 })
    for (let n = 0; n < 5; n++) {
      await other.commit(ref, { messages: [{ id: `large${n}`, payload: 'x'.repeat(1_000_000) }] })
    }
    const commands = await commandsDuring(server.url, async () => {
      expect((await store.read(ref, { tail: 20 }))?.messages.map(({ seq }) => seq)).toEqual([12, 13, 14, 15])
      await store.read(ref, { tail: 20 })
    })
    expect(commands).toEqual(['LRANGE', 'EVALSHA', 'EVALSHA'])
  })

  test('a commit and a read move the same bytes at 10 and at 10,000 messages', async () => {
    const costOf = async (id: string, count: number) => {
      const ref = await sessionOf(id, count)
      const written = await bytesDuring(client, async () => {
        for (let n = 20_001; n <= 20_050; n++)
          await store.commit(ref, { messages: [message(n)], idleMs: 60_000 })
      })
      const read = await bytesDuring(client, async () => {
        for (let n = 0; n < 50; n++) await store.read(ref, { tail: 20 })
      })
      return [written.input, written.output, written.log, read.input, read.output]
    }
    const small = await costOf('small', 10)
    const large = await costOf('large', 10_000)
    for (const [index, bytes] of large.entries()) {
      const both = `${small.join(' ')}, then ${large.join(' ')}`
      expect(bytes, both).toBeGreaterThan(1000)
      expect(bytes / small[index]!, both).toBeGreaterThan(0.9)
      expect(bytes / small[index]!, both).toBeLessThan(1.1)
    }
  })

  test('20 of 10,000 sessions are listed by two commands within 50 kB', async () => {
    const tenantId = 'large'
    for (let done = 0; done < 10_000; done += 500) {
      await Promise.all(
        Array.from({ length: 500 }, (_, n) =>
          store.commit(
            { tenantId, id: `session-${done + n}` },
            { revision: 0, body: 'x'.repeat(1000), userId: `user-${n % 2}`, title: 'A title of some words' },
          ),
        ),
      )
    }
    const queries = [{ tenantId }, { tenantId, userId: 'user-1' }]
    for (const query of queries) {
      const page = () => store.list({ ...query, limit: 20 })
      const { cursor } = await page()
      const next = async () => {
        expect((await store.list({ ...query, limit: 20, cursor: cursor! })).items).toHaveLength(20)
      }
      expect(await commandsDuring(server.url, next)).toEqual(['EVALSHA', 'EVALSHA'])
      const { input, output } = await bytesDuring(client, next)
      expect(input + output).toBeLessThan(50_000)
      expect(input + output).toBeGreaterThan(1000)
    }
  })

  test('a trim of a long log goes in steps, and counts them together', async () => {
    const ref = await sessionOf('trimmed', 5000)
    expect(await store.trim(ref, 4999)).toBe(4999)
    expect((await store.read(ref, { tail: 10 }))?.messages).toMatchObject([{ seq: 5000, id: 'm5000' }])
  })
})

describe('keys', () => {
  test('of one session share a slot and end in the same millisecond', async () => {
    const ref = { tenantId: 'a{b}:c', id: 'd}e{f' }
    const { record } = await store.commit(ref, { revision: 0, idleMs: 60_000, messages: [message(1)] })
    const { log, ids } = new Keys('sessions').session(ref)
    const keys = [log, ids]
    expect(await client.exists(keys)).toBe(2)
    const ends = await Promise.all(keys.map((key) => client.pexpiretime(key)))
    expect(new Set(ends)).toEqual(new Set([record.expiresAt! - 1]))
    // What stands in the first braces decides the slot.
    const tags = keys.map((key) => /\{([^}]+)\}/.exec(key)![1])
    expect(new Set(tags).size).toBe(1)
  })

  test('the ids of a session that was empty get its deadline with the first message', async () => {
    const ref = { tenantId: 'late', id: 'ids' }
    const { record } = await store.commit(ref, { revision: 0, idleMs: 60_000 })
    await store.commit(ref, { messages: [message(1)] })
    expect(await client.pexpiretime('sessions:{late:ids}:ids')).toBe(record.expiresAt! - 1)
    await store.trim(ref, 1)
    await store.commit(ref, { messages: [message(2)] })
    expect(await client.pexpiretime('sessions:{late:ids}:ids')).toBe(record.expiresAt! - 1)
  })

  test('stores of two prefixes share nothing', async () => {
    const one = redisStore(client, { keyPrefix: 'p' })
    const two = redisStore(client, { keyPrefix: 'p:' })
    await one.commit({ tenantId: 't', id: 'i' }, { revision: 0 })
    expect(await two.read({ tenantId: 't', id: 'i' })).toBeUndefined()
    expect((await two.list({ tenantId: 't', limit: 1 })).items).toEqual([])
    expect(() => redisStore(client, { keyPrefix: 'a{b}' })).toThrow(/brace/)
  })

  test('nothing is left of sessions that were removed or swept', async () => {
    const before = await client.dbsize()
    const names = { userId: 'u', label: 'l', messages: [message(1)] }
    for (let n = 0; n < 20; n++) {
      await store.commit(
        { tenantId: 'gone', id: `${n}` },
        { revision: 0, idleMs: n % 2 === 0 ? 0 : 60_000, ...names },
      )
    }
    for (let n = 1; n < 20; n += 2) expect(await store.remove({ tenantId: 'gone', id: `${n}` })).toBe(true)
    while ((await store.sweep({ limit: 3 })) > 0) continue
    expect(await client.keys('*gone*')).toEqual([])
    expect(await client.dbsize()).toBeLessThanOrEqual(before)
  })
})

describe('a client that sends again what was not answered', () => {
  test('has each change of a body applied once and called a success', async () => {
    const proxy = await startFaultProxy({ target: server })
    // As ioredis comes: lost commands are sent again after the reconnect, behind everybody's back.
    const eager = ioredis(proxy.through(server.url), { retryStrategy: () => 1 })
    const through = redisStore(eager, patient)
    const ref = { tenantId: 'acme', id: 'resent' }
    await store.commit(ref, { revision: 0, body: '0' })
    for (let revision = 1; revision <= 50; revision++) {
      proxy.set({ kind: 'cutBeforeReply', times: 1 })
      const { record, messages } = await through.commit(ref, {
        revision,
        body: `${revision}`,
        messages: [message(revision)],
      })
      expect(proxy.hits).toBe(1)
      expect(record).toMatchObject({ revision: revision + 1, lastSeq: revision })
      expect(messages).toMatchObject([{ seq: revision, inserted: true }])
    }
    expect(await store.read(ref)).toMatchObject({ body: '50', record: { revision: 51, lastSeq: 50 } })
    eager.disconnect()
    await proxy.stop()
  })
})

describe('the client', () => {
  test('is left as it was given', async () => {
    const [own, untouched] = [preset(server), preset(server)]
    await once(untouched, 'ready')
    const mine = redisStore(own)
    await mine.commit({ tenantId: 'acme', id: 'lent' }, { revision: 0 })
    expect(await own.ping()).toBe('PONG')
    for (const event of ['ready', 'close', 'end', 'error']) {
      expect(own.listenerCount(event), event).toBe(untouched.listenerCount(event))
    }
    own.disconnect()
    untouched.disconnect()
  })

  test('is refused when it is none', () => {
    expect(() => redisStore({} as RedisClient)).toThrow(/client/)
  })

  test('gets a chance to connect before the first call, also without a queue', async () => {
    const own = preset(server)
    await redisStore(own).commit({ tenantId: 'acme', id: 'first call' }, { revision: 0 })
    own.disconnect()
  })
})
