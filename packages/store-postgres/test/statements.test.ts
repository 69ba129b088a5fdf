import { isSessionError, type SessionChange, type SessionRef, type SessionStore } from '@sessions/core/store'
import type pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { postgresStore } from '../src/index.js'
import { migrated, patient, useServer } from './databases.js'
import { noteStatements, type SentStatements } from './sent-statements.js'

const context = useServer()
let pool: pg.Pool
let sent: SentStatements
let store: SessionStore
let tenants = 0
let tenantId: string

beforeAll(async () => {
  pool = context.pools.open(await migrated(context.server), patient.pool)
  sent = noteStatements(pool)
})

const refOf = (id: string | number): SessionRef => ({ tenantId, id: `session ${id}` })
const message = (id: string, payload = `payload of ${id}`) => ({ id, payload })
const append = (ref: SessionRef, ids: string[], more: SessionChange = {}) =>
  store.commit(ref, { messages: ids.map((id) => message(id)), ...more })

/** As a process that has had nothing to do for a while: its first call goes at once, and later ones together. */
function rested(): void {
  store = postgresStore(pool, patient.store)
  sent.verbs = []
}

/** For a test: a store, and a tenant of its own. */
function begin(): void {
  tenantId = `tenant ${tenants++}`
  rested()
}

/** The statements of some work, whatever becomes of it. */
async function verbsOf(work: () => Promise<unknown>): Promise<string[]> {
  sent.verbs = []
  await work().catch(() => {})
  return sent.verbs
}

const codeOf = (error: unknown): string => {
  if (!isSessionError(error)) throw error
  return error.code
}

