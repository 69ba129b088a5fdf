import { memoryStore, SessionError } from '@sessions/core'
import type { SessionStore } from '@sessions/core/store'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { tieredStore } from '../src/index.js'
import { message, old, own, ref, scene, turns } from './tier-scene.js'

let now = 0
beforeEach(() => {
  now = 100_000
  vi.spyOn(performance, 'now').mockImplementation(() => now)
})
afterEach(() => void vi.restoreAllMocks())

it('what is kept answers for as long as its reader allows, and as the session lives', async () => {
  const { last, store, calls, rewrite } = await scene()
  const read = (maxAgeMs: number, tail = 1) => store.read(ref, { tail, maxAgeMs })
  expect((await read(old, 2))!.messages).toHaveLength(2)
  await turns()
  expect((await read(old, 2))!.messages).toHaveLength(2)
  calls()
  now += 50
  expect((await read(50))!.messages.map(({ id }) => id)).toEqual(['m2'])
  expect(calls()).toEqual([])
  expect(store.stats()).toMatchObject({ hits: 1, misses: 2, oldestMs: 50, gaps: 1 })
  now += 20
  await read(100)
  await read(69)
  expect([calls(), store.stats().hits, store.stats().oldestMs]).toEqual([['read'], 2, 70])
  // It was read again: reads that allow nothing are of the store, and keep what they bring.
  await rewrite(last, 'two', { idleMs: 1000 })
  expect((await store.read(ref, { tail: 1 }))!.body).toBe('two')
  expect((await read(old))!.body).toBe('two')
  expect(calls()).toEqual(['read'])
  now += 999
  await read(old)
  expect(calls()).toEqual([])
  now += 1
  await read(old)
  expect(calls()).toEqual(['read'])
  await expect(store.read(ref, { tail: -1, maxAgeMs: 1 })).rejects.toMatchObject({
    code: 'invalid',
    path: 'tail',
  })
})

it('what was out of use for ten minutes is forgotten when another session is read', async () => {
  const last = memoryStore()
  const store = tieredStore(last, { hot: { maxBytes: 1e6 } })
  const read = async (id: string) => {
    const place = { tenantId: 'acme', id }
    if ((await last.read(place)) === undefined) await last.commit(place, { revision: 0, body: id })
    await store.read(place, { maxAgeMs: 3_600_000 })
    return store.stats().sessions
  }
  await read('one')
  await read('two')
  // Erased by another process, of which no bus tells.
  await last.remove({ tenantId: 'acme', id: 'two' })
  now += 300_000
  expect(await read('one')).toBe(2)
  now += 300_000
  expect(await read('three')).toBe(3)
  now += 1
  expect(await read('three')).toBe(2)
  now += 600_001
  expect(await read('four')).toBe(1)
})

it('pages come from what is kept, where it has them, and from the store where nothing may be old', async () => {
  const { last, store, calls } = await scene()
  await store.read(ref, { tail: 1, maxAgeMs: old })
  await turns()
  await store.read(ref, { tail: 1, maxAgeMs: old })
  calls()
  const ids = async (query: object) =>
    (await store.messages(ref, { limit: 5, ...query })).messages.map(({ id }) => id).join()
  expect([await ids({ after: 1, maxAgeMs: old }), calls()]).toEqual(['m2', []])
  expect([await ids({ maxAgeMs: old }), calls()]).toEqual(['m1,m2', ['messages']])
  await last.commit(ref, { messages: [message('m3')] })
  expect([await ids({ after: 1 }), calls()]).toEqual(['m2,m3', ['messages']])
  expect([await ids({ after: 1, maxAgeMs: 0 }), calls()]).toEqual(['m2,m3', ['messages']])
  expect(await ids({ after: 1, maxAgeMs: old })).toBe('m2')
  expect(store.stats()).toMatchObject({ hits: 2, misses: 3 })
  await expect(store.messages(ref, { limit: 0, maxAgeMs: 1 })).rejects.toMatchObject({ code: 'invalid' })
})

