import type { NewMessage, SessionStore } from '@sessions/core/store'
import { beforeAll, describe, expect, test } from 'vitest'
import { migrate, type SqliteDatabase, sqliteStore } from '../src/index.js'
import { openRaw, patient, useFiles } from './files.js'

const newPath = useFiles()
const tenantId = 'acme'

function messages(count: number, first = 1): NewMessage[] {
  return Array.from({ length: count }, (_, index) => ({ id: `m${first + index}`, payload: 'x'.repeat(400) }))
}

/** A database that notes every statement it runs. */
function counting(database: SqliteDatabase, run: string[]): SqliteDatabase {
  return {
    exec: (sql) => (run.push(sql), database.exec(sql)),
    prepare(sql) {
      const statement = database.prepare(sql)
      return {
        all: (...values) => (run.push(sql), statement.all(...values)),
        get: (...values) => (run.push(sql), statement.get(...values)),
        run: (...values) => (run.push(sql), statement.run(...values)),
      }
    },
    close: () => database.close(),
  }
}

describe('statements', () => {
  const run: string[] = []
  let store: SessionStore
  let database: SqliteDatabase
  const ref = { tenantId, id: 'session' }

  /** How many statements there are beside the ends of the transaction. */
  async function costs(work: () => Promise<unknown>): Promise<number> {
    run.length = 0
    await work()
    return run.filter((sql) => !/^(begin|commit|rollback)|session_clock/.test(sql)).length
  }

  beforeAll(async () => {
    database = openRaw(newPath())
    await migrate(database)
    store = sqliteStore(counting(database, run))
    await store.commit(ref, {
      revision: 0,
      userId: 'a',
      label: 'l',
      messages: messages(3),
      idleMs: 3_600_000,
    })
  })

  test('an append changes a session that the store knows, and adds the message; a read takes two', async () => {
    const append = (seq: number) => ({ messages: messages(1, seq), idleMs: 3_600_000 })
    expect(await costs(() => store.commit(ref, append(4)))).toBe(2)
    // Sent again, and corrected.
    expect(await costs(() => store.commit(ref, append(4)))).toBe(4)
    expect(await costs(() => store.commit(ref, { title: 'Phones' }))).toBe(2)
    // Changed by another one meanwhile, the session is read.
    const other = sqliteStore(database)
    await other.commit(ref, { label: 'm' })
    expect(await costs(() => store.commit(ref, { messages: messages(1, 5), idleMs: 3_600_000 }))).toBe(4)
    expect(await costs(() => store.read(ref))).toBe(1)
    expect(await costs(() => store.read(ref, { tail: 3 }))).toBe(2)
    expect(await costs(() => store.messages(ref, { limit: 3 }))).toBe(3)
    expect(await costs(() => store.list({ tenantId, limit: 3 }))).toBe(2)
  })

  test('an append right after another one leaves every index of sessions as it is', async () => {
    await store.commit(ref, { messages: messages(1, 6), idleMs: 3_600_000 })
    run.length = 0
    await store.commit(ref, { messages: messages(1, 7) })
    const updates = run.filter((sql) => sql.startsWith('update "llm_sessions"'))
    expect(updates).toHaveLength(1)
    expect(updates[0]).not.toMatch(/active_at|expires_minute|user_id/)
  })

  test('no statement looks through a table: each finds what it is about by an index', async () => {
    run.length = 0
    await store.read(ref, { tail: 3 })
    await store.messages(ref, { limit: 2, order: 'desc' })
    await store.messages(ref, { limit: 2, after: 1 })
    await store.amend(ref, [{ seq: 1, payload: 'amended' }])
    await store.commit(ref, { messages: messages(2, 6), body: 'b', revision: 1 })
    for (const query of [{}, { userId: 'a' }, { label: 'l' }, { activeBefore: 9e15 }]) {
      await store.list({ tenantId, limit: 10, ...query })
      await store.list({
        tenantId,
        limit: 10,
        ...query,
        ...(query.activeBefore ? {} : { after: { activeAt: 9e15, id: '' } }),
      })
    }
    const copy = (await store.read(ref, { tail: 100 }))!
    await store.restore({ tenantId, id: 'copy' }, { ...copy, record: { ...copy.record, changes: 99 } })
    await store.trim(ref, 2)
    await store.remove(ref)
    await store.sweep({ limit: 10 })
    const statements = [...new Set(run)].filter(
      (sql) => /^(select|update|delete)/.test(sql) && !sql.includes('clock'),
    )
    expect(statements.length).toBeGreaterThan(20)
    for (const sql of statements) {
      const plan = database.prepare(`explain query plan ${sql}`).all() as { detail: string }[]
      expect(
        plan.filter(({ detail }) => /^SCAN (?!\(subquery)/.test(detail) || /TEMP B-TREE/.test(detail)),
        sql,
      ).toEqual([])
    }
  })
})

describe('work that takes long is done in steps, and others go on in between', () => {
  let store: SessionStore
  const ref = { tenantId, id: 'long' }

  /** How many turns of the event loop others have while `work` is under way. */
  async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
    let turns = 0
    let isOver = false
    const turn = (): void => {
      turns++
      if (!isOver) setImmediate(turn)
    }
    setImmediate(turn)
    await work()
    isOver = true
    return turns
  }

  beforeAll(async () => {
    const database = openRaw(newPath())
    database.exec('pragma synchronous = off')
    await migrate(database)
    store = sqliteStore(database, patient)
    for (let first = 1; first < 10_000; first += 1000) {
      const payload = 'x'.repeat(1500)
      const batch = messages(1000, first).map(({ id }) => ({ id, payload }))
      await store.commit(ref, first === 1 ? { revision: 0, messages: batch } : { messages: batch })
    }
  })

  test('a long tail, a copy, a trim, a removal, a sweep', async () => {
    const copy = await store.read(ref, { tail: 2500 })
    expect(copy!.messages).toHaveLength(2500)
    expect(await turnsDuring(() => store.read(ref, { tail: 2500 }))).toBeGreaterThan(1)
    const record = { ...copy!.record, trimmedSeq: copy!.record.lastSeq - 2500 }
    const restored = { tenantId, id: 'copy' }
    expect(await turnsDuring(() => store.restore(restored, { ...copy!, record }))).toBeGreaterThan(1)
    expect((await store.read(restored, { tail: 2500 }))!.messages).toEqual(copy!.messages)
    expect(await turnsDuring(async () => expect(await store.trim(ref, 5000)).toBe(5000))).toBeGreaterThan(1)
    expect(await turnsDuring(async () => expect(await store.remove(ref)).toBe(true))).toBeGreaterThan(1)
    // One of them a fast machine sweeps within one step.
    const expired = [restored, ...[1, 2, 3, 4].map((n) => ({ tenantId, id: `copy-${n}` }))]
    for (const other of expired.slice(1)) await store.restore(other, { ...copy!, record })
    for (const one of expired) await store.commit(one, { idleMs: 0 })
    expect(await turnsDuring(async () => expect(await store.sweep({ limit: 10 })).toBe(5))).toBeGreaterThan(1)
  })

  test('a page is of one moment, also when its messages are amended while it is read', async () => {
    const place = { tenantId, id: 'amended' }
    const seqs = Array.from({ length: 1000 }, (_, index) => index + 1)
    const version = (n: number) => `${n} `.repeat(1500)
    await store.commit(place, {
      revision: 0,
      messages: seqs.map((seq) => ({ id: `m${seq}`, payload: version(0) })),
    })
    const over = new AbortController()
    const amending = (async () => {
      for (let n = 1; !over.signal.aborted; n++) {
        const payload = version(n % 10)
        await store.amend(
          place,
          seqs.map((seq) => ({ seq, payload })),
        )
      }
    })()
    for (let round = 0; round < 5; round++) {
      const { messages } = await store.messages(place, { limit: 1000 })
      expect(messages).toHaveLength(1000)
      expect(new Set(messages.map(({ payload }) => payload)).size).toBe(1)
    }
    over.abort()
    await amending
  })
})
