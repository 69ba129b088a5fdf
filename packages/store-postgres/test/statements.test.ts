import { isSessionError, type SessionChange, type SessionCopy, type SessionRef } from '@sessions/core/store'
import { describe, expect, test } from 'vitest'
import { useServer } from './databases.js'
import { message, NotedStore } from './noted-store.js'

const noted = new NotedStore(useServer())

describe('the statements of a call', () => {
  test('commits', async () => {
    noted.begin()
    const ref = noted.ref(1)
    const of = (change: SessionChange) => noted.of(() => noted.store.commit(ref, change))
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
      expect(await of(change), Object.keys(change)[0]).toEqual(['change'])
    }
    expect(await of({ absoluteMs: 60_000 })).toEqual(['append'])
    await noted.store.commit(ref, { lifetime: {} })
    for (const change of [{ absoluteMs: 60_000 }, { absoluteMs: 120_000, title: 'title' }]) {
      const { createdAt, expiresAt } = (await noted.store.commit(ref, change)).record
      expect(expiresAt).toBe(createdAt + change.absoluteMs)
    }
    // What they stored.
    expect(await noted.store.read(ref, { tail: 9 })).toMatchObject({
      record: { revision: 2, changes: 14, userId: 'bob', label: 'label', title: 'title', lastSeq: 4 },
      body: 'body',
    })
  })

  test('commits that are refused, or told twice', async () => {
    noted.begin()
    const ref = noted.ref(1)
    const of = (change: SessionChange) => noted.of(() => noted.store.commit(ref, change))
    expect(await of({ messages: [message('m1')] }), 'there is none').toEqual(['append_one', 'append'])
    await noted.append(ref, ['m1', 'm2'], { revision: 0 })
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
    await noted.store.commit(ref, { idleMs: 0 })
    expect(await of({ revision: 0, messages: [message('m1')] }), 'in place of a dead one').toEqual([
      'create',
      'begin',
      'lock',
      'remove_session',
      'remove_messages',
      'create',
      'commit',
    ])
    expect((await noted.store.read(ref, { tail: 9 }))?.messages).toMatchObject([{ seq: 1, id: 'm1' }])
  })

  test('reads', async () => {
    noted.begin()
    const ref = noted.ref(1)
    await noted.append(ref, ['m1', 'm2'], { revision: 0, userId: 'alice', label: 'label' })
    expect(await noted.of(() => noted.store.read(ref))).toEqual(['read'])
    expect(await noted.of(() => noted.store.read(ref, { tail: 1 }))).toEqual(['read_tail'])
    expect(await noted.of(() => noted.store.messages(ref, { limit: 1 }))).toEqual(['page_asc'])
    expect(await noted.of(() => noted.store.messages(ref, { limit: 1, order: 'desc' }))).toEqual([
      'page_desc',
    ])
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
      expect(
        await noted.of(() => noted.store.list({ tenantId: noted.tenantId, limit: 5, ...query })),
      ).toEqual([verb])
    }
  })

  test('upkeep', async () => {
    noted.begin()
    const ref = noted.ref(1)
    await noted.append(ref, ['m1', 'm2', 'm3'], { revision: 0 })
    const inTransaction = (...verbs: string[]) => ['begin', ...verbs, 'commit']
    expect(await noted.of(() => noted.store.amend(ref, [{ seq: 1, payload: 'amended' }]))).toEqual(
      inTransaction('lock', 'amend'),
    )
    expect(await noted.of(() => noted.store.trim(ref, 1))).toEqual([
      'step_end',
      ...inTransaction('trim_session', 'trim_messages'),
    ])
    const removal = ['remove_session', 'remove_messages', 'remove_session']
    expect(await noted.of(() => noted.store.remove(ref))).toEqual(inTransaction(...removal))
    expect(await noted.of(() => noted.store.remove(ref)), 'again: what is kept aside goes').toEqual([
      ...inTransaction('remove_session'),
      'bury',
      ...inTransaction('lock'),
      ...inTransaction('remove_session'),
    ])
    while ((await noted.store.sweep({ limit: 1000 })) > 0);
    await noted.append(ref, ['m1'], { revision: 0, idleMs: 0 })
    const swept = inTransaction('expired', 'sweep_messages', 'sweep_sessions')
    expect(await noted.of(() => noted.store.sweep({ limit: 1 }))).toEqual(swept)
    expect(await noted.of(() => noted.store.sweep({ limit: 1 })), 'nothing to sweep').toEqual(
      inTransaction('expired'),
    )
    const { rows } = await noted.pool.query('select * from llm_session_messages where tenant_id = $1', [
      noted.tenantId,
    ])
    expect(rows).toEqual([])
  })

  test('upkeep of a long log, step by step', async () => {
    noted.begin()
    const drop = ['step_end', 'begin', 'trim_session', 'trim_messages', 'commit']
    const removal = ['begin', 'remove_session', 'remove_messages', 'remove_session', 'commit']
    const long = async (ref: SessionRef, change: SessionChange = {}) => {
      const messages = Array.from({ length: 5600 }, (_, n) => message(`m${n}`, 'x'))
      await noted.store.commit(ref, { revision: 0, messages, ...change })
    }
    await long(noted.ref(1))
    let dropped: unknown
    const trim = (seq: number) => async () => (dropped = await noted.store.trim(noted.ref(1), seq))
    expect(await noted.of(trim(5599))).toEqual([...drop, ...drop])
    expect(dropped).toBe(5599)
    expect(await noted.of(trim(5599)), 'nothing to drop').toEqual(['step_end'])
    expect((await noted.store.read(noted.ref(1), { tail: 9 }))?.messages).toMatchObject([{ seq: 5600 }])

    await long(noted.ref(2), { incarnation: 'first' })
    const other = { incarnation: 'other' }
    expect(await noted.of(() => noted.store.remove(noted.ref(2), other)), 'of another one').toEqual([
      'begin',
      'remove_session',
      'commit',
      'bury',
      'begin',
      'lock',
      'commit',
    ])
    expect(await noted.store.trim(noted.ref(2), 5599, { changes: 7 })).toBe(0)
    const gone = ['begin', 'remove_session', 'commit', 'bury', ...drop, 'step_end', ...removal]
    let removed: unknown
    expect(await noted.of(async () => (removed = await noted.store.remove(noted.ref(2))))).toEqual(gone)
    expect(removed).toBe(true)

    while ((await noted.store.sweep({ limit: 1000 })) > 0);
    await long(noted.ref(3), { idleMs: 0 })
    let swept: unknown
    const sweep = ['begin', 'expired', 'commit']
    expect(await noted.of(async () => (swept = await noted.store.sweep({ limit: 5 })))).toEqual([
      ...sweep,
      ...drop,
      'step_end',
      ...removal.toSpliced(3, 1),
      ...sweep,
    ])
    expect(swept).toBe(1)
    const { rows } = await noted.pool.query('select seq from llm_session_messages where tenant_id = $1', [
      noted.tenantId,
    ])
    expect(rows).toEqual([{ seq: 5600 }])
  })

  test('amendments that are more than a page, under a guard', async () => {
    noted.begin()
    const ref = noted.ref(1)
    await noted.append(ref, ['m1', 'm2', 'm3'], { revision: 0, incarnation: 'first' })
    const payload = 'x'.repeat(3 * 1024 * 1024)
    const amendments = [1, 2, 9].map((seq) => ({ seq, payload }))
    const step = ['begin', 'lock', 'amend', 'commit']
    let amended: unknown
    const first = { incarnation: 'first', changes: 1 }
    expect(await noted.of(async () => (amended = await noted.store.amend(ref, amendments, first)))).toEqual([
      ...step,
      ...step,
      ...step,
    ])
    expect(amended).toBe(2)
    const late = [{ seq: 3, payload: 'late' }]
    expect(await noted.store.amend(ref, late, first)).toBe(0)
    expect(await noted.store.amend(ref, late, { incarnation: 'other' })).toBe(0)
    const { record } = (await noted.store.read(ref))!
    expect(record).toMatchObject({ changes: 3, bytes: 2 * payload.length + 'payload of m3'.length })
  })

  test('restoring', async () => {
    noted.begin()
    await noted.append(noted.ref(1), ['m1', 'm2'], { revision: 0 })
    const copy = (await noted.store.read(noted.ref(1), { tail: 2 }))!
    const restored = (more: boolean, messages = copy.messages) =>
      noted.of(() => noted.store.restore(noted.ref(2), { ...copy, messages, more }))
    const kept = ['find', 'extend_copy']
    expect(await restored(true, copy.messages.slice(0, 1))).toEqual([
      'begin',
      'lock',
      'lock',
      'begin_copy',
      'strangers',
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

  test('a copy is taken over in order, whole, and anew when its session has changed', async () => {
    noted.begin()
    await noted.append(noted.ref(1), ['m1', 'm2', 'm3'], { revision: 0, userId: 'alice', label: 'label' })
    const copy = (await noted.store.read(noted.ref(1), { tail: 3 }))!
    const ref = noted.ref(2)
    const restored = (change: Partial<SessionCopy>) =>
      noted.store.restore(ref, { ...copy, ...change }).then(
        () => 'done',
        (error: unknown) => (isSessionError(error) ? error.code : 'thrown'),
      )
    const [one, two, three] = copy.messages.map((each) => [each])
    expect(await restored({ messages: two!, more: true }), 'a gap at the start').toBe('conflict')
    expect(await restored({ messages: one!, more: true })).toBe('done')
    expect(await restored({ messages: three!, more: true }), 'a gap').toBe('conflict')
    const emptied = { ...copy.record, trimmedSeq: 3 }
    expect(await restored({ record: emptied, messages: [] }), 'less than there is').toBe('conflict')
    expect(await noted.store.read(ref)).toBeUndefined()
    const later = { ...copy.record, changes: 9 }
    expect(await restored({ record: later, messages: [...two!, ...three!] }), 'it begins anew').toBe(
      'conflict',
    )
    expect(await restored({ record: later, messages: [...one!, ...two!], more: true })).toBe('done')
    expect(await restored({ record: later, messages: [...two!, ...three!] })).toBe('done')
    const stored = await noted.store.read(ref, { tail: 9 })
    expect(stored).toEqual({ ...copy, record: { ...later, ...ref } })
    const trimmed = { ...copy.record, changes: 10, trimmedSeq: 1 }
    expect(await restored({ record: trimmed, messages: two!, more: true })).toBe('done')
    const again = [{ ...three![0]!, id: 'm2' }]
    expect(await restored({ record: trimmed, messages: again }), 'an id twice').toBe('invalid')
    expect(await restored({ record: trimmed, messages: [...two!, ...three!] }), 'over an older one').toBe(
      'done',
    )
    expect((await noted.store.read(ref, { tail: 9 }))!.messages.map(({ seq }) => seq)).toEqual([2, 3])
    expect(await restored({ record: later, messages: one!, more: true }), 'of an older one').toBe('conflict')
    const { rows } = await noted.pool.query(
      'select id, count(*)::integer as count from llm_session_messages where tenant_id = $1 group by id order by id',
      [noted.tenantId],
    )
    expect(rows).toEqual([
      { id: 'm1', count: 1 },
      { id: 'm2', count: 2 },
      { id: 'm3', count: 2 },
    ])
  })
})
