import {
  isSessionError,
  type Page,
  type SessionRecord,
  type SessionRef,
  type SessionStore,
} from '@sessions/core/store'
import type pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { postgresStore, type PostgresStoreOptions } from '../src/index.js'
import { migrated, type useServer } from './databases.js'

const mine = 'tenant_id = $1 and id = $2'
const ofMine =
  'tenant_id = $1 and session_key = (select skey from llm_sessions where tenant_id = $1 and id = $2)'

const record = {
  'revision 0': 'revision = 0',
  'a negative revision': 'revision = -7',
  'no revision': 'revision = null',
  'a negative last_seq': 'last_seq = -1',
  'no last_seq': 'last_seq = null',
  'more trimmed than there was': 'trimmed_seq = 99',
  'a negative trimmed_seq': 'trimmed_seq = -1',
  'no trimmed_seq': 'trimmed_seq = null',
  'no created_at': 'created_at = null',
  'no updated_at': 'updated_at = null',
  'no active_at': 'active_at = null',
  'a time before time': 'created_at = -5000000000000',
  'no incarnation': 'incarnation = null',
}

const log = {
  'a gap': `delete from llm_session_messages where ${ofMine} and seq = 3`,
  'the newest message missing': `delete from llm_session_messages where ${ofMine} and seq = 4`,
  'all messages missing': `delete from llm_session_messages where ${ofMine}`,
  'a message of a later seq': `update llm_session_messages set seq = 9 where ${ofMine} and seq = 3`,
  'a message of a negative seq': `update llm_session_messages set seq = -3 where ${ofMine} and seq = 3`,
  'no payload': `update llm_session_messages set payload = null where ${ofMine} and seq = 3`,
  'no message id': `update llm_session_messages set id = null where ${ofMine} and seq = 3`,
  'no time of a message': `update llm_session_messages set at = null where ${ofMine} and seq = 3`,
}

/** What a page of messages says of them, where it is not of a gap. */
const said: Readonly<Record<string, string>> = {
  'no message id': 'id is no text',
  'no time of a message': 'at is out of range',
}