it('a notice of what is known changes nothing, and any other drops the copy', async () => {
  const { store, calls, hear, bodyOf, listener } = await scene()
  const isKept = async () => {
    calls()
    await bodyOf()
    return calls().length === 0
  }
  await bodyOf()
  await turns()
  await bodyOf()
  expect(await isKept()).toBe(true)
  const known = { kind: 'changed', incarnation: 'i', changes: 1 }
  for (const notice of [known, { ...known, changes: 0 }]) {
    hear(notice)
    expect(await isKept(), JSON.stringify(notice)).toBe(true)
  }
  const { changes: _, ...uncounted } = known
  for (const notice of [
    { ...known, changes: 2 },
    { ...known, kind: 'removed' },
    { ...known, incarnation: 'j' },
    uncounted,
    { ...uncounted, incarnation: undefined },
  ]) {
    hear(notice)
    expect(await isKept(), JSON.stringify(notice)).toBe(false)
    expect(await isKept()).toBe(true)
  }
  hear({ ...known, id: 'another' })
  expect([await isKept(), store.stats().noticesIn, store.stats().gaps]).toEqual([true, 8, 1])
  listener().gap(Array.from({ length: 4096 }, (_unused, topic) => topic))
  expect([await isKept(), store.stats().gaps]).toEqual([false, 2])
})

it('what changes while it is read is not kept', async () => {
  const { gated, store, hear, bodyOf, calls } = await scene()
  await bodyOf()
  await turns()
  hear({ kind: 'removed' })
  const { fenced } = store.stats()
  const open = gated.hold()
  const reading = bodyOf()
  await turns()
  hear({ kind: 'changed', incarnation: 'i', changes: 9 })
  open()
  expect(await reading).toBe('one')
  expect([store.stats().fenced - fenced, store.stats().sessions]).toEqual([1, 0])
  calls()
  await bodyOf()
  expect([calls(), store.stats().sessions]).toEqual([['read'], 1])
})

it('readers at once share one read, where it is new enough for both', async () => {
  const { gated, store, calls } = await scene({ hasBus: false })
  const open = gated.hold()
  const first = store.read(ref, { tail: 2, maxAgeMs: old })
  await turns()
  now += 10
  const joined = [store.read(ref, { tail: 1, maxAgeMs: 10 }), store.read(ref, { tail: 2, maxAgeMs: 10 })]
  const others = [store.read(ref, { tail: 3, maxAgeMs: old }), store.read(ref, { maxAgeMs: 9 })]
  open()
  const all = await Promise.all([first, ...joined, ...others])
  expect(all.map((each) => each!.messages.length)).toEqual([2, 1, 2, 2, 0])
  expect([calls(), store.stats()]).toMatchObject([['read', 'read'], { joined: 3, misses: 2 }])
  // Each has a copy of its own.
  Object.assign(all[0]!.messages[0]!, { payload: 'altered' })
  expect(all[2]!.messages[0]!.payload).toBe('payload of m1')
})

it('who wants few does not cost those who want many their copy', async () => {
  const tails: unknown[] = []
  const change = (store: SessionStore): SessionStore => ({
    ...store,
    read: async (at, options) => (tails.push(options?.tail), store.read(at, options)),
  })
  const { last, store } = await scene({ hasBus: false, change })
  await last.commit(ref, { messages: Array.from({ length: 150 }, (_, n) => message(`n${n}`)) })
  for (const [tail, maxAgeMs] of [
    [120, old],
    [1, 50],
    [100, old],
    [140, old],
    [3, 0],
  ] as const) {
    expect((await store.read(ref, { tail, maxAgeMs }))!.messages).toHaveLength(tail)
    now += 100
  }
  expect(tails).toEqual([120, 100, 140, 3])
})

