import { isSessionError, type SessionChange, type SessionRef, type SessionStore } from '@sessions/core/store'
import { afterAll, describe, expect, test } from 'vitest'
import { migrate, type SqliteDatabase, sqliteStore } from '../src/index.js'
import { toTableNames } from '../src/schema.js'
import { toStatements } from '../src/statements.js'
import { leftOver, openRaw, patient, useFiles } from './files.js'

const path = useFiles()()
const database = openRaw(path)
afterAll(() => database.close())
await migrate(database)

const { sizes, ...others } = toStatements(toTableNames())
const named = { ...others, sizes: sizes.asc, sizesBack: sizes.desc }
const names = new Map(Object.entries(named).map(([name, sql]) => [sql, name]))

/** Each statement by its name, but for the clock of the file; what has no name by its first word. */
let verbs: string[] = []
const note = (sql: string): void => {
  if (!sql.includes('session_clock')) verbs.push(names.get(sql) ?? sql.split(' ')[0]!)
}
const noting: SqliteDatabase = {
  exec: (sql) => (note(sql), database.exec(sql)),
  prepare(sql) {
    const statement = database.prepare(sql)
    return {
      all: (...values) => (note(sql), statement.all(...values)),
      get: (...values) => (note(sql), statement.get(...values)),
      run: (...values) => (note(sql), statement.run(...values)),
    }
  },
  close: () => {},
}

let store: SessionStore
let tenants = 0
let tenantId: string

/** A store that has looked at its database, and knows no session. */
async function forgetful(): Promise<void> {
  store = sqliteStore(noting, patient)
  await store.read({ tenantId, id: 'none' })
}

/** For a test: such a store, and a tenant of its own. */
async function begin(): Promise<void> {
  tenantId = `tenant ${tenants++}`
  await forgetful()
  while ((await store.sweep({ limit: 1000 })) > 0);
}

const hour = 3_600_000
const refOf = (n: number): SessionRef => ({ tenantId, id: `session ${n}` })
const message = (id: string, payload = `payload of ${id}`) => ({ id, payload })
const row = (ref: SessionRef) =>
  database
    .prepare('select * from llm_sessions where tenant_id = ? and id = ?')
    .get(ref.tenantId, ref.id) as Record<string, unknown>

async function verbsOf(work: () => Promise<unknown>): Promise<string[]> {
  verbs = []
  await work().catch((error: unknown) => {
    if (!isSessionError(error)) throw error
  })
  return verbs
}

const whole = (...some: string[]) => ['begin', ...some, 'commit']