describe('the statements of a call', () => {
  test('commits', async () => {
    begin()
    const ref = refOf(1)
    const of = (change: SessionChange) => verbsOf(() => store.commit(ref, change))
    expect(await of({ revision: 0, messages: [message('m1')], userId: 'alice' })).toEqual(['create'])
    expect(await of({ messages: [message('m2')] })).toEqual(['append_one'])
    expect(await of({ messages: [message('m3'), message('m4')] })).toEqual(['append'])
    expect(await of({ idleMs: 60_000 })).toEqual(['append'])
    for (const change of [
      { revision: 1 },
      { revision: 1, body: 'body' },
      { userId: 'bob' },
      { label: 'label' },
      { title: 'title' },
      { lifetime: { idleMs: 60_000 } },
    ] as const) {
      expect(await of(change), Object.keys(change)[0]!).toEqual(['change'])
    }
    // What they stored.
    expect(await store.read(ref, { tail: 9 })).toMatchObject({
      record: { revision: 2, changes: 10, userId: 'bob', label: 'label', title: 'title', lastSeq: 4 },
      body: 'body',
    })
  })

  test('commits that are refused, or told twice', async () => {
    begin()
    const ref = refOf(1)
    const of = (change: SessionChange) => verbsOf(() => store.commit(ref, change))
    expect(await of({ messages: [message('m1')] }), 'there is none').toEqual(['append_one', 'append'])
    await append(ref, ['m1', 'm2'], { revision: 0 })
    expect(await of({ revision: 0 })).toEqual(['create'])
    expect(await of({ revision: 7, body: 'late' })).toEqual(['change'])
    expect(await of({ messages: [message('m3')], maxSeq: 2 }), 'no room, unless it is known').toEqual([
      'append_one',
      'append',
      'begin',
      'lock',
      'find',
      'rollback',
    ])
    const inSteps = ['begin', 'lock', 'find', 'append', 'commit']
    expect(await of({ messages: [message('m1')] }), 'told again').toEqual(['append_one', ...inSteps])
    expect(await of({ messages: [message('m3'), message('m3')] }), 'twice in one').toEqual(
      inSteps.with(3, 'append_one'),
    )
    expect(await of({ messages: [message('m1', 'another')] })).toEqual([
      'append_one',
      'begin',
      'lock',
      'find',
      'rollback',
    ])
    await store.commit(ref, { idleMs: 0 })
    expect(await of({ revision: 0, messages: [message('m1')] }), 'in place of a dead one').toEqual([
      'create',
      'begin',
      'lock',
      'remove_session',
      'remove_messages',
      'create',
      'commit',
    ])
    expect((await store.read(ref, { tail: 9 }))?.messages).toMatchObject([{ seq: 1, id: 'm1' }])
  })

  test('reads', async () => {
    begin()
    const ref = refOf(1)
    await append(ref, ['m1', 'm2'], { revision: 0, userId: 'alice', label: 'label' })
    expect(await verbsOf(() => store.read(ref))).toEqual(['read'])
    expect(await verbsOf(() => store.read(ref, { tail: 1 }))).toEqual(['read_tail'])
    expect(await verbsOf(() => store.messages(ref, { limit: 1 }))).toEqual(['page_asc'])
    expect(await verbsOf(() => store.messages(ref, { limit: 1, order: 'desc' }))).toEqual(['page_desc'])
    const after = { activeAt: 1, id: 'a' }
    const lists = {
      list: {},
      list_user: { userId: 'alice' },
      list_label: { label: 'label' },
      list_user_label: { userId: 'alice', label: 'label' },
      list_on: { after },
      list_user_label_on: { userId: 'alice', label: 'label', activeBefore: 1 },
    }
    for (const [verb, query] of Object.entries(lists)) {
      expect(await verbsOf(() => store.list({ tenantId, limit: 5, ...query }))).toEqual([verb])
    }
  })

  test('upkeep', async () => {
    begin()
    const ref = refOf(1)
    await append(ref, ['m1', 'm2', 'm3'], { revision: 0 })
    const inTransaction = (...verbs: string[]) => ['begin', ...verbs, 'commit']
    expect(await verbsOf(() => store.amend(ref, [{ seq: 1, payload: 'amended' }]))).toEqual(
      inTransaction('lock', 'amend'),
    )
    expect(await verbsOf(() => store.trim(ref, 1))).toEqual([
      'step_end',
      ...inTransaction('trim_session', 'trim_messages'),
    ])
    const removal = ['remove_session', 'remove_messages', 'remove_session']
    expect(await verbsOf(() => store.remove(ref))).toEqual(inTransaction(...removal))
    while ((await store.sweep({ limit: 1000 })) > 0);
    await append(ref, ['m1'], { revision: 0, idleMs: 0 })
    const swept = inTransaction('expired', 'sweep_messages', 'sweep_sessions')
    expect(await verbsOf(() => store.sweep({ limit: 1 }))).toEqual(swept)
    expect(await verbsOf(() => store.sweep({ limit: 1 })), 'nothing to sweep').toEqual(
      inTransaction('expired'),
    )
  })

  test('upkeep of a long log, step by step', async () => {
    begin()
    const drop = ['step_end', 'begin', 'trim_session', 'trim_messages', 'commit']
    const removal = ['begin', 'remove_session', 'remove_messages', 'remove_session', 'commit']
    const long = async (ref: SessionRef, change: SessionChange = {}) => {
      const messages = Array.from({ length: 5600 }, (_, n) => message(`m${n}`, 'x'))
      await store.commit(ref, { revision: 0, messages, ...change })
    }
    await long(refOf(1))
    let dropped: unknown
    const trim = (seq: number) => async () => (dropped = await store.trim(refOf(1), seq))
    expect(await verbsOf(trim(5599))).toEqual([...drop, ...drop])
    expect(dropped).toBe(5599)
    expect(await verbsOf(trim(5599)), 'nothing to drop').toEqual(['step_end'])
    expect((await store.read(refOf(1), { tail: 9 }))?.messages).toMatchObject([{ seq: 5600 }])

    await long(refOf(2))
    const gone = ['begin', 'remove_session', 'commit', 'bury', ...drop, 'step_end', ...removal]
    expect(await verbsOf(() => store.remove(refOf(2)))).toEqual(gone)

    while ((await store.sweep({ limit: 1000 })) > 0);
    await long(refOf(3), { idleMs: 0 })
    let swept: unknown
    const sweep = ['begin', 'expired', 'commit']
    expect(await verbsOf(async () => (swept = await store.sweep({ limit: 5 })))).toEqual([
      ...sweep,
      ...drop,
      'step_end',
      ...removal.toSpliced(3, 1),
      ...sweep,
    ])
    expect(swept).toBe(1)
    const { rows } = await pool.query('select seq from llm_session_messages where tenant_id = $1', [tenantId])
    expect(rows).toEqual([{ seq: 5600 }])
  })

  test('amendments that are more than a page, under a guard', async () => {
    begin()
    const ref = refOf(1)
    await append(ref, ['m1', 'm2', 'm3'], { revision: 0, incarnation: 'first' })
    const payload = 'x'.repeat(3 * 1024 * 1024)
    const amendments = [1, 2, 9].map((seq) => ({ seq, payload }))
    const step = ['begin', 'lock', 'amend', 'commit']
    let amended: unknown
    const first = { incarnation: 'first', changes: 1 }
    expect(await verbsOf(async () => (amended = await store.amend(ref, amendments, first)))).toEqual([
      ...step,
      ...step,
      ...step,
    ])
    expect(amended).toBe(2)
    const late = [{ seq: 3, payload: 'late' }]
    expect(await store.amend(ref, late, first)).toBe(0)
    expect(await store.amend(ref, late, { incarnation: 'other' })).toBe(0)
    const { record } = (await store.read(ref))!
    expect(record).toMatchObject({ changes: 3, bytes: 2 * payload.length + 'payload of m3'.length })
  })

  test('restoring', async () => {
    begin()
    await append(refOf(1), ['m1', 'm2'], { revision: 0 })
    const copy = (await store.read(refOf(1), { tail: 2 }))!
    const restored = (more: boolean, messages = copy.messages) =>
      verbsOf(() => store.restore(refOf(2), { ...copy, messages, more }))
    const kept = ['find', 'extend_copy']
    expect(await restored(true, copy.messages.slice(0, 1))).toEqual([
      'begin',
      'lock',
      'lock',
      'begin_copy',
      ...kept,
      'keep_copy',
      'commit',
    ])
    expect(await restored(false), 'the rest').toEqual([
      'begin',
      'lock',
      'lock',
      ...kept,
      'end_copy',
      'commit',
    ])
    expect(await restored(false), 'again').toEqual(['begin', 'lock', 'lock', 'remove_session', 'commit'])
  })
})

