import { memoryStore, SessionError } from '@sessions/core'
import type { SessionRecord, SessionStore } from '@sessions/core/store'
import { describe, expect, it } from 'vitest'
import { sharesOf } from '../src/deal.js'
import { hashRoute, planMoves, rangeRoute, tenantRoute } from '../src/index.js'
import { listDifferences, sessionsOf } from '../src/list-differences.js'
import { mergedList } from '../src/merged-list.js'
import { under } from '../src/shard-route.js'
import { processTiming } from '../src/timing.js'
import { movedView, watchedStore } from '../src/watched-store.js'

const invalid = (path: string, message: string) => expect.objectContaining({ code: 'invalid', path, message })
const record = (id: string, activeAt: number, more: Partial<SessionRecord> = {}) =>
  ({ tenantId: 'acme', id, activeAt, incarnation: 'i', changes: 1, ...more }) as SessionRecord

describe('shares', () => {
  it('are by weight; the largest rests get one more, and the first of alike', () => {
    const of = (shards: string[], weights: Record<string, number>, total: number) =>
      Object.fromEntries(sharesOf(shards, weights, total))
    expect(of(['a', 'b', 'c'], {}, 10)).toEqual({ a: 4, b: 3, c: 3 })
    expect(of(['a', 'b', 'c'], {}, 11)).toEqual({ a: 4, b: 4, c: 3 })
    expect(of(['a', 'b'], { a: 1.25, b: 2.75 }, 10)).toEqual({ a: 3, b: 7 })
    expect(of(['a', 'b', 'c'], { a: 0.26, b: 0.26, c: 0.48 }, 10)).toEqual({ a: 3, b: 2, c: 5 })
    expect(of(['a'], { a: 0.001 }, 7)).toEqual({ a: 7 })
  })

  it('are refused in a sentence', () => {
    const names = invalid('shards', 'shards must be names, each once, and at least one')
    for (const shards of [[], ['a', 'a'], ['a', ''], ['a', 5], 'ab'])
      expect(() => sharesOf(shards as never, {}, 4)).toThrow(names)
    for (const [shard, weight] of [
      ['a', 0],
      ['a', -1],
      ['a', Infinity],
      ['a', '2'],
      ['z', 1],
    ] as const)
      expect(() => sharesOf(['a', 'b'], { [shard]: weight } as never, 4)).toThrow(
        invalid(`weights.${shard}`, `weights.${shard} must be a number above 0, for one of the shards`),
      )
    expect(() => planMoves({} as never, ['a'])).toThrow(
      invalid('owners', 'owners must be a Map, as partitionOwners gives it'),
    )
    expect(() => hashRoute(['a'], { by: 'user' } as never)).toThrow(
      expect.objectContaining({ code: 'invalid' }),
    )
  })

  it('are planned with the fewest moves', () => {
    const owners = new Map([...'abcdef'].map((name, n) => [name, n < 5 ? 'x' : 'gone']))
    expect(planMoves(owners, ['x', 'y', 'z'])).toEqual([
      { to: 'y', partition: ['c', 'd'] },
      { to: 'z', partition: ['e', 'f'] },
    ])
    expect(planMoves(owners, ['x', 'y'], { x: 5 })).toEqual([{ to: 'y', partition: ['f'] }])
  })
})