it('a write tells what it did, once, and keeps what it knows', async () => {
  const { last, store, calls, notices, bodyOf, rewrite } = await scene()
  await bodyOf()
  await turns()
  await bodyOf()
  calls()
  await rewrite(store, 'two', { messages: [message('m3')] })
  expect([calls(), await bodyOf(), calls(), notices()]).toEqual([
    ['commit'],
    'two',
    [],
    [['s', 'changed', 2]],
  ])
  // Somebody else wrote in between: nothing is known.
  await rewrite(last, 'theirs')
  await store.commit(ref, { title: 'ours' })
  calls()
  expect([await bodyOf(), calls(), notices()]).toEqual(['theirs', ['read'], [['s', 'changed', 4]]])
  await store.amend(ref, [{ seq: 2, payload: 'redacted' }])
  await store.amend(ref, [{ seq: 99, payload: 'nobody' }])
  await store.trim(ref, 1)
  await store.trim(ref, 1)
  expect(notices()).toEqual([
    ['s', 'changed', undefined],
    ['s', 'changed', undefined],
  ])
  const copy = (await last.read(ref, { tail: 9 }))!
  await store.remove(ref)
  await store.remove(ref)
  expect(notices()).toEqual([['s', 'removed', undefined]])
  await store.restore(ref, { ...copy, messages: copy.messages.slice(0, 1), more: true })
  expect(notices()).toEqual([])
  await store.restore(ref, { ...copy, messages: copy.messages.slice(1) })
  expect(notices()).toEqual([['s', 'changed', undefined]])
  expect(await bodyOf()).toBe('theirs')
  // Nobody watches records of the library.
  await store.commit(own, { revision: 0 })
  expect([notices(), store.stats().noticesOut]).toEqual([[], 6])
})

it('writes insist on what their caller insists on, and get copies of it', async () => {
  const { store } = await scene()
  const wrong = { incarnation: 'another' }
  for (const call of [
    store.amend(ref, [{ seq: 1, payload: 'x' }], wrong).catch(() => 0),
    store.trim(ref, 1, wrong).catch(() => 0),
    store.remove(ref, wrong).catch(() => false),
  ])
    expect(await call).toBeFalsy()
  const guard = { incarnation: 'i' }
  expect(await store.amend(ref, [{ seq: 1, payload: 'x' }], guard)).toBe(1)
  expect([await store.trim(ref, 1, guard), await store.remove(ref, guard)]).toEqual([1, true])
})

it('a write without an answer may still land: nothing is kept until that cannot be', async () => {
  const codes = [
    'unknown_outcome',
    'unavailable',
    'conflict',
    'not_found',
    'invalid',
    'limit_reached',
    'too_large',
  ] as const
  for (const code of codes) {
    const { store, calls, notices, bodyOf } = await scene({
      hasWarm: true,
      change: (last) => ({
        ...last,
        commit: async (at, change) =>
          change.title === undefined ? last.commit(at, change) : Promise.reject(new SessionError(code, code)),
      }),
    })
    await expect(store.commit(ref, { title: 'x' })).rejects.toMatchObject({ code })
    const isRefused = !code.startsWith('un')
    expect(calls(), code).toEqual(['commit', 'begin', ...(isRefused ? ['end write'] : [])])
    expect(notices()).toEqual(code === 'unknown_outcome' ? [['s', 'changed', undefined]] : [])
    await bodyOf()
    await bodyOf()
    expect([calls().includes('keep read one'), store.stats().sessions > 0], code).toEqual([
      isRefused,
      isRefused,
    ])
    now += 9999
    await bodyOf()
    expect(store.stats().sessions > 0).toBe(isRefused)
    now += 1
    await bodyOf()
    expect(store.stats().sessions).toBe(1)
  }
})

