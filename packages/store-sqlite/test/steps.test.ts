import { isSessionError, type SessionCopy } from '@sessions/core/store'
import { expect, test } from 'vitest'
import { leftOver, useFiles } from './files.js'
import { message, NotedStore, whole } from './noted-store.js'

const path = useFiles()()
const noted = await NotedStore.open(path)
const hour = 3_600_000

test('a list looks at 1,000 sessions in a step, and leaves out none between two steps', async () => {
  await noted.begin()
  await noted.store.commit(noted.ref(0), { revision: 0, userId: 'alice' })
  const columns = Object.keys(noted.row(noted.ref(0))).filter(
    (name) => !/^(skey|id|active_at|label|_)/.test(name),
  )
  // Some hundred of one moment stand around the end of each step.
  noted.database.exec(`with recursive n(n) as (select 1 union all select n + 1 from n where n < 2600)
    insert into llm_sessions (id, active_at, label, ${columns.join(', ')})
    select printf('s%05d', n), 1000000 - n / 300, iif(n in (1, 998, 999, 1000, 1001, 2000, 2500), 'rare', null),
      ${columns.join(', ')} from n, llm_sessions where tenant_id = '${noted.tenantId}' and id = 'session 0'`)
  const ids = async (limit: number, query: object = {}) => {
    const found: string[] = []
    for (let next: object | undefined = {}; next !== undefined;) {
      const { items, cursor } = await noted.store.list({ tenantId: noted.tenantId, limit, ...query, ...next })
      found.push(...items.map(({ id }) => id))
      expect(items.length).toBeLessThanOrEqual(limit)
      next = cursor === undefined ? undefined : { cursor }
    }
    return found
  }
  const rare = [1, 998, 999, 1000, 1001, 2000, 2500].map((n) => `s${String(n).padStart(5, '0')}`)
  for (const query of [{}, { userId: 'alice' }]) {
    expect(await ids(3, { ...query, label: 'rare' })).toEqual(rare)
    const all = await ids(700, query)
    expect(all).toEqual([
      'session 0',
      ...Array.from({ length: 2600 }, (_, n) => `s${String(n + 1).padStart(5, '0')}`),
    ])
  }
  expect(await ids(9, { userId: 'bob' })).toEqual([])
  expect(await ids(3, { label: 'rare', activeBefore: 999_997 })).toEqual(rare.slice(2 + 3))
  const list = (limit: number) =>
    noted.of(() => noted.store.list({ tenantId: noted.tenantId, userId: 'alice', label: 'rare', limit }))
  const step = whole('select', 'select')
  expect(await list(2)).toEqual(step)
  expect(await list(4)).toEqual([...step, ...step])
  expect(await list(9)).toEqual([...step, ...step, ...step])
})

test('64 KiB of payloads are read by one statement, and a byte more by two', async () => {
  await noted.begin()
  const half = 'x'.repeat(32 * 1024)
  const messages = [
    message('m1', half),
    message('m2', half),
    message('m3', `${half}x`),
    message('m4', half + half),
  ]
  await noted.store.commit(noted.ref(1), { revision: 0, messages })
  const page = (range: object) => noted.of(() => noted.store.messages(noted.ref(1), { limit: 2, ...range }))
  const one = whole('find', 'sizes', 'messages')
  const more = whole('rewrites', 'messages')
  expect(await page({})).toEqual(one)
  expect(await page({ after: 1 })).toEqual([...one, ...more])
  expect(await page({ after: 3 })).toEqual(one)
  const tail = (count: number) => noted.of(() => noted.store.read(noted.ref(1), { tail: count }))
  expect(await tail(1)).toEqual(whole('readTail', 'messages'))
  expect(await tail(2)).toEqual([...whole('readTail', 'sizesBack', 'messages'), ...more])
})

test('a sweep takes 50 sessions in a step, and as many as it may', async () => {
  await noted.begin()
  for (let n = 0; n < 130; n++) await noted.store.commit(noted.ref(n), { revision: 0, idleMs: 0 })
  const gone = ['sizes', 'deleteMessages', 'deleteBody', 'deleteSession']
  const step = (count: number) => whole('expired', ...Array.from({ length: count }, () => gone).flat())
  let swept: unknown
  const sweep = (limit: number) => noted.of(async () => (swept = await noted.store.sweep({ limit })))
  expect(await sweep(70)).toEqual([...step(50), ...step(20)])
  expect(swept).toBe(70)
  expect(await sweep(100)).toEqual([...step(50), ...step(10)])
  expect(swept).toBe(60)
  expect(await sweep(1)).toEqual(step(0))
  expect(leftOver(path)).toBe(0)
})

test('a copy is taken over in order, whole, and anew when its session has changed', async () => {
  await noted.begin()
  const messages = ['m1', 'm2', 'm3'].map((id) => message(id, 'x'))
  await noted.store.commit(noted.ref(1), { revision: 0, messages, idleMs: hour, label: 'label' })
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
  expect(await restored({ record: later, messages: [...two!, ...three!] }), 'it begins anew').toBe('conflict')
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
  await noted.store.sweep({ limit: 9 })
  expect(leftOver(path)).toBe(0)
})

test('a thousand sessions are known, and none with names that are long', async () => {
  await noted.begin()
  const known = async (n: number) => {
    const verbs = await noted.of(() =>
      noted.store.commit(noted.ref(n), { messages: [message(`${Math.random()}`, 'x')] }),
    )
    return verbs.includes('touchKnown')
  }
  for (let n = 0; n < 1001; n++) await noted.store.commit(noted.ref(n), { revision: 0 })
  expect([await known(0), await known(1000), await known(0), await known(2)]).toEqual([
    false,
    true,
    true,
    true,
  ])
  for (const [length, isKnown] of [
    [600, true],
    [700, false],
  ] as const) {
    const name = 'x'.repeat(length)
    await noted.store.commit(noted.ref(3), { userId: name, label: name, title: name })
    expect(await known(3), `${length}`).toBe(isKnown)
  }
})
