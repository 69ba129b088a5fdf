import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { copySessions, memoryStore, type SessionStore } from '@sessions/core'
import { haltingStore } from '@sessions/core/testing'
import { migrate, postgresStore } from '@sessions/store-postgres'
import { redisStore } from '@sessions/store-redis'
import { sqliteStore } from '@sessions/store-sqlite'
import { startPostgres, startRedis } from '@sessions/testkit'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

// 10,000 sessions between each pair of stores, and the copy is killed five times on the way. Takes some minutes.

const tenantId = 'acme'
const count = 10_000
const tenants = [tenantId]
const ends: (() => unknown)[] = []

afterAll(async () => {
  for (const end of ends.reverse()) await end()
})

/** A store with nothing in it. */
type MakeStore = () => Promise<SessionStore>

const makers: Record<string, MakeStore> = {
  memory: async () => memoryStore({ maxSessions: 2 * count, maxBytes: 1024 * 1024 * 1024 }),
}

beforeAll(async () => {
  const redis = await startRedis()
  ends.push(() => redis.stop())
  let number = 0
  makers['redis'] = async () => {
    const client = new Redis(redis.url, { commandTimeout: 20_000 })
    ends.push(() => client.disconnect())
    return redisStore(client, { keyPrefix: `copy${number++}` })
  }
  const postgres = await startPostgres()
  ends.push(() => postgres.stop())
  makers['postgres'] = async () => {
    const pool = new pg.Pool({ connectionString: await postgres.createDatabase(), max: 8 })
    ends.push(() => pool.end())
    await migrate(pool)
    return postgresStore(pool)
  }
  const dir = mkdtempSync(join(tmpdir(), 'sessions-copy-'))
  ends.push(() => rmSync(dir, { recursive: true, force: true }))
  makers['sqlite'] = async () => {
    const store = sqliteStore(join(dir, `${number++}.db`), { synchronous: 'normal' })
    ends.push(() => store.close())
    return store
  }
})

/** Sessions of one to five messages, one of 3,000, and what few have: an amended message, a trim, names, a lifetime. */
async function filled(): Promise<SessionStore> {
  const store = await makers['memory']!()
  for (let n = 0; n < count; n++) {
    const messages = Array.from({ length: 1 + (n % 5) }, (_, index) => ({
      id: `m${index}`,
      payload: JSON.stringify({ role: 'user', content: `Grüße ${n}.${index} `.repeat(10), tokens: 40 }),
    }))
    const names = { userId: `user ${n % 100}`, title: `Title ${n}`, label: n % 2 === 0 ? 'even' : 'odd' }
    const lifetime = n % 7 === 0 ? { lifetime: { idleMs: 86_400_000 + n } } : {}
    await store.commit(
      { tenantId, id: `s${n}` },
      { revision: 0, body: `{"n":${n}}`, messages, ...names, ...lifetime },
    )
  }
  const long = Array.from({ length: 3000 }, (_, index) => ({ id: `x${index}`, payload: 'y'.repeat(900) }))
  await store.commit({ tenantId, id: 's7' }, { messages: long })
  await store.amend({ tenantId, id: 's8' }, [{ seq: 2, payload: '"amended"' }])
  await store.trim({ tenantId, id: 's9' }, 3)
  return store
}

/** Copies, and kills the copy five times: at a call of the other store that was made, or was not. */
async function copyInPieces(from: SessionStore, to: SessionStore): Promise<void> {
  for (const [index, call] of [3, 900, 2500, 4000, 6000].entries()) {
    const dying = haltingStore(to, { call, when: index % 2 === 0 ? 'before' : 'after' })
    const ended = await Promise.race([
      copySessions(from, dying.store, { tenants }),
      dying.died.then(() => 'killed' as const),
    ])
    expect(ended).toBe('killed')
  }
  expect(await copySessions(from, to, { tenants })).toMatchObject({
    complete: true,
    conflicts: [],
    failures: [],
  })
}

async function expectEqual(from: SessionStore, to: SessionStore): Promise<void> {
  for (let n = 0; n < count; n++) {
    const ref = { tenantId, id: `s${n}` }
    const [given, copied] = await Promise.all([from.read(ref, { tail: 10 }), to.read(ref, { tail: 10 })])
    expect(copied, ref.id).toEqual(given)
  }
  for (const [id, limit] of [
    ['s7', 1000],
    ['s8', 10],
    ['s9', 10],
  ] as const) {
    for (let after = 0, more = true; more;) {
      const query = { after, limit }
      const page = await from.messages({ tenantId, id }, query)
      expect(await to.messages({ tenantId, id }, query)).toEqual(page)
      after = page.messages.at(-1)?.seq ?? after
      more = page.more
    }
  }
  for (const filter of [{}, { userId: 'user 7' }, { label: 'odd' }]) {
    expect(await idsOf(to, filter)).toEqual(await idsOf(from, filter))
  }
}

async function idsOf(store: SessionStore, filter: object): Promise<string[]> {
  const ids: string[] = []
  let cursor: string | undefined
  do {
    const page = await store.list({
      tenantId,
      limit: 1000,
      ...filter,
      ...(cursor === undefined ? {} : { cursor }),
    })
    ids.push(...page.items.map(({ id }) => id))
    cursor = page.cursor
  } while (cursor !== undefined)
  return ids.sort()
}

describe('copySessions of 10,000 sessions, killed five times', () => {
  // Each pair of stores, in both directions.
  const tour = [
    'redis',
    'postgres',
    'sqlite',
    'redis',
    'memory',
    'sqlite',
    'postgres',
    'memory',
    'postgres',
    'redis',
    'sqlite',
    'memory',
  ]

  it(`makes each store equal by every read: memory, ${tour.join(', ')}`, { timeout: 1_800_000 }, async () => {
    const source = await filled()
    let from = source
    for (const name of tour) {
      const to = await makers[name]!()
      await copyInPieces(from, to)
      await expectEqual(source, to)
      from = to
    }
  })
})