describe('appends that come at once', () => {
  const hour = 3_600_000

  async function made(...ids: (string | number)[]): Promise<SessionRef[]> {
    const refs = ids.map(refOf)
    for (const ref of refs) await append(ref, ['m0'], { revision: 0, userId: 'alice', incarnation: 'first' })
    rested()
    return refs
  }

  test('go by themselves for the first, and by one statement for the others', async () => {
    begin()
    const [first, ...refs] = await made(0, 1, 2, 3)
    const done = await Promise.all([
      append(first!, ['a']),
      append(refs[0]!, ['b1', 'b2'], { idleMs: hour, maxSeq: 4, maxBytes: 1000 }),
      append(refs[0]!, ['b3'], { idleMs: hour, maxSeq: 4, maxBytes: 1000 }),
      append(refs[1]!, [], { absoluteMs: hour, incarnation: 'first' }),
      append(refs[2]!, ['c'], { ownedBy: 'alice' }),
      append(refs[2]!, ['d'], { ownedBy: 'alice' }),
    ])
    expect(sent.verbs).toEqual(['append_one', 'append_many'])
    const bytes = 'payload of m0'.length
    expect(done.map(({ record: { lastSeq, changes, bytes } }) => [lastSeq, changes, bytes])).toEqual([
      [2, 2, bytes + 12],
      [3, 2, bytes + 26],
      [4, 3, bytes + 39],
      [1, 2, bytes],
      [2, 2, bytes + 12],
      [3, 3, bytes + 24],
    ])
    expect(done.map(({ messages }) => messages.map(({ id, seq, inserted }) => [id, seq, inserted]))).toEqual([
      [['a', 2, true]],
      [
        ['b1', 2, true],
        ['b2', 3, true],
      ],
      [['b3', 4, true]],
      [],
      [['c', 2, true]],
      [['d', 3, true]],
    ])
    const { createdAt, updatedAt } = done[3]!.record
    expect(done[1]!.record.expiresAt).toBe(done[1]!.record.updatedAt + hour)
    expect(done[3]!.record.expiresAt).toBe(createdAt + hour)
    expect(updatedAt).toBeGreaterThanOrEqual(createdAt)
    for (const [ref, { record }] of [
      [first!, done[0]],
      [refs[0]!, done[2]],
      [refs[1]!, done[3]],
      [refs[2]!, done[5]],
    ] as const) {
      const stored = (await store.read(ref, { tail: 9 }))!
      expect(stored.record).toEqual(record)
      expect(stored.messages.every(({ id, payload }) => payload === `payload of ${id}`)).toBe(true)
    }
  })

  test('that are refused take no other along, and are told why', async () => {
    begin()
    const [first, good, ...refs] = await made(0, 'good', 1, 2, 3, 4, 5)
    await store.commit(refs[4]!, { idleMs: 0 })
    rested()
    const began = [
      append(first!, ['a']),
      append(refs[0]!, ['x'], { incarnation: 'other' }),
      append(refs[1]!, ['x'], { ownedBy: 'bob' }),
      append(refs[2]!, ['x'], { maxSeq: 1 }),
      append(refs[3]!, ['x'], { maxBytes: 20 }),
      append(refs[4]!, ['x']),
      append(refOf('none'), ['x']),
      append(good!, ['b']),
    ]
    const outcomes = await Promise.all(began.map((call) => call.then(({ record }) => record.lastSeq, codeOf)))
    expect(outcomes).toEqual([
      2,
      'not_found',
      'not_found',
      'limit_reached',
      'too_large',
      'not_found',
      'not_found',
      2,
    ])
    // The one that was taken is not tried again.
    expect(sent.verbs.slice(0, 2)).toEqual(['append_one', 'append_many'])
    expect(sent.verbs.filter((verb) => verb === 'append_one')).toHaveLength(7)
    for (const ref of refs.slice(0, 4)) expect((await store.read(ref))?.record.changes).toBe(1)
  })

  test('with other terms, or an id that another one has, do not share it', async () => {
    begin()
    const terms: readonly [SessionChange, SessionChange][] = [
      [{ idleMs: hour }, { idleMs: 2 * hour }],
      [{ absoluteMs: hour }, {}],
      [{ incarnation: 'first' }, {}],
      [{ ownedBy: 'alice' }, {}],
      [{ maxSeq: 9 }, { maxSeq: 10 }],
      [{ maxBytes: 999 }, { maxBytes: 1000 }],
    ]
    const [first, ...refs] = await made(0, 1, 2, 3, 4, 5, 6, 7)
    for (const [index, [one, other]] of terms.entries()) {
      rested()
      const ref = refs[index]!
      const done = await Promise.all([
        append(first!, [`of ${index}`]),
        append(ref, ['a'], one),
        append(ref, ['b'], other),
      ])
      expect(done.map(({ record }) => record.lastSeq).slice(1)).toEqual([2, 3])
      expect(sent.verbs, Object.keys(one)[0]!).toEqual(['append_one', 'append_one', 'append_one'])
    }
    rested()
    const [, one, other] = await Promise.all([
      append(first!, ['beside']),
      append(refs[6]!, ['a']),
      append(refs[6]!, ['a']),
    ])
    expect([one, other].map(({ messages }) => messages[0])).toMatchObject([
      { seq: 2, inserted: true },
      { seq: 2, inserted: false },
    ])
    expect(sent.verbs).not.toContain('append_many')
  })

  test('are 64 in one statement at most, and one MiB of text', async () => {
    begin()
    const [first, ref, other] = await made(0, 1, 2)
    const many = Array.from({ length: 66 }, (_, n) => append(ref!, [`n${n}`]))
    const seqs = (await Promise.all(many)).map(({ messages }) => messages[0]!.seq)
    expect(seqs).toEqual(Array.from({ length: 66 }, (_, n) => n + 2))
    expect(sent.verbs).toEqual(['append_one', 'append_many', 'append_one'])
    const half = 512 * 1024
    for (const [one, two, verbs] of [
      [half, half, ['append_one', 'append_many']],
      [half, half + 1, ['append_one', 'append_one', 'append_one']],
      [3 * half, 1, ['append_one', 'append_one', 'append_one']],
    ] as const) {
      rested()
      await Promise.all([
        append(first!, [`${one} ${two}`]),
        store.commit(ref!, { messages: [message(`${one}`, 'x'.repeat(one))] }).catch(() => {}),
        store.commit(other!, { messages: [message(`${two}`, 'x'.repeat(two))] }),
      ])
      expect(sent.verbs, `${one} and ${two}`).toEqual(verbs)
      await store.trim(ref!, 1000)
    }
  })

  test('fail alone where one finds a message that is there, or a row that it cannot read', async () => {
    begin()
    const [first, good, known, broken] = await made(0, 1, 2, 3)
    const outcomes = async (...calls: (readonly [SessionRef, string])[]) => {
      rested()
      const began = [
        append(first!, [`first ${calls.length}`]),
        ...calls.map(([ref, id]) => append(ref, [id])),
      ]
      const settled = await Promise.all(
        began.map((call) => call.then(({ messages }) => messages[0]!.inserted, codeOf)),
      )
      return settled.slice(1)
    }
    expect(await outcomes([known!, 'm0'], [good!, 'a'])).toEqual([false, true])
    expect(sent.verbs.filter((verb) => /^append/.test(verb))).toEqual([
      'append_one',
      'append_many',
      'append_one',
      'append_one',
      'append',
    ])
    await pool.query(`update llm_sessions set label = E'a\\x1fb' where tenant_id = $1 and id = $2`, [
      tenantId,
      broken!.id,
    ])
    expect(await outcomes([broken!, 'a'], [broken!, 'b'], [good!, 'b'])).toEqual(['corrupt', 'corrupt', true])
    expect(sent.verbs).toEqual(['append_one', 'append_many'])
  })
})