/** Shows what becomes of rows that no store has written. */
export function describePoisoned(
  name: string,
  context: ReturnType<typeof useServer>,
  options: PostgresStoreOptions,
): void {
  describe(name, () => {
    let pool: pg.Pool
    let sessions = 0

    beforeAll(async () => {
      pool = context.pools.open(await migrated(context.server))
      // As it might come from a backup, a script, or a table that was made by hand.
      const { rows } = await pool.query<{ sql: string }>(`
      select format('alter table %s drop constraint %I', conrelid::regclass, conname) as sql from pg_constraint
        where conrelid in ('llm_sessions'::regclass, 'llm_session_messages'::regclass) and contype in ('c', 'n')
          and conname !~ '(tenant_id|session_key|session_messages_seq|sessions_id)_not_null'`)
      for (const { sql } of rows) await pool.query(sql).catch(() => {})
      await pool.query('alter table llm_session_messages drop constraint llm_session_messages_once')
      await pool.query('alter table llm_session_messages alter id drop not null')
    })

    async function poisoned(sql: string) {
      const store = postgresStore(pool, options)
      const ref = { tenantId: `tenant ${sessions++}`, id: 'poisoned' }
      const good = { ...ref, id: 'good' }
      for (const each of [{ ...ref, id: 'the last' }, ref, good]) {
        const messages = [1, 2, 3, 4].map((n) => ({ id: `m${n}`, payload: `payload ${n}` }))
        await store.commit(each, { revision: 0, body: 'body', messages })
      }
      await pool.query(sql, [ref.tenantId, ref.id])
      return { store, ref, good }
    }

    const image = async (ref: SessionRef) =>
      (await pool.query(`select * from llm_sessions where ${mine}`, [ref.tenantId, ref.id])).rows

    for (const [what, change] of Object.entries(record)) {
      test(`record: ${what}`, async () => {
        const { store, ref, good } = await poisoned(`update llm_sessions set ${change} where ${mine}`)
        const before = await image(ref)
        const reads = [good, ref, good].map((each) =>
          store.read(each, { tail: 2 }).then((stored) => stored?.body, codeOf),
        )
        expect(await Promise.all(reads)).toEqual(['body', 'corrupt', 'body'])
        await expect(store.messages(ref, { limit: 2 })).rejects.toMatchObject({ code: 'corrupt' })
        const appends = [good, ref].map((each) =>
          store
            .commit(each, { messages: [{ id: 'm5', payload: 'p' }], idleMs: 60_000 })
            .then(() => 'done', codeOf),
        )
        expect(await Promise.all(appends)).toEqual(['done', 'corrupt'])
        await expect(store.commit(ref, { title: 'changed' })).rejects.toMatchObject({ code: 'corrupt' })
        await expect(store.commit(ref, { revision: 0 })).rejects.toMatchObject({ code: 'corrupt' })
        expect(await image(ref), 'it is left as it is').toEqual(before)
        expect(await listed(store, ref, 10)).toEqual(['good', 'the last'])
        expect(await listed(store, ref, 1), 'page by page').toEqual(['good', 'the last'])
        expect(await store.remove(ref)).toBe(true)
        expect((await store.commit(ref, { revision: 0 })).record.revision).toBe(1)
      })
    }

    for (const [what, sql] of Object.entries(log)) {
      test(`log: ${what}`, async () => {
        const { store, ref, good } = await poisoned(sql)
        const reads = [good, ref, good].map((each) =>
          store.read(each, { tail: 3 }).then((stored) => stored?.body, codeOf),
        )
        expect(await Promise.all(reads)).toEqual(['body', 'corrupt', 'body'])
        await expect(store.messages(ref, { limit: 10 })).rejects.toMatchObject({
          code: 'corrupt',
          message: expect.stringContaining(said[what] ?? 'the log has gaps') as string,
        })
        expect((await store.read(ref))?.body).toBe('body')
        expect((await listed(store, ref, 10)).sort()).toEqual(['good', 'poisoned', 'the last'])
        expect(await store.remove(ref)).toBe(true)
      })
    }

    test('a message where the next one belongs: appends are corrupt, and change nothing', async () => {
      const { store, ref } = await poisoned(
        `insert into llm_session_messages (tenant_id, session_key, seq, at, id, payload)
      select tenant_id, skey, 5, 0, 'stray', 'stray' from llm_sessions where ${mine}`,
      )
      const before = await image(ref)
      const append = store.commit(ref, { messages: [{ id: 'm5', payload: 'p' }] })
      await expect(append).rejects.toMatchObject({ code: 'corrupt' })
      expect(await image(ref)).toEqual(before)
    })

    test('no body', async () => {
      const { store, ref, good } = await poisoned(`update llm_sessions set body = null where ${mine}`)
      const reads = [good, ref].map((each) => store.read(each).then((stored) => stored?.body, codeOf))
      expect(await Promise.all(reads)).toEqual(['body', 'corrupt'])
      expect(await listed(store, ref, 10)).toHaveLength(3)
    })

    test('a whole page of them: a list goes on behind it', async () => {
      const { store, ref } = await poisoned(`update llm_sessions set revision = 0 where ${mine}`)
      for (const id of ['and another', 'and one more']) {
        await store.commit({ ...ref, id }, { revision: 0, body: 'body' })
        await pool.query(`update llm_sessions set revision = 0 where ${mine}`, [ref.tenantId, id])
      }
      await pool.query('update llm_sessions set active_at = 0 where tenant_id = $1', [ref.tenantId])
      // By their ids now: those that cannot be read stand together.
      expect(await listed(store, ref, 1)).toEqual(['good', 'the last'])
    })

    test('separators and escapes in a payload', async () => {
      for (const garbage of ["E'a\\x1fb'", "E'a\\x1eb'", "E'\\x1f\\x1e'"]) {
        const { store, ref } = await poisoned(
          `update llm_session_messages set payload = ${garbage} where ${ofMine} and seq = 3`,
        )
        await expect(store.read(ref, { tail: 3 }), garbage).rejects.toMatchObject({ code: 'corrupt' })
        expect((await store.read(ref, { tail: 1 }))?.messages).toHaveLength(1)
      }
      const { store, ref } = await poisoned(
        `update llm_session_messages set payload = E'\\x10zz' where ${ofMine} and seq = 3`,
      )
      expect((await store.read(ref, { tail: 2 }))?.messages[0]?.payload, 'text is opaque').toBe('\u0010zz')
    })
  })
}

/** The ids of a tenant's sessions, by pages of `limit`. */
async function listed(store: SessionStore, { tenantId }: SessionRef, limit: number): Promise<string[]> {
  const ids: string[] = []
  for (let next: { cursor?: string } | undefined = {}; next !== undefined;) {
    const { items, cursor }: Page<SessionRecord> = await store.list({ tenantId, limit, ...next })
    ids.push(...items.map(({ id }) => id))
    next = cursor === undefined ? undefined : { cursor }
  }
  return ids
}

function codeOf(error: unknown): string {
  if (!isSessionError(error)) throw error
  return error.code
}
