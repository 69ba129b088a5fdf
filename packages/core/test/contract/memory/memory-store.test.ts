import { describe, expect, test } from 'vitest'
import type { SessionRef } from '../../../src/contract/session-record.js'
import { memoryStore, type MemoryStoreOptions } from '../../../src/contract/memory/memory-store.js'
import { describeSessionStore } from '../../../src/testing/store-suite.js'
import type { SessionStore } from '../../../src/contract/session-store.js'

describeSessionStore('memoryStore', async () => {
  const store = memoryStore()
  return { store, peer: store, sweepsMeanwhile: true }
})

const minute = 60_000

function ref(id: string, tenantId = 'acme'): SessionRef {
  return { tenantId, id }
}

/** A store whose clock is moved by hand. */
function storeAt(options: MemoryStoreOptions = {}) {
  const clock = { now: 1_700_000_000_000 }
  return { clock, store: memoryStore({ ...options, clock: () => clock.now }) }
}

async function create(store: SessionStore, ...ids: string[]): Promise<void> {
  for (const id of ids) await store.commit(ref(id), { revision: 0 })
}

async function there(store: SessionStore): Promise<string[]> {
  const { items } = await store.list({ tenantId: 'acme', limit: 1000 })
  return items.map(({ id }) => id).sort()
}