describe('commits', () => {
  test('to a session that the store knows, and to one that it reads first', async () => {
    await begin()
    const ref = refOf(1)
    const of = (change: SessionChange) => verbsOf(() => store.commit(ref, change))
    const create = { revision: 0, messages: [message('m1')], userId: 'alice', idleMs: hour }
    expect(await of(create)).toEqual(whole('find', 'insertSession', 'putBody', 'insertMessage'))
    expect(await of({ messages: [message('m2'), message('m3')] })).toEqual(
      whole('touchKnown', 'insertMessage', 'insertMessage'),
    )
    expect(await of({ revision: 1, body: 'body' })).toEqual(whole('touchKnown', 'putBody'))
    expect(await of({ messages: [message('m2')] }), 'told again').toEqual(
      whole('touchKnown', 'insertMessage', 'findMessage', 'touchSession'),
    )
    expect(await of({ idleMs: 2 * hour }), 'another minute').toEqual(whole('find', 'changeSession'))
    await forgetful()
    expect(await of({ messages: [message('m4')] })).toEqual(whole('find', 'insertMessage', 'touchSession'))
    expect(await of({ revision: 2, body: 'other' })).toEqual(whole('touchKnown', 'putBody'))
    expect(await of({ revision: 2, body: 'late' }), 'a conflict').toEqual(['begin', 'find', 'rollback'])
    expect(await store.read(ref, { tail: 9 })).toMatchObject({
      record: { revision: 3, changes: 7, lastSeq: 4, userId: 'alice', bytes: 4 * 'payload of m1'.length },
      body: 'other',
      messages: [{ id: 'm1' }, { id: 'm2' }, { id: 'm3' }, { id: 'm4' }],
    })
  })

  test.each(['known', 'read'])('of each name alone, of a session that is %s', async (how) => {
    await begin()
    const ref = refOf(1)
    await store.commit(ref, { revision: 0, lifetime: { idleMs: hour } })
    const changes = [
      { userId: 'alice' },
      { label: 'label' },
      { title: 'title' },
      { lifetime: { idleMs: hour + 1 } },
      { lifetime: { idleMs: hour + 1, absoluteMs: 2 * hour } },
    ] as const
    let expected: object = {}
    for (const change of changes) {
      if (how === 'read') await forgetful()
      const done = await verbsOf(() => store.commit(ref, change))
      expect(done, Object.keys(change)[0]!).toEqual(whole('find', 'changeSession'))
      expected = { ...expected, ...change }
      expect((await store.read(ref))!.record).toMatchObject(expected)
    }
    for (const change of changes.slice(0, 3)) {
      const [name] = Object.keys(change)
      await store.commit(ref, { [name!]: '' })
      expect((await store.read(ref))!.record).not.toHaveProperty(name!)
    }
  })

  test('move what lists and sweeps go by when its minute is over, and never back', async () => {
    await begin()
    const ref = refOf(1)
    const { record } = await store.commit(ref, { revision: 0, idleMs: hour })
    expect(row(ref)['expires_minute']).toBe(Math.floor(record.expiresAt! / 60_000))
    database
      .prepare('update llm_sessions set active_at = active_at - 61000 where tenant_id = ?')
      .run(tenantId)
    await forgetful()
    const later = (await store.commit(ref, { messages: [message('m1')] })).record
    expect(later.activeAt).toBeGreaterThanOrEqual(record.activeAt)
    expect(row(ref)['active_at']).toBe(later.activeAt)
    database
      .prepare('update llm_sessions set updated_at = updated_at + 600000 where tenant_id = ?')
      .run(tenantId)
    await forgetful()
    const { updatedAt } = (await store.read(ref))!.record
    for (const id of ['m2', 'm3']) {
      const { record, messages } = await store.commit(ref, { messages: [message(id)], idleMs: 2 * hour })
      expect([record.updatedAt, messages[0]!.at]).toEqual([updatedAt, updatedAt])
      expect([record.expiresAt, row(ref)['expires_minute']]).toEqual([
        updatedAt + 2 * hour,
        Math.floor((updatedAt + 2 * hour) / 60_000),
      ])
    }
  })

  test('have no more room than they say, of a session that is new, known or read', async () => {
    await begin()
    const ref = refOf(1)
    const two = [message('m1', 'xx'), message('m2', 'xx')]
    const codes = async (change: SessionChange) =>
      Promise.all(
        [{ maxSeq: 1 }, { maxBytes: 3 }, { maxSeq: 2, maxBytes: 4 }].map((bounds) =>
          store.commit(ref, { ...change, ...bounds }).then(
            ({ record }) => record.lastSeq,
            (error: { code: string }) => error.code,
          ),
        ),
      )
    const refused = ['limit_reached', 'too_large']
    expect(await codes({ revision: 0, messages: [...two, two[0]!] })).toEqual([...refused, 2])
    expect(await codes({ messages: [message('m3')] })).toEqual([
      'limit_reached',
      'too_large',
      'limit_reached',
    ])
    await forgetful()
    expect(await codes({ messages: [message('m3')] })).toEqual([
      'limit_reached',
      'too_large',
      'limit_reached',
    ])
    expect(await codes({ messages: two }), 'what is there needs none').toEqual([2, 2, 2])
    expect((await store.read(ref))!.record).toMatchObject({ changes: 4, bytes: 4 })
  })

  test('in place of a session past its deadline leave its messages to a sweep', async () => {
    await begin()
    const ref = refOf(1)
    await store.commit(ref, { revision: 0, messages: [message('old')], idleMs: 0 })
    expect(await verbsOf(() => store.commit(ref, { revision: 0, messages: [message('new')] }))).toEqual(
      whole('find', 'bury', 'insertSession', 'putBody', 'insertMessage'),
    )
    expect((await store.read(ref, { tail: 9 }))!.messages).toMatchObject([{ id: 'new', seq: 1 }])
    expect(await store.sweep({ limit: 9 }), 'nobody counts it twice').toBe(0)
    expect(
      database.prepare('select count(*) as count from llm_sessions where tenant_id = ?').get(tenantId),
    ).toMatchObject({ count: 1 })
    expect(leftOver(path)).toBe(0)
  })
})

