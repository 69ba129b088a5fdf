import { readFile } from 'node:fs/promises'
import type { SessionRef, SessionStore, StoredSession } from '@sessions/core/store'
import { startRedis, type RedisServer } from '@sessions/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { neededCommands } from '../src/checks/check-server.js'
import { redisStore } from '../src/index.js'
import { ioredis, patient } from './clients.js'
import { message, useAll } from './use-all.js'

// Users of Redis who may not do everything.

let server: RedisServer
let admin: Redis
let whole: SessionStore
let readmeRights: string[]

beforeAll(async () => {
  server = await startRedis()
  admin = ioredis(server.url)
  whole = redisStore(admin, { ...patient, onWarning: () => {} })
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  readmeRights = /^ACL SETUSER app (.*)$/m.exec(readme)![1]!.split(' ')
})
afterAll(async () => {
  admin.disconnect()
  await server.stop()
})

let users = 0

async function userWith(rights: readonly string[]): Promise<Redis> {
  const username = `user-${++users}`
  await admin.call('ACL', ['SETUSER', username, ...rights])
  const client = ioredis(server.url, { username, password: 'secret' })
  onTestFinished(() => client.disconnect())
  return client
}

async function storeWith(rights: readonly string[]): Promise<SessionStore> {
  return redisStore(await userWith(rights), { ...patient, onWarning: () => {} })
}

const idleMs = 60_000
const made = { revision: 0, userId: 'alice', label: 'support', idleMs, messages: [1, 2].map(message) }

/** Every way to write, on a session that is there but for the two that make one. */
const writes: Record<
  string,
  (store: SessionStore, ref: SessionRef, copy: StoredSession) => Promise<unknown>
> = {
  create: (store, ref) => store.commit(ref, made),
  append: (store, ref) => store.commit(ref, { messages: [message(3), message(4)] }),
  'append with another deadline': (store, ref) =>
    store.commit(ref, { messages: [message(3)], idleMs: 2 * idleMs }),
  'append with one that is there': (store, ref) => store.commit(ref, { messages: [3, 2, 4].map(message) }),
  'append of another text under an id': (store, ref) =>
    store.commit(ref, { messages: [message(3), { id: 'm2', payload: 'other' }] }),
  change: (store, ref) => store.commit(ref, { revision: 1, body: 'new', messages: [message(3)] }),
  rename: (store, ref) => store.commit(ref, { userId: 'bob', label: 'sales' }),
  amend: (store, ref) =>
    store.amend(
      ref,
      [1, 2].map((seq) => ({ seq, payload: 'amended' })),
    ),
  trim: (store, ref) => store.trim(ref, 1),
  'restore over it': (store, ref, copy) =>
    store.restore(ref, { ...copy, record: { ...copy.record, changes: copy.record.changes + 1 } }),
  restore: (store, ref, copy) => store.restore(ref, copy),
  remove: (store, ref) => store.remove(ref),
}
const makes = new Set(['create', 'restore'])

test('the rights of the README are enough for everything', async () => {
  await useAll(await userWith(readmeRights), 'rights')
})

describe('a user without one right', () => {
  const commands = ['eval', 'evalsha', ...neededCommands]

  test('that the README names: each is here', () => {
    const named = readmeRights.filter((right) => /^\+(?!info|config)/.test(right))
    expect(named.map((right) => right.slice(1))).toEqual(commands)
  })

  for (const command of commands) {
    test(`${command}: a write is done as a whole, or refused with nothing changed`, async () => {
      const store = await storeWith([...readmeRights, `-${command}`])
      const tenantId = `no-${command}`
      const from = { tenantId, id: 'from' }
      await whole.commit(from, made)
      const copy = (await whole.read(from, { tail: 9 }))!
      for (const [name, write] of Object.entries(writes)) {
        const ref = { tenantId, id: name.replaceAll(' ', '-') }
        if (!makes.has(name)) await whole.restore(ref, copy)
        const before = await whole.read(ref, { tail: 9 })
        const after = async () => whole.read(ref, { tail: 9 })
        const [outcome] = await Promise.allSettled([write(store, ref, copy)])
        if (name === 'append of another text under an id') {
          expect(outcome, name).toMatchObject({ status: 'rejected' })
          expect(await after(), name).toEqual(before)
        } else if (outcome.status === 'rejected') {
          expect(outcome.reason, name).toMatchObject({
            code: 'store_failed',
            message: expect.stringContaining('right') as string,
          })
          expect(await after(), name).toEqual(before)
        } else expect(await after(), name).not.toEqual(before)
        // Whatever became of it, the session takes the next message.
        if (name !== 'remove') {
          const next = { ...((await after()) === undefined ? { revision: 0 } : {}), messages: [message(9)] }
          expect((await whole.commit(ref, next)).messages, name).toMatchObject([{ inserted: true }])
        }
      }
    })
  }
})

describe('a user with other keys', () => {
  const keys = {
    'those of one tenant, without the indexes': '~sessions:{few:*}:*',
    'the indexes without the sessions': '~sessions:{0}:* ~sessions:{1}:*',
    'all to read and none to write': '%R~sessions:*',
    'those of another prefix': '~others:*',
  }
  for (const [name, patterns] of Object.entries(keys)) {
    test(`${name}: is refused, and nothing is stored`, async () => {
      const store = await storeWith(['on', '>secret', ...patterns.split(' '), '+@all'])
      const ref = { tenantId: 'few', id: 'one' }
      const refused = store.commit(ref, { revision: 0, messages: [message(1)] })
      await expect(refused).rejects.toMatchObject({ code: 'store_failed' })
      expect(await whole.read(ref)).toBeUndefined()
      expect(await admin.keys('sessions:{few:*')).toEqual([])
    })
  }
})