describe('reads that come at once', () => {
  test('go by themselves for the first, and by one statement for up to 32 others', async () => {
    begin()
    const refs = Array.from({ length: 34 }, (_, n) => refOf(n))
    for (const ref of refs.slice(1)) await append(ref, ['m1', 'm2', 'm3'], { revision: 0, body: ref.id })
    rested()
    const reads = await Promise.all(refs.map((ref, n) => store.read(ref, { tail: n % 5 })))
    expect(sent.verbs).toEqual(['read', 'read_many', 'read_tail'])
    expect(reads[0]).toBeUndefined()
    for (const [n, stored] of reads.entries()) {
      if (n === 0) continue
      expect([stored?.record.id, stored?.body]).toEqual([refs[n]!.id, refs[n]!.id])
      const newest = ['m1', 'm2', 'm3'].slice(Math.max(0, 3 - (n % 5)))
      expect(stored?.messages.map(({ id }) => id)).toEqual(newest.slice(n % 5 === 0 ? 3 : 0))
    }
  })

  test('are no larger than a page together: what does not fit is read alone', async () => {
    begin()
    const long = message('long', 'x'.repeat(1_500_000))
    for (const n of [1, 2]) await store.commit(refOf(n), { revision: 0, messages: [long, message('m2')] })
    rested()
    const reads = await Promise.all([0, 1, 2].map((n) => store.read(refOf(n), { tail: 2 })))
    expect(reads.map((stored) => stored?.messages.map(({ id }) => id))).toEqual([
      undefined,
      ['long', 'm2'],
      ['long', 'm2'],
    ])
    expect(sent.verbs).toEqual(['read_tail', 'read_many'])
    rested()
    await Promise.all([0, 1, 2, 1].map((n) => store.read(refOf(n), { tail: 2 })))
    expect(sent.verbs).toEqual(['read_tail', 'read_many', 'read_tail', 'read_tail', 'read_tail'])
  })
})
