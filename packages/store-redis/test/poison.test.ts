import type { SessionStore } from '@sessions/core/store'
import { startRedis, type RedisServer } from '@sessions/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Keys, type SessionKeys } from '../src/stored/keys.js'
import { redisStore } from '../src/index.js'
import { ioredis, patient } from './clients.js'

type Plant = (client: Redis, keys: SessionKeys) => Promise<unknown>

const setRecord =
  (change: (fields: string[]) => void): Plant =>
  async (client, { log }) => {
    const fields = (await client.lindex(log, 0))!.split(' ')
    change(fields)
    await client.lset(log, 0, fields.join(' '))
  }

const setElement =
  (index: number, text: string): Plant =>
  (client, { log }) =>
    client.lset(log, index, text)

interface Kind {
  plant: Plant
  /** `whole`: a read needs nothing of what is wrong, and only a write finds out. */
  read?: 'whole'
  /** `whole`: a page of messages needs nothing of what is wrong. */
  page?: 'whole'
  /** What becomes of an append that does not look at what is wrong. */
  append?: 'done' | 'conflict'
}

const kinds: Record<string, Kind> = {
  'a string for a log': { plant: (client, { log }) => client.set(log, 'garbage') },
  'a hash for a log': {
    plant: async (client, { log }) => {
      await client.del(log)
      await client.hset(log, 'a', 'b')
    },
  },
  'a set for a log': {
    plant: async (client, { log }) => {
      await client.del(log)
      await client.sadd(log, 'a')
    },
  },
  'no log': { plant: (client, { log }) => client.del(log) },
  'no ids': { plant: (client, { ids }) => client.del(ids), read: 'whole' },
  'a string for ids': { plant: (client, { ids }) => client.set(ids, 'garbage'), read: 'whole' },
  'a list for ids': {
    plant: async (client, { ids }) => {
      await client.del(ids)
      await client.rpush(ids, 'a')
    },
    read: 'whole',
  },
  'an id less': { plant: (client, { ids }) => client.hdel(ids, 'm2'), read: 'whole' },
  'an id more': { plant: (client, { ids }) => client.hset(ids, 'm9', '9'), read: 'whole' },
  'an empty record': { plant: setElement(0, '') },
  'JSON for a record': { plant: setElement(0, '{"revision":1}') },
  'a record of a later layout': { plant: setRecord((fields) => (fields[0] = 'r4')) },
  'a record cut short': { plant: setRecord((fields) => fields.splice(5)) },
  'a record with a word for a number': { plant: setRecord((fields) => (fields[3] = 'many')) },
  'a record that counts too many messages': { plant: setRecord((fields) => (fields[4] = '7')) },
  'a record that counts too few': { plant: setRecord((fields) => (fields[4] = '2')) },
  'no record': { plant: (client, { log }) => client.lpop(log) },
  'no marker': { plant: setElement(2, 'x'), page: 'whole', append: 'done' },
  'JSON for a body': { plant: setElement(1, '{"a":1}'), page: 'whole', append: 'done' },
  'a body with half an escape': { plant: setElement(1, 'b\u0001"\\ud8'), page: 'whole', append: 'done' },
  'a message of no form': { plant: setElement(3, 'garbage') },
  'JSON for a message': { plant: setElement(3, '{"role":"user"}') },
  'a message in a wrong place': { plant: setElement(3, 'm9 1700000000000 m3 payload') },
  'a message without a time': { plant: setElement(3, 'm3 soon m3 payload') },
  'a payload with half an escape': {
    plant: setElement(3, 'm3 1700000000000 m3 \u0001{'),
    append: 'conflict',
  },
  'messages lost at the old end': { plant: (client, { log }) => client.rpop(log), append: 'done' },
  'a message more than there are': {
    plant: (client, { log }) => client.rpush(log, 'm0 1700000000000 m0 payload'),
    append: 'done',
  },
  'messages lost at the new end': {
    plant: (client, { log }) => client.lrem(log, 1, 'x').then(() => client.ltrim(log, 0, 3)),
    append: 'done',
  },
  "another session's log": {
    plant: (client, { log }) => client.copy(log.replace('poisoned', 'before'), log, 'REPLACE'),
  },
  'only a record': { plant: (client, { log }) => client.ltrim(log, 0, 0) },
}

let server: RedisServer
let client: Redis
let store: SessionStore

beforeAll(async () => {
  server = await startRedis()
  client = ioredis(server.url)
  store = redisStore(client, patient)
})
afterAll(async () => {
  client.disconnect()
  await server.stop()
})

const messages = ['m1', 'm2', 'm3'].map((id) => ({ id, payload: `payload of ${id}` }))
const corrupt = { code: 'corrupt' }

describe('a poisoned session fails alone', () => {
  for (const [name, { plant, read, page = read, append = 'corrupt' }] of Object.entries(kinds)) {
    test(name, async () => {
      const tenantId = name.replaceAll(' ', '-')
      const ref = { tenantId, id: 'poisoned' }
      const names = { userId: 'alice', label: 'support' }
      for (const id of ['before', 'poisoned', 'after']) {
        await store.commit(
          { tenantId, id },
          { revision: 0, body: 'body', messages, idleMs: 60_000, ...names },
        )
      }
      const keys = new Keys('sessions').session(ref)
      await plant(client, keys)
      const planted = await contentOf(keys)

      if (read === 'whole') {
        expect(await store.read(ref, { tail: 5 })).toMatchObject({ body: 'body', messages })
      } else {
        await expect(store.read(ref, { tail: 5 })).rejects.toMatchObject(corrupt)
      }
      const shown = store.messages(ref, { limit: 10 })
      if (page === 'whole') expect((await shown).messages).toMatchObject(messages)
      else await expect(shown).rejects.toMatchObject(corrupt)
      const appended = await store.commit(ref, { messages: [{ id: 'm3', payload: 'payload of m3' }] }).then(
        () => 'done',
        (error: { code: string }) => error.code,
      )
      expect(appended).toBe(append)
      if (append === 'corrupt') expect(await contentOf(keys), 'it is left as it is').toEqual(planted)

      for (const query of [{ tenantId }, { tenantId, ...names }]) {
        const listed = (await store.list({ ...query, limit: 1000 })).items.map(({ id }) => id)
        expect(listed.filter((id) => id !== 'poisoned').sort()).toEqual(['after', 'before'])
      }
      await store.sweep({ limit: 1000 })
      for (const id of ['before', 'after']) {
        expect(await store.read({ tenantId, id }, { tail: 5 })).toMatchObject({ body: 'body', messages })
      }

      expect(await store.remove(ref), 'it can be removed').toBe(true)
      expect(await store.read(ref)).toBeUndefined()
      await store.commit(ref, { revision: 0, messages })
      expect((await store.read(ref, { tail: 5 }))?.messages).toMatchObject(messages)
    })
  }
})

// What they hold: a dump differs when Redis arranged the same otherwise, as it does for a commit that was refused.
async function contentOf({ log, ids }: SessionKeys): Promise<unknown[]> {
  const type = await client.type(log)
  return [
    type === 'list' ? await client.lrange(log, 0, -1) : await client.dumpBuffer(log),
    await client.dumpBuffer(ids),
  ]
}