describe('routes', () => {
  it('tell how they were dealt, and where everything is', () => {
    const hash = hashRoute(['a', 'b'], { weights: { a: 3 }, by: 'session' })
    expect([hash.shards, hash.dealt]).toEqual([['a', 'b'], ['["session",[["a",3072],["b",1024]]]']])
    const places = hash.places()
    expect([places[0], places[3071], places[3072], places.length]).toEqual([
      { partition: '0', shard: 'a' },
      { partition: '3071', shard: 'a' },
      { partition: '3072', shard: 'b' },
      4096,
    ])
    const route = tenantRoute({ acme: hash, 'b c': 'cell' }, 'rest')
    expect(route.dealt).toEqual([`tenant:acme/${hash.dealt[0]}`])
    expect(route.shards).toEqual(['a', 'b', 'cell', 'rest'])
    expect(route.places().slice(-2)).toEqual([
      { partition: 'tenant:b%20c', shard: 'cell' },
      { partition: 'others', shard: 'rest' },
    ])
    expect(route.placesOf('acme')[1]).toEqual({ partition: 'tenant:acme/1', shard: 'a' })
    expect(route.placesOf('b c')).toEqual([{ partition: 'tenant:b%20c', shard: 'cell' }])
    expect(tenantRoute({}, hash).placesOf('x')[0]).toEqual({ partition: '0', shard: 'a' })
    const none = { shards: [], dealt: [], placeOf: () => undefined, placesOf: () => [], places: () => [] }
    expect(under('p', none).placeOf({ tenantId: 't', id: 'x' })).toBeUndefined()
    expect(under('p', 's')).toMatchObject({ shards: ['s'], dealt: [] })
  })

  it('say what is wrong with a table', () => {
    expect(() => rangeRoute([])).toThrow(
      invalid('ranges', 'ranges must be one or more, and begin with different tenants'),
    )
    expect(() => rangeRoute([{ from: '\ud800', to: 'a' }])).toThrow(
      invalid('from', 'from holds half a character'),
    )
    expect(rangeRoute([{ from: 'a b', to: 'x' }]).places()).toEqual([{ partition: 'from:a%20b', shard: 'x' }])
  })
})

describe('lists', () => {
  it('are read to their end, and only what is meant of them', async () => {
    const asked: unknown[] = []
    const pages: Record<string, { items: SessionRecord[]; cursor?: string }> = {
      none: { items: [record('a', 3), record('b', 2)], cursor: 'c1' },
      c1: { items: [], cursor: 'c2' },
      c2: { items: [record('c', 1)] },
    }
    const list = async (query: { cursor?: string }) => (asked.push(query), pages[query.cursor ?? 'none']!)
    const found: string[] = []
    for await (const { id } of sessionsOf({ list } as never, 'acme', ({ id: each }) => each !== 'b'))
      found.push(id)
    expect(found).toEqual(['a', 'c'])
    const query = { tenantId: 'acme', limit: 1000 }
    expect(asked).toEqual([query, { ...query, cursor: 'c1' }, { ...query, cursor: 'c2' }])
  })

  it('differ where a session is missing, too much, another one, or at another place', async () => {
    const iterate = async function* (records: SessionRecord[]) {
      yield* records
      return undefined
    }
    const differences = async (wanted: SessionRecord[], found: SessionRecord[]) => {
      const all: string[] = []
      for await (const { record: each, isMissing } of listDifferences(iterate(wanted), iterate(found)))
        all.push(`${isMissing ? '-' : '+'}${each.id}`)
      return all.join(' ')
    }
    const [a, b, c] = [record('a', 3), record('b', 3), record('c', 1)]
    expect(await differences([a, b, c], [a, b, c])).toBe('')
    expect(await differences([a, b, c], [])).toBe('-a -b -c')
    expect(await differences([], [a, c])).toBe('+a +c')
    expect(await differences([a, c], [b, c])).toBe('-a +b')
    expect(await differences([b], [a])).toBe('+a -b')
    expect(
      await differences(
        [a, b],
        [
          { ...a, changes: 2 },
          { ...b, incarnation: 'j' },
        ],
      ),
    ).toBe('-a -b')
    expect(await differences([a, c], [{ ...c, activeAt: 5 }, a])).toBe('+c -c')
  })

  it('of several shards are merged in order, page by page, without copies', async () => {
    const shard = (ids: string[], asked: unknown[] = []) => {
      const all = ids.map((id) => record(id.slice(1), Number(id[0])))
      const list = async (query: { limit: number; after?: { activeAt: number; id: string } }) => {
        asked.push(query)
        const { after, limit } = query
        const rest = all.slice(after === undefined ? 0 : all.findIndex(({ id }) => id === after.id) + 1)
        const items = rest.slice(0, limit)
        return items.length < rest.length ? { items, cursor: 'more' } : { items }
      }
      return {
        store: { list } as never as SessionStore,
        isOwn: ({ id }: SessionRecord) => !id.startsWith('copy'),
      }
    }
    const asked: unknown[] = []
    const shards = [shard(['9a', '5c', '5copy', '1e'], asked), shard(['9b', '5b', '5d']), shard([])]
    const page = async (limit: number, after?: { activeAt: number; id: string }) => {
      const query = { tenantId: 'acme', label: 'x' }
      const { items, cursor } = await mergedList(
        shards,
        query,
        limit,
        after,
        ({ activeAt, id }) => `${activeAt}${id}`,
      )
      return [items.map(({ id }) => id).join(''), cursor]
    }
    expect(await page(9)).toEqual(['abbcde', undefined])
    expect(asked).toEqual([{ tenantId: 'acme', label: 'x', limit: 9 }])
    expect(await page(2)).toEqual(['ab', '9b'])
    expect(await page(6)).toEqual(['abbcde', undefined])
    expect(await page(5)).toEqual(['abbcd', '5d'])
    asked.length = 0
    expect(await page(2, { activeAt: 9, id: 'a' })).toEqual(['bb', '5b'])
    expect(asked[0]).toMatchObject({ after: { activeAt: 9, id: 'a' } })
    // A large page asks each shard for twice its part, and at least for 20.
    asked.length = 0
    await page(90)
    await page(24)
    await page(21)
    expect(asked.map((query) => (query as { limit: number }).limit)).toEqual([60, 20, 20])
  })

  it('of a shard with many copies are read on', async () => {
    const all = Array.from({ length: 70 }, (_, n) => record(n < 65 ? `copy${n}` : `s${n}`, 100 - n))
    const store = memoryStore()
    store.list = async ({ after, limit }) => {
      const rest = all.filter(({ activeAt }) => after === undefined || activeAt < after.activeAt)
      return { items: rest.slice(0, limit), ...(rest.length > limit ? { cursor: 'more' } : {}) }
    }
    const isOwn = ({ id }: SessionRecord) => !id.startsWith('copy')
    const { items, cursor } = await mergedList(
      [{ store, isOwn }],
      { tenantId: 'acme' },
      2,
      undefined,
      () => 'next',
    )
    expect([items.map(({ id }) => id), cursor]).toEqual([['s65', 's66'], 'next'])
  })
})