describe('the bounds of memoryStore', () => {
  test('past maxSessions the least recently read or changed session goes', async () => {
    const store = memoryStore({ maxSessions: 3 })
    await create(store, 'a', 'b', 'c')
    await store.read(ref('a'))
    await store.commit(ref('b'), { messages: [{ id: 'm1', payload: '' }] })
    await create(store, 'd')
    expect(await there(store)).toEqual(['a', 'b', 'd'])
    await create(store, 'e')
    expect(await there(store)).toEqual(['b', 'd', 'e'])
  })

  test('an evicted session is absent like a deleted one', async () => {
    const store = memoryStore({ maxSessions: 1 })
    await create(store, 'a', 'b')
    expect(await store.read(ref('a'))).toBeUndefined()
    const late = store.commit(ref('a'), { messages: [{ id: 'm1', payload: '' }] })
    await expect(late).rejects.toMatchObject({ code: 'not_found' })
    expect((await store.commit(ref('a'), { revision: 0 })).record).toMatchObject({ revision: 1, lastSeq: 0 })
  })

  test('tells which live session it evicted, and of no other', async () => {
    const evicted: SessionRef[] = []
    const { store, clock } = storeAt({ maxSessions: 3, onEvict: (gone) => evicted.push(gone) })
    await create(store, 'a', 'b')
    await store.commit(ref('short'), { revision: 0, idleMs: 10 })
    await store.remove(ref('b'))
    await create(store, 'c')
    clock.now += 10
    await create(store, 'd')
    expect([await there(store), evicted]).toEqual([['a', 'c', 'd'], []])
    await create(store, 'e')
    expect([await there(store), evicted]).toEqual([['c', 'd', 'e'], [ref('a')]])
  })

  test('past maxBytes as many go as it takes', async () => {
    const store = memoryStore({ maxBytes: 40_000 })
    for (const id of ['a', 'b', 'c']) await store.commit(ref(id), { revision: 0, body: 'x'.repeat(4000) })
    expect(await there(store)).toEqual(['a', 'b', 'c'])
    await store.commit(ref('d'), { revision: 0, body: 'x'.repeat(12_000) })
    expect(await there(store)).toEqual(['c', 'd'])
  })

  test('the dead go before the living', async () => {
    const evicted: SessionRef[] = []
    const { store, clock } = storeAt({ maxBytes: 40_000, onEvict: (gone) => evicted.push(gone) })
    await create(store, 'a')
    for (const id of ['b', 'c', 'd'])
      await store.commit(ref(id), { revision: 0, body: 'x'.repeat(4000), idleMs: 10 })
    clock.now += 10
    await store.commit(ref('e'), { revision: 0 })
    for (const id of ['f', 'g', 'h'])
      await store.commit(ref(id), { revision: 0, body: 'x'.repeat(4000), idleMs: 10 })
    await store.commit(ref('i'), { revision: 0 })
    clock.now += 10
    await store.commit(ref('i'), { messages: [{ id: 'm1', payload: 'x'.repeat(8000) }] })
    expect([await there(store), evicted]).toEqual([['a', 'e', 'i'], []])
  })

  test('counts what appends, bodies, names and amendments add, and trims and removals give back', async () => {
    const evicted: string[] = []
    const store = memoryStore({ maxBytes: 60_000, onEvict: ({ id }) => evicted.push(id) })
    await create(store, 'witness')
    const big = 'x'.repeat(20_000)
    for (let round = 0; round < 5; round++) {
      await store.commit(ref('a'), { revision: 0, messages: [{ id: 'm1', payload: 'small' }] })
      await store.amend(ref('a'), [{ seq: 1, payload: big }])
      await store.trim(ref('a'), 1)
      await store.commit(ref('a'), { revision: 1, body: big })
      await store.commit(ref('a'), { revision: 2, body: '' })
      await store.commit(ref('a'), { title: big })
      await store.commit(ref('a'), { title: '' })
      await store.commit(ref('a'), { messages: [{ id: 'm1', payload: big }] })
      await store.commit(ref('a'), { messages: [{ id: 'm1', payload: big }] })
      await store.remove(ref('a'))
      await store.read(ref('witness'))
    }
    expect(evicted).toEqual([])
    await store.commit(ref('a'), { revision: 0, body: big })
    await store.commit(ref('b'), { revision: 0, body: big })
    expect(evicted).toEqual(['witness', 'a'])
  })

  test('a session larger than maxBytes is refused with store_full, and nothing changes', async () => {
    const store = memoryStore({ maxBytes: 10_000 })
    await store.commit(ref('a'), { revision: 0, body: 'one', messages: [{ id: 'm1', payload: 'small' }] })
    const before = await store.read(ref('a'), { tail: 5 })
    const big = 'x'.repeat(10_000)
    for (const attempt of [
      () => store.commit(ref('a'), { revision: 1, body: big }),
      () => store.commit(ref('a'), { messages: [{ id: 'm2', payload: big }] }),
      () => store.amend(ref('a'), [{ seq: 1, payload: big }]),
      () => store.commit(ref('a'), { title: big }),
      () => store.commit(ref('b'), { revision: 0, body: big }),
      () => store.commit(ref('b'), { revision: 0, userId: big }),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ code: 'store_full' })
    }
    expect(await store.read(ref('a'), { tail: 5 })).toEqual(before)
    expect(await there(store)).toEqual(['a'])
  })

  test('side records never push out a session, and are bounded kind by kind', async () => {
    const evicted: SessionRef[] = []
    const store = memoryStore({
      maxSessions: 2,
      maxBytes: 40_000,
      maxSideBytes: 40_000,
      onEvict: (gone) => evicted.push(gone),
    })
    await create(store, 'a', 'b')
    const places = Array.from({ length: 1000 }, (_, n) =>
      ref(`r${n}`, n % 2 === 0 ? '~requests:acme' : '~turns'),
    )
    for (const place of places) await store.commit(place, { revision: 0, body: 'x'.repeat(1000) })
    expect([await there(store), evicted]).toEqual([['a', 'b'], []])
    const kept = []
    for (const place of places) if ((await store.read(place)) !== undefined) kept.push(place)
    for (const kind of ['~requests', '~turns']) {
      const count = kept.filter(({ tenantId }) => tenantId.startsWith(kind)).length
      expect(count).toBeGreaterThan(5)
      expect(count).toBeLessThan(20)
    }
    expect(kept, 'the newest stay').toEqual(places.slice(-kept.length))
    expect((await store.list({ tenantId: '~turns', limit: 100 })).items.length).toBeGreaterThan(2)
    await create(store, 'c', 'd')
    expect(evicted, 'sessions push out sessions').toEqual([ref('a'), ref('b')])
    expect(await store.read(places.at(-1)!), 'and no side record').toBeDefined()
    const tooLarge = store.commit(ref('large', '~turns'), { revision: 0, body: 'x'.repeat(30_000) })
    await expect(tooLarge).rejects.toMatchObject({ code: 'store_full' })
  })

  test('sweeps dead sessions and side records up to one limit', async () => {
    const { store, clock } = storeAt()
    for (const tenantId of ['acme', '~turns:acme']) {
      for (const id of ['a', 'b']) await store.commit(ref(id, tenantId), { revision: 0, idleMs: 10 })
    }
    clock.now += 10
    expect(await store.sweep({ limit: 3 })).toBe(3)
    expect(await store.sweep({ limit: 3 })).toBe(1)
  })

  test('refuses bounds that are none', () => {
    for (const options of [
      { maxSessions: 0 },
      { maxSessions: 1.5 },
      { maxBytes: Number.NaN },
      { maxSideBytes: 0 },
    ]) {
      expect(() => memoryStore(options)).toThrow(expect.objectContaining({ code: 'invalid' }))
    }
  })
})

