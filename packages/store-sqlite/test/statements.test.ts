import type { SessionChange } from '@sessions/core/store'
import { describe, expect, test } from 'vitest'
import { leftOver, useFiles } from './files.js'
import { message, NotedStore, whole } from './noted-store.js'

const path = useFiles()()
const noted = await NotedStore.open(path)
const hour = 3_600_000

describe('commits', () => {
  test('to a session that the store knows, and to one that it reads first', async () => {
    await noted.begin()
    const ref = noted.ref(1)
    const of = (change: SessionChange) => noted.of(() => noted.store.commit(ref, change))
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
    await noted.forget()
    expect(await of({ messages: [message('m4')] })).toEqual(whole('find', 'insertMessage', 'touchSession'))
    expect(await of({ revision: 2, body: 'other' })).toEqual(whole('touchKnown', 'putBody'))
    expect(await of({ revision: 2, body: 'late' }), 'a conflict').toEqual(['begin', 'find', 'rollback'])
    expect(await noted.store.read(ref, { tail: 9 })).toMatchObject({
      record: { revision: 3, changes: 7, lastSeq: 4, userId: 'alice', bytes: 4 * 'payload of m1'.length },
      body: 'other',
      messages: [{ id: 'm1' }, { id: 'm2' }, { id: 'm3' }, { id: 'm4' }],
    })
  })

  test.each(['known', 'read'])('of each name alone, of a session that is %s', async (how) => {
    await noted.begin()
    const ref = noted.ref(1)
    await noted.store.commit(ref, { revision: 0, lifetime: { idleMs: hour } })
    const changes = [
      { userId: 'alice' },
      { label: 'label' },
      { title: 'title' },
      { lifetime: { idleMs: hour + 1 } },
      { lifetime: { idleMs: hour + 1, absoluteMs: 2 * hour } },
    ] as const
    let expected: object = {}
    for (const change of changes) {
      if (how === 'read') await noted.forget()
      const done = await noted.of(() => noted.store.commit(ref, change))
      expect(done, Object.keys(change)[0]).toEqual(whole('find', 'changeSession'))
      expected = { ...expected, ...change }
      expect((await noted.store.read(ref))!.record).toMatchObject(expected)
    }
    for (const change of changes.slice(0, 3)) {
      const [name] = Object.keys(change)
      await noted.store.commit(ref, { [name!]: '' })
      expect((await noted.store.read(ref))!.record).not.toHaveProperty(name!)
    }
  })

  test('move what lists and sweeps go by when its minute is over, and never back', async () => {
    await noted.begin()
    const ref = noted.ref(1)
    const { record } = await noted.store.commit(ref, { revision: 0, idleMs: hour })
    expect(noted.row(ref)['expires_minute']).toBe(Math.floor(record.expiresAt! / 60_000))
    noted.database
      .prepare('update llm_sessions set active_at = active_at - 61000 where tenant_id = ?')
      .run(noted.tenantId)
    await noted.forget()
    const later = (await noted.store.commit(ref, { messages: [message('m1')] })).record
    expect(later.activeAt).toBeGreaterThanOrEqual(record.activeAt)
    expect(noted.row(ref)['active_at']).toBe(later.activeAt)
    noted.database
      .prepare('update llm_sessions set updated_at = updated_at + 600000 where tenant_id = ?')
      .run(noted.tenantId)
    await noted.forget()
    const { updatedAt } = (await noted.store.read(ref))!.record
    for (const id of ['m2', 'm3']) {
      const { record, messages } = await noted.store.commit(ref, {
        messages: [message(id)],
        idleMs: 2 * hour,
      })
      expect([record.updatedAt, messages[0]!.at]).toEqual([updatedAt, updatedAt])
      expect([record.expiresAt, noted.row(ref)['expires_minute']]).toEqual([
        updatedAt + 2 * hour,
        Math.floor((updatedAt + 2 * hour) / 60_000),
      ])
    }
  })

  test('have no more room than they say, of a session that is new, known or read', async () => {
    await noted.begin()
    const ref = noted.ref(1)
    const two = [message('m1', 'xx'), message('m2', 'xx')]
    const codes = async (change: SessionChange) =>
      Promise.all(
        [{ maxSeq: 1 }, { maxBytes: 3 }, { maxSeq: 2, maxBytes: 4 }].map((bounds) =>
          noted.store.commit(ref, { ...change, ...bounds }).then(
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
    await noted.forget()
    expect(await codes({ messages: [message('m3')] })).toEqual([
      'limit_reached',
      'too_large',
      'limit_reached',
    ])
    expect(await codes({ messages: two }), 'what is there needs none').toEqual([2, 2, 2])
    expect((await noted.store.read(ref))!.record).toMatchObject({ changes: 4, bytes: 4 })
  })

  test('in place of a session past its deadline leave its messages to a sweep', async () => {
    await noted.begin()
    const ref = noted.ref(1)
    await noted.store.commit(ref, { revision: 0, messages: [message('old')], idleMs: 0 })
    expect(
      await noted.of(() => noted.store.commit(ref, { revision: 0, messages: [message('new')] })),
    ).toEqual(whole('find', 'bury', 'insertSession', 'putBody', 'insertMessage'))
    expect((await noted.store.read(ref, { tail: 9 }))!.messages).toMatchObject([{ id: 'new', seq: 1 }])
    expect(await noted.store.sweep({ limit: 9 }), 'nobody counts it twice').toBe(0)
    expect(
      noted.database
        .prepare('select count(*) as count from llm_sessions where tenant_id = ?')
        .get(noted.tenantId),
    ).toMatchObject({ count: 1 })
    expect(leftOver(path)).toBe(0)
  })
})

describe('reads', () => {
  test('of few messages, of many, and of long ones', async () => {
    await noted.begin()
    const short = Array.from({ length: 450 }, (_, n) => message(`m${n + 1}`, 'x'))
    await noted.store.commit(noted.ref(1), { revision: 0, messages: short })
    expect(await noted.of(() => noted.store.read(noted.ref(1)))).toEqual(whole('read'))
    expect(await noted.of(() => noted.store.read(noted.ref(1), { tail: 200 }))).toEqual(
      whole('readTail', 'messages'),
    )
    const step = (sizes: string) => whole('rewrites', sizes, 'messages')
    expect(await noted.of(() => noted.store.read(noted.ref(1), { tail: 401 }))).toEqual([
      ...whole('read', 'sizesBack', 'messages'),
      ...step('sizesBack'),
      ...step('sizesBack'),
    ])
    expect(await noted.of(() => noted.store.messages(noted.ref(1), { limit: 401 }))).toEqual([
      ...whole('find', 'sizes', 'messages'),
      ...step('sizes'),
      ...step('sizes'),
    ])
    for (const order of ['asc', 'desc'] as const) {
      const page = await noted.store.messages(noted.ref(1), { limit: 401, order })
      const seqs = Array.from({ length: 401 }, (_, n) => (order === 'asc' ? n + 1 : 450 - n))
      expect([page.messages.map(({ seq }) => seq), page.more]).toEqual([seqs, true])
      expect((await noted.store.messages(noted.ref(1), { limit: 450, order })).more).toBe(false)
      expect(
        (await noted.store.messages(noted.ref(1), { limit: 9, after: 5, before: 7, order })).messages,
      ).toMatchObject([{ seq: 6, id: 'm6' }])
    }

    const long = [30_000, 40_000, 70_000, 300_000].map((length, n) =>
      message(`l${n + 1}`, 'y'.repeat(length)),
    )
    await noted.store.commit(noted.ref(2), { revision: 0, messages: long })
    const slices = [whole('rewrites', 'slice'), whole('rewrites', 'slice')].flat()
    expect(await noted.of(() => noted.store.messages(noted.ref(2), { limit: 9 }))).toEqual([
      ...whole('find', 'sizes', 'messages'),
      ...whole('rewrites', 'messages'),
      ...whole('rewrites', 'slice'),
      ...slices,
    ])
    expect(await noted.of(() => noted.store.read(noted.ref(2), { tail: 4 }))).toEqual([
      ...whole('readTail', 'sizesBack', 'slice'),
      ...whole('rewrites', 'slice'),
      ...whole('rewrites', 'slice'),
      ...whole('rewrites', 'messages'),
      ...whole('rewrites', 'messages'),
    ])
    const lengths = (await noted.store.read(noted.ref(2), { tail: 4 }))!.messages.map(
      ({ payload }) => payload.length,
    )
    expect(lengths).toEqual([30_000, 40_000, 70_000, 300_000])
  })
})

describe('upkeep', () => {
  const drop = ['sizes', 'deleteMessages']
  const gone = [...drop, 'deleteBody', 'deleteSession']

  test('of a short log', async () => {
    await noted.begin()
    const ref = noted.ref(1)
    await noted.store.commit(ref, { revision: 0, messages: ['m1', 'm2', 'm3'].map((id) => message(id)) })
    const amend = () =>
      noted.store.amend(
        ref,
        [1, 3, 9].map((seq) => ({ seq, payload: 'amended' })),
      )
    expect(await noted.of(amend)).toEqual(
      whole('findMeant', 'sizeOf', 'amend', 'sizeOf', 'amend', 'rewriteSession'),
    )
    expect(await noted.of(() => noted.store.amend(ref, [{ seq: 9, payload: 'none' }]))).toEqual(
      whole('findMeant'),
    )
    expect(await noted.of(() => noted.store.trim(ref, 1))).toEqual(
      whole('findMeant', ...drop, 'rewriteSession'),
    )
    expect(await noted.of(() => noted.store.trim(ref, 1)), 'again').toEqual(whole('findMeant'))
    expect((await noted.store.read(ref))!.record).toMatchObject({
      changes: 3,
      trimmedSeq: 1,
      bytes: 'amended'.length + 'payload of m2'.length,
    })
    expect(await noted.of(() => noted.store.remove(ref))).toEqual(whole('findMeant', 'findMeant', ...gone))
    expect(await noted.of(() => noted.store.remove(ref)), 'again').toEqual(whole('findMeant', 'findMeant'))
  })

  test('of a long log goes in steps of 200 messages, or of one MiB', async () => {
    await noted.begin()
    const long = (n: number, change: SessionChange = {}) =>
      noted.store.commit(noted.ref(n), {
        revision: 0,
        messages: Array.from({ length: 450 }, (_, n) => message(`m${n}`, 'x')),
        ...change,
      })
    await long(1)
    let done: unknown
    const trim = whole('findMeant', ...drop, 'rewriteSession')
    expect(await noted.of(async () => (done = await noted.store.trim(noted.ref(1), 449)))).toEqual([
      ...trim,
      ...trim,
      ...trim,
    ])
    expect(done).toBe(449)
    expect((await noted.store.read(noted.ref(1), { tail: 9 }))!).toMatchObject({
      record: { changes: 4, trimmedSeq: 449, bytes: 1 },
      messages: [{ seq: 450 }],
    })
    await long(2)
    expect(await noted.of(async () => (done = await noted.store.remove(noted.ref(2))))).toEqual([
      ...whole('findMeant', 'findMeant', ...drop, 'bury'),
      ...whole(...drop),
      ...whole(...gone),
    ])
    expect(done).toBe(true)
    await long(3, { idleMs: 0 })
    expect(await noted.of(async () => (done = await noted.store.sweep({ limit: 5 })))).toEqual([
      ...whole('expired', ...drop),
      ...whole('expired', ...drop),
      ...whole('expired', ...gone),
    ])
    expect(done).toBe(1)
    const payload = 'x'.repeat(512 * 1024)
    const three = ['m1', 'm2', 'm3'].map((id) => message(id, payload))
    await noted.store.commit(noted.ref(4), { revision: 0, messages: three })
    expect(await noted.of(() => noted.store.trim(noted.ref(4), 3))).toEqual([...trim, ...trim])
    expect(leftOver(path)).toBe(0)
  })

  test('means the session of its guard alone, and counts its own first step', async () => {
    await noted.begin()
    const ref = noted.ref(1)
    const messages = Array.from({ length: 450 }, (_, n) => message(`m${n}`, 'x'))
    await noted.store.commit(ref, { revision: 0, messages, incarnation: 'first' })
    const amendments = Array.from({ length: 1001 }, (_, n) => ({ seq: (n % 450) + 1, payload: 'y' }))
    for (const guard of [{ changes: 2 }, { incarnation: 'other' }, { incarnation: 'other', changes: 1 }]) {
      expect(await noted.store.amend(ref, amendments, guard)).toBe(0)
      expect(await noted.store.trim(ref, 5, guard)).toBe(0)
      expect(await noted.store.remove(ref, guard)).toBe(false)
    }
    expect(await noted.store.amend(ref, amendments, { incarnation: 'first', changes: 1 })).toBe(1001)
    expect(await noted.store.trim(ref, 449, { incarnation: 'first', changes: 3 })).toBe(449)
    expect(await noted.store.remove(ref, { incarnation: 'first', changes: 6 })).toBe(true)
  })

  test('a copy comes in parts of 100 messages, and is the session with the last of them', async () => {
    await noted.begin()
    const messages = Array.from({ length: 150 }, (_, n) => message(`m${n}`, 'x'))
    await noted.store.commit(noted.ref(1), {
      revision: 0,
      messages,
      userId: 'alice',
      idleMs: hour,
      title: 'title',
    })
    const copy = (await noted.store.read(noted.ref(1), { tail: 150 }))!
    const adding = (count: number) => Array.from({ length: count }, () => 'insertMessage')
    const found = ['find', 'find']
    expect(await noted.of(() => noted.store.restore(noted.ref(2), copy))).toEqual([
      ...whole(...found, 'beginCopy', ...adding(100), 'putBody', 'keepCopy'),
      ...whole(...found, ...adding(50), 'putBody', 'keepCopy', 'endCopy'),
    ])
    expect(await noted.store.read(noted.ref(2), { tail: 150 })).toEqual({
      ...copy,
      record: { ...copy.record, ...noted.ref(2) },
    })
    expect(noted.row(noted.ref(2))['expires_minute']).toBe(noted.row(noted.ref(1))['expires_minute'])
    expect(await noted.of(() => noted.store.restore(noted.ref(2), copy)), 'again').toEqual([
      ...whole(...found),
      ...whole(...found),
    ])
    const aside = {
      ...copy,
      record: { ...copy.record, incarnation: 'other' },
      messages: copy.messages.slice(0, 1),
    }
    expect(await noted.of(() => noted.store.restore(noted.ref(3), { ...aside, more: true }))).toEqual(
      whole(...found, 'beginCopy', 'insertMessage', 'putBody', 'keepCopy'),
    )
    const { expires_minute: kept } = noted.row({ ...noted.ref(3), id: `\u0010+${noted.ref(3).id}` })
    expect(Number(kept) - Math.floor(Date.now() / 60_000)).toBeGreaterThanOrEqual(60)
    expect(await noted.store.sweep({ limit: 9 }), 'it is kept').toBe(0)
    expect(
      await noted.of(() =>
        noted.store.restore(noted.ref(3), { ...copy, messages: copy.messages.slice(0, 1), more: true }),
      ),
    ).toEqual(whole(...found, 'bury', 'beginCopy', 'insertMessage', 'putBody', 'keepCopy'))
    expect(await noted.of(() => noted.store.remove(noted.ref(3))), 'what is kept aside goes, too').toEqual(
      whole('findMeant', 'findMeant', ...gone),
    )
  })
})