describe('reads', () => {
  test('of few messages, of many, and of long ones', async () => {
    await begin()
    const short = Array.from({ length: 450 }, (_, n) => message(`m${n + 1}`, 'x'))
    await store.commit(refOf(1), { revision: 0, messages: short })
    expect(await verbsOf(() => store.read(refOf(1)))).toEqual(whole('read'))
    expect(await verbsOf(() => store.read(refOf(1), { tail: 200 }))).toEqual(whole('readTail', 'messages'))
    const step = (sizes: string) => whole('rewrites', sizes, 'messages')
    expect(await verbsOf(() => store.read(refOf(1), { tail: 401 }))).toEqual([
      ...whole('read', 'sizesBack', 'messages'),
      ...step('sizesBack'),
      ...step('sizesBack'),
    ])
    expect(await verbsOf(() => store.messages(refOf(1), { limit: 401 }))).toEqual([
      ...whole('find', 'sizes', 'messages'),
      ...step('sizes'),
      ...step('sizes'),
    ])
    for (const order of ['asc', 'desc'] as const) {
      const page = await store.messages(refOf(1), { limit: 401, order })
      const seqs = Array.from({ length: 401 }, (_, n) => (order === 'asc' ? n + 1 : 450 - n))
      expect([page.messages.map(({ seq }) => seq), page.more]).toEqual([seqs, true])
      expect((await store.messages(refOf(1), { limit: 450, order })).more).toBe(false)
      expect(
        (await store.messages(refOf(1), { limit: 9, after: 5, before: 7, order })).messages,
      ).toMatchObject([{ seq: 6, id: 'm6' }])
    }

    const long = [30_000, 40_000, 70_000, 300_000].map((length, n) =>
      message(`l${n + 1}`, 'y'.repeat(length)),
    )
    await store.commit(refOf(2), { revision: 0, messages: long })
    const slices = [whole('rewrites', 'slice'), whole('rewrites', 'slice')].flat()
    expect(await verbsOf(() => store.messages(refOf(2), { limit: 9 }))).toEqual([
      ...whole('find', 'sizes', 'messages'),
      ...whole('rewrites', 'messages'),
      ...whole('rewrites', 'slice'),
      ...slices,
    ])
    expect(await verbsOf(() => store.read(refOf(2), { tail: 4 }))).toEqual([
      ...whole('readTail', 'sizesBack', 'slice'),
      ...whole('rewrites', 'slice'),
      ...whole('rewrites', 'slice'),
      ...whole('rewrites', 'messages'),
      ...whole('rewrites', 'messages'),
    ])
    const lengths = (await store.read(refOf(2), { tail: 4 }))!.messages.map(({ payload }) => payload.length)
    expect(lengths).toEqual([30_000, 40_000, 70_000, 300_000])
  })
})