it('the shared cache answers, where it is new enough and nothing newer is known', async () => {
  const { last, store, calls, cache, hear, bodyOf } = await scene({ hasWarm: true })
  const stored = (await last.read(ref, { tail: 1 }))!
  // Until it listens, it does not know what it has missed.
  await bodyOf()
  await turns()
  now += 1000
  calls()
  cache.copy = { stored: { ...stored, body: 'warm' }, ageMs: 40 }
  expect([await bodyOf(40), calls(), store.stats()]).toMatchObject([
    'warm',
    ['find'],
    { warmHits: 1, misses: 2, oldestMs: 40 },
  ])
  await turns()
  now += 10
  expect([await bodyOf(39), calls()]).toEqual(['one', ['read', 'find', 'keep read one']])
  // Nobody asks it who allows nothing, nor for records of the library.
  await store.read(ref)
  await store.read(own, { maxAgeMs: old })
  expect(calls()).toEqual(['read', 'read'])
  hear({ kind: 'changed', incarnation: 'i', changes: 5 })
  expect([await bodyOf(), calls()]).toEqual(['one', ['read', 'find', 'keep read one']])
  cache.copy = { stored: { ...stored, body: 'newer', record: { ...stored.record, changes: 5 } }, ageMs: 40 }
  hear({ kind: 'changed', incarnation: 'i', changes: 5 })
  expect([await bodyOf(), calls()]).toEqual(['newer', ['find']])
  // A copy of fewer messages than are asked for is none.
  expect((await store.read(ref, { tail: 2, maxAgeMs: old }))!.messages).toHaveLength(2)
  expect(calls()).toEqual(['read', 'find', 'keep read one'])
})

it('the shared cache gets what was read under its permit, and what a write left', async () => {
  const { last, gated, store, calls, cache, hear, bodyOf, rewrite } = await scene({ hasWarm: true })
  cache.permit = undefined
  expect([await bodyOf(), calls()]).toEqual(['one', ['read', 'find']])
  await turns()
  cache.permit = 'read'
  await bodyOf()
  calls()
  await rewrite(store, 'two')
  expect(calls()).toEqual(['commit', 'begin', 'end write two'])
  await rewrite(last, 'three')
  await store.commit(ref, { title: 'x' })
  expect(calls()).toEqual(['commit', 'begin', 'end write'])
  await store.trim(ref, 1)
  expect(calls()).toEqual(['trim', 'begin', 'end write'])
  const open = gated.hold()
  const reading = bodyOf()
  await turns()
  hear({ kind: 'changed', incarnation: 'i', changes: 99 })
  open()
  expect([await reading, calls()]).toEqual(['three', ['read', 'find']])
  await store.read({ ...ref, id: 'none' }, { maxAgeMs: old })
  expect(calls()).toEqual(['read', 'find'])
  await store.commit(own, { revision: 0 })
  expect(calls()).toEqual(['commit'])
  await store.close()
})

it('lists, sweeps and checks are those of the store, and it ends with what it listens to', async () => {
  const { store, stopped, bodyOf } = await scene()
  await bodyOf()
  expect((await store.list({ tenantId: 'acme', limit: 5 })).items.map(({ id }) => id)).toEqual(['s'])
  await store.commit(ref, { idleMs: 0 })
  expect(await store.sweep({ limit: 5 })).toBe(1)
  expect(store.stats()).toMatchObject({ warmFailures: 0, isWarmAway: false })
  await store.close()
  expect(stopped).toEqual(['stopped'])
  const bare = {
    ...memoryStore(),
    check: async (ms: number) => [{ level: 'warning', code: 'x', message: `${ms}` } as never],
  }
  expect(await tieredStore(bare, { hot: { maxBytes: 1000 } }).check!(7)).toMatchObject([{ message: '7' }])
  const { check: _, ...unchecked } = bare
  expect('check' in tieredStore(unchecked, { hot: { maxBytes: 1000 } })).toBe(false)
  const away = tieredStore(bare, {
    hot: { maxBytes: 1000 },
    warm: {
      ttlMs: 1,
      find: () => Promise.reject(new Error('down')),
      begin: () => Promise.reject(new Error('down')),
    } as never,
  })
  for (let n = 0; n < 5; n++) await away.read(ref, { maxAgeMs: 1 })
  expect(away.stats()).toMatchObject({ warmFailures: 5, isWarmAway: true })
})