describe('stores of a move', () => {
  it('ask before each call, and show sessions with one change more', async () => {
    const inner = memoryStore()
    const ref = { tenantId: 'acme', id: 'one' }
    await inner.commit(ref, { revision: 0, messages: [{ id: 'm', payload: 'x' }] })
    let asked = 0
    const store = watchedStore(inner, async () => void asked++)
    const copy = (await store.read(ref, { tail: 1 }))!
    const calls = [
      () => store.commit(ref, {}),
      () => store.messages(ref, { limit: 1 }),
      () => store.amend(ref, [{ seq: 1, payload: 'y' }]),
      () => store.trim(ref, 1),
      () => store.list({ tenantId: 'acme', limit: 1 }),
      () => store.sweep({ limit: 1 }),
      () => store.remove(ref),
      () => store.restore(ref, copy),
    ]
    for (const call of calls) await call()
    expect(asked).toBe(calls.length + 1)
    const view = movedView(inner)
    expect((await view.read(ref, { tail: 1 }))!.record.changes).toBe(copy.record.changes + 1)
    expect((await view.list({ tenantId: 'acme', limit: 1 })).items[0]!.changes).toBe(copy.record.changes + 1)
    expect(await view.read({ ...ref, id: 'none' })).toBeUndefined()
    const refusing = watchedStore(inner, () => Promise.reject(new SessionError('unavailable', 'no')))
    await expect(refusing.remove(ref)).rejects.toMatchObject({ code: 'unavailable' })
    expect(await inner.read(ref)).toBeDefined()
  })

  it('have no keys of a shard that shows them to nobody', async () => {
    const refuse = async () => Promise.reject(new SessionError('invalid', 'not shown'))
    const store = watchedStore({ ...memoryStore(), list: refuse }, async () => {})
    expect(await store.list({ tenantId: '~keys:acme', limit: 1 })).toEqual({ items: [] })
    await expect(store.list({ tenantId: 'acme', limit: 1 })).rejects.toMatchObject({ code: 'invalid' })
    const down = watchedStore(
      { ...memoryStore(), list: async () => Promise.reject(new SessionError('unavailable', 'down')) },
      async () => {},
    )
    await expect(down.list({ tenantId: '~keys:acme', limit: 1 })).rejects.toMatchObject({
      code: 'unavailable',
    })
  })
})

it('time passes forward, and is waited for', async () => {
  const before = processTiming.now()
  await processTiming.pause(1)
  expect(processTiming.now()).toBeGreaterThan(before)
})