describe('upkeep', () => {
  const drop = ['sizes', 'deleteMessages']
  const gone = [...drop, 'deleteBody', 'deleteSession']

  test('of a short log', async () => {
    await begin()
    const ref = refOf(1)
    await store.commit(ref, { revision: 0, messages: ['m1', 'm2', 'm3'].map((id) => message(id)) })
    const amend = () =>
      store.amend(
        ref,
        [1, 3, 9].map((seq) => ({ seq, payload: 'amended' })),
      )
    expect(await verbsOf(amend)).toEqual(
      whole('findMeant', ...['sizeOf', 'amend', 'sizeOf', 'amend'], 'rewriteSession'),
    )
    expect(await verbsOf(() => store.amend(ref, [{ seq: 9, payload: 'none' }]))).toEqual(whole('findMeant'))
    expect(await verbsOf(() => store.trim(ref, 1))).toEqual(whole('findMeant', ...drop, 'rewriteSession'))
    expect(await verbsOf(() => store.trim(ref, 1)), 'again').toEqual(whole('findMeant'))
    expect((await store.read(ref))!.record).toMatchObject({
      changes: 3,
      trimmedSeq: 1,
      bytes: 'amended'.length + 'payload of m2'.length,
    })
    expect(await verbsOf(() => store.remove(ref))).toEqual(whole('findMeant', 'findMeant', ...gone))
    expect(await verbsOf(() => store.remove(ref)), 'again').toEqual(whole('findMeant', 'findMeant'))
  })

  test('of a long log goes in steps of 200 messages, or of one MiB', async () => {
    await begin()
    const long = (n: number, change: SessionChange = {}) =>
      store.commit(refOf(n), {
        revision: 0,
        messages: Array.from({ length: 450 }, (_, n) => message(`m${n}`, 'x')),
        ...change,
      })
    await long(1)
    let done: unknown
    const trim = whole('findMeant', ...drop, 'rewriteSession')
    expect(await verbsOf(async () => (done = await store.trim(refOf(1), 449)))).toEqual([
      ...trim,
      ...trim,
      ...trim,
    ])
    expect(done).toBe(449)
    expect((await store.read(refOf(1), { tail: 9 }))!).toMatchObject({
      record: { changes: 4, trimmedSeq: 449, bytes: 1 },
      messages: [{ seq: 450 }],
    })
    await long(2)
    expect(await verbsOf(async () => (done = await store.remove(refOf(2))))).toEqual([
      ...whole('findMeant', 'findMeant', ...drop, 'bury'),
      ...whole(...drop),
      ...whole(...gone),
    ])
    expect(done).toBe(true)
    await long(3, { idleMs: 0 })
    expect(await verbsOf(async () => (done = await store.sweep({ limit: 5 })))).toEqual([
      ...whole('expired', ...drop),
      ...whole('expired', ...drop),
      ...whole('expired', ...gone),
    ])
    expect(done).toBe(1)
    const payload = 'x'.repeat(512 * 1024)
    const three = ['m1', 'm2', 'm3'].map((id) => message(id, payload))
    await store.commit(refOf(4), { revision: 0, messages: three })
    expect(await verbsOf(() => store.trim(refOf(4), 3))).toEqual([...trim, ...trim])
    expect(leftOver(path)).toBe(0)
  })

  test('means the session of its guard alone, and counts its own first step', async () => {
    await begin()
    const ref = refOf(1)
    const messages = Array.from({ length: 450 }, (_, n) => message(`m${n}`, 'x'))
    await store.commit(ref, { revision: 0, messages, incarnation: 'first' })
    const amendments = Array.from({ length: 1001 }, (_, n) => ({ seq: (n % 450) + 1, payload: 'y' }))
    for (const guard of [{ changes: 2 }, { incarnation: 'other' }, { incarnation: 'other', changes: 1 }]) {
      expect(await store.amend(ref, amendments, guard)).toBe(0)
      expect(await store.trim(ref, 5, guard)).toBe(0)
      expect(await store.remove(ref, guard)).toBe(false)
    }
    expect(await store.amend(ref, amendments, { incarnation: 'first', changes: 1 })).toBe(1001)
    expect(await store.trim(ref, 449, { incarnation: 'first', changes: 3 })).toBe(449)
    expect(await store.remove(ref, { incarnation: 'first', changes: 6 })).toBe(true)
  })

  test('a copy comes in parts of 100 messages, and is the session with the last of them', async () => {
    await begin()
    const messages = Array.from({ length: 150 }, (_, n) => message(`m${n}`, 'x'))
    await store.commit(refOf(1), { revision: 0, messages, userId: 'alice', idleMs: hour, title: 'title' })
    const copy = (await store.read(refOf(1), { tail: 150 }))!
    const adding = (count: number) => Array.from({ length: count }, () => 'insertMessage')
    const found = ['find', 'find']
    expect(await verbsOf(() => store.restore(refOf(2), copy))).toEqual([
      ...whole(...found, 'beginCopy', ...adding(100), 'putBody', 'keepCopy'),
      ...whole(...found, ...adding(50), 'putBody', 'keepCopy', 'endCopy'),
    ])
    expect(await store.read(refOf(2), { tail: 150 })).toEqual({
      ...copy,
      record: { ...copy.record, ...refOf(2) },
    })
    expect(row(refOf(2))['expires_minute']).toBe(row(refOf(1))['expires_minute'])
    expect(await verbsOf(() => store.restore(refOf(2), copy)), 'again').toEqual([
      ...whole(...found),
      ...whole(...found),
    ])
    const aside = {
      ...copy,
      record: { ...copy.record, incarnation: 'other' },
      messages: copy.messages.slice(0, 1),
    }
    expect(await verbsOf(() => store.restore(refOf(3), { ...aside, more: true }))).toEqual(
      whole(...found, 'beginCopy', 'insertMessage', 'putBody', 'keepCopy'),
    )
    const { expires_minute: kept } = row({ ...refOf(3), id: `\u0010+${refOf(3).id}` })
    expect(Number(kept) - Math.floor(Date.now() / 60_000)).toBeGreaterThanOrEqual(60)
    expect(await store.sweep({ limit: 9 }), 'it is kept').toBe(0)
    expect(
      await verbsOf(() =>
        store.restore(refOf(3), { ...copy, messages: copy.messages.slice(0, 1), more: true }),
      ),
    ).toEqual(whole(...found, 'bury', 'beginCopy', 'insertMessage', 'putBody', 'keepCopy'))
    expect(await verbsOf(() => store.remove(refOf(3))), 'what is kept aside goes, too').toEqual(
      whole('findMeant', 'findMeant', ...gone),
    )
  })
})