describe('the clock of memoryStore', () => {
  test('a session is there until the very millisecond of its deadline', async () => {
    const { store, clock } = storeAt()
    await store.commit(ref('a'), { revision: 0, idleMs: minute })
    clock.now += minute - 1
    expect(await store.read(ref('a'))).toBeDefined()
    clock.now += 1
    expect(await store.read(ref('a'))).toBeUndefined()
  })

  test('each commit with idleMs moves the deadline, never past absoluteMs', async () => {
    const { store, clock } = storeAt()
    const life = { idleMs: minute, absoluteMs: 2.5 * minute }
    await store.commit(ref('a'), { revision: 0, ...life })
    for (let half = 0; half < 4; half++) {
      clock.now += minute / 2
      await store.commit(ref('a'), life)
    }
    clock.now += minute / 2
    await expect(store.commit(ref('a'), life)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('sweep counts what it removes, up to its limit, oldest deadline first', async () => {
    const { store, clock } = storeAt()
    const ids = ['a', 'b', 'c', 'd', 'e']
    for (const [index, id] of ids.entries()) await store.commit(ref(id), { revision: 0, idleMs: 100 + index })
    await create(store, 'forever')
    await store.commit(ref('b'), { idleMs: minute })
    clock.now += 103
    expect(await store.sweep({ limit: 2 })).toBe(2)
    expect(await store.sweep({ limit: 2 })).toBe(1)
    expect(await store.sweep({ limit: 2 })).toBe(0)
    expect(await there(store)).toEqual(['b', 'e', 'forever'])
    clock.now += minute
    expect(await store.sweep({ limit: 1000 })).toBe(2)
    await expect(store.sweep({ limit: 0 })).rejects.toMatchObject({ code: 'invalid', path: 'limit' })
  })

  test('a deadline that moved nearer is met by sweep', async () => {
    const { store, clock } = storeAt()
    await store.commit(ref('a'), { revision: 0, idleMs: minute })
    await store.commit(ref('a'), { idleMs: 10 })
    clock.now += 10
    expect(await store.sweep({ limit: 10 })).toBe(1)
  })

  test('a store that nobody sweeps does not fill up with the dead', async () => {
    const evicted: string[] = []
    const { store, clock } = storeAt({ maxSessions: 20, onEvict: ({ id }) => evicted.push(id) })
    await create(store, 'forever')
    for (let n = 0; n < 1000; n++) {
      clock.now += 10
      await store.commit(ref(`s${n}`), { revision: 0, idleMs: 50 })
    }
    expect(evicted).toEqual([])
    clock.now += 50
    expect(await store.sweep({ limit: 1000 })).toBeLessThanOrEqual(6)
  })

  test('activeAt moves when a minute has passed since it was set, and list follows', async () => {
    const { store, clock } = storeAt()
    const start = clock.now
    await create(store, 'a')
    clock.now += 1000
    await create(store, 'b')
    const list = async () => (await store.list({ tenantId: 'acme', limit: 10 })).items.map(({ id }) => id)
    clock.now = start + minute - 1
    expect((await store.commit(ref('a'), {})).record).toMatchObject({ activeAt: start, updatedAt: clock.now })
    expect(await list()).toEqual(['b', 'a'])
    clock.now = start + minute
    expect((await store.commit(ref('a'), {})).record.activeAt).toBe(clock.now)
    expect(await list()).toEqual(['a', 'b'])
    expect((await store.commit(ref('b'), {})).record.activeAt).toBe(start + 1000)
  })

  test('equal times are listed by id, with a cursor at any of them', async () => {
    const { store } = storeAt()
    const ids = ['b', 'a', 'B', 'é', 'e', '10', '9']
    await create(store, ...ids)
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await store.list({
        tenantId: 'acme',
        limit: 2,
        ...(cursor === undefined ? {} : { cursor }),
      })
      seen.push(...page.items.map(({ id }) => id))
      cursor = page.cursor
    } while (cursor !== undefined)
    expect(seen).toEqual(ids.sort())
  })
})

describe('what memoryStore refuses', () => {
  test('numbers that are none, by path', async () => {
    const store = memoryStore()
    await create(store, 'a')
    for (const [path, attempt] of [
      ['tail', () => store.read(ref('a'), { tail: -1 })],
      ['limit', () => store.messages(ref('a'), { limit: 0 })],
      ['after', () => store.messages(ref('a'), { limit: 1, after: 0.5 })],
      ['before', () => store.messages(ref('a'), { limit: 1, before: Number.NaN })],
      ['throughSeq', () => store.trim(ref('a'), Infinity)],
      ['revision', () => store.commit(ref('a'), { revision: -1 })],
      ['idleMs', () => store.commit(ref('a'), { idleMs: -1 })],
      ['absoluteMs', () => store.commit(ref('a'), { absoluteMs: 1.5 })],
      ['body', () => store.commit(ref('a'), { body: 'x' })],
      ['limit', () => store.list({ tenantId: 'acme', limit: 1001 })],
      ['cursor', () => store.list({ tenantId: 'acme', limit: 1, cursor: 'WzEsMl0' })],
    ] as const) {
      await expect(attempt(), path).rejects.toMatchObject({ code: 'invalid', path })
    }
  })
})

test.each<[string, () => unknown]>([
  ['a fraction', () => 1_700_000_000_000.75],
  ['a date', () => new Date(1_700_000_000_000)],
])('a clock that gives %s is read in whole milliseconds', async (_, clock) => {
  const store = memoryStore({ clock: clock as never })
  const { record } = await store.commit({ tenantId: 'acme', id: 's' }, { revision: 0, idleMs: 5 })
  expect(record).toMatchObject({ createdAt: 1_700_000_000_000, expiresAt: 1_700_000_000_005 })
})

test.each([undefined, Number.NaN, 9e15, -1, 'now'])('a clock that gives %s is refused', async (now) => {
  const store = memoryStore({ clock: (() => now) as never })
  const refused = { code: 'invalid', path: 'clock' }
  await expect(store.commit({ tenantId: 'acme', id: 's' }, { revision: 0 })).rejects.toMatchObject(refused)
})
