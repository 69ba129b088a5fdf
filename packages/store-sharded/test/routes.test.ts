import { memoryStore } from '@sessions/core'
import { describe, expect, it } from 'vitest'
import {
  hashRoute,
  planMoves,
  rangeRoute,
  regionRoute,
  shardedStore,
  type ShardRoute,
  tenantRoute,
} from '../src/index.js'
import { partitionCount, partitionNumber } from '../src/partition-number.js'

const shardOf = (route: ShardRoute, tenantId: string, id = 'one') => route.placeOf({ tenantId, id })?.shard
const countsOf = (values: Iterable<string>) => {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return Object.fromEntries(counts)
}

describe('partitionNumber', () => {
  it('is the same for ever', () => {
    const known = [[''], ['acme'], ['acme', 'one'], ['acmeo', 'ne'], ['übermäßig 🛒'], ['\ud800']]
    expect(known.map((texts) => partitionNumber(...texts))).toMatchInlineSnapshot(`
      [
        3613,
        2093,
        2267,
        2321,
        611,
        1411,
      ]
    `)
  })

  it('spreads like texts evenly', () => {
    const counts = new Uint32Array(partitionCount)
    for (let n = 0; n < 50 * partitionCount; n++) counts[partitionNumber(`tenant-${n}`)]!++
    // Six standard deviations of a count that is 50 on average.
    expect(Math.min(...counts)).toBeGreaterThan(7)
    expect(Math.max(...counts)).toBeLessThan(93)
  })
})

describe('hashRoute', () => {
  it('keeps a tenant together, or spreads its sessions', () => {
    const ids = Array.from({ length: 300 }, (_, n) => `s${n}`)
    const [byTenant, bySession] = [hashRoute(['a', 'b', 'c']), hashRoute(['a', 'b', 'c'], { by: 'session' })]
    expect(new Set(ids.map((id) => shardOf(byTenant, 'acme', id))).size).toBe(1)
    expect(new Set(ids.map((id) => shardOf(bySession, 'acme', id)))).toEqual(new Set(['a', 'b', 'c']))
    expect(byTenant.placesOf('acme')).toEqual([byTenant.placeOf({ tenantId: 'acme', id: 'any' })])
    expect(bySession.placesOf('acme')).toHaveLength(partitionCount)
  })

  it('deals partitions by weight, within one of the exact share', () => {
    const dealt = (shards: string[], weights = {}) =>
      countsOf(
        hashRoute(shards, { weights })
          .places()
          .map(({ shard }) => shard),
      )
    expect(dealt(['a', 'b', 'c'])).toEqual({ a: 1366, b: 1365, c: 1365 })
    expect(dealt(['a', 'b'], { b: 3 })).toEqual({ a: 1024, b: 3072 })
  })

  it.each([[[]], [['a', 'a']]])('refuses the shards %j', (shards) => {
    expect(() => hashRoute(shards)).toThrow(expect.objectContaining({ code: 'invalid', path: 'shards' }))
  })

  it.each([{ a: 0 }, { a: Number.NaN }, { c: 1 }])('refuses the weights %j', (weights) => {
    expect(() => hashRoute(['a', 'b'], { weights })).toThrow(expect.objectContaining({ code: 'invalid' }))
  })
})

describe('planMoves', () => {
  const owners = (shards: string[]) =>
    new Map(
      hashRoute(shards)
        .places()
        .map(({ partition, shard }) => [partition, shard]),
    )
  const after = (before: ReadonlyMap<string, string>, moves: ReturnType<typeof planMoves>) => {
    const now = new Map(before)
    for (const { partition, to } of moves) for (const one of partition) now.set(one, to)
    return now
  }

  it('moves to a new shard its share and no more, from 1 to 64 shards', () => {
    const shards = ['s1']
    let now: ReadonlyMap<string, string> = owners(shards)
    for (let count = 2; count <= 64; count++) {
      shards.push(`s${count}`)
      const moves = planMoves(now, shards)
      expect(moves.map(({ to }) => to)).toEqual([`s${count}`])
      expect(moves[0]!.partition.length).toBeLessThanOrEqual(Math.ceil(partitionCount / count))
      now = after(now, moves)
      const sizes = Object.values(countsOf(now.values()))
      expect(sizes).toHaveLength(count)
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
    }
  })

  it('empties a shard that goes, and moves nothing else', () => {
    const before = owners(['a', 'b', 'c'])
    const moves = planMoves(before, ['a', 'c'])
    expect(moves.flatMap(({ partition }) => partition).map((one) => before.get(one))).toEqual(
      Array(1365).fill('b'),
    )
    expect(countsOf(after(before, moves).values())).toEqual({ a: 2048, c: 2048 })
  })

  it('has nothing to do where all is as it should be', () => {
    expect(planMoves(owners(['a', 'b']), ['b', 'a'])).toEqual([])
  })
})

describe('routes by a table', () => {
  it('tenantRoute gives the tenants of its table shards of their own, and all others the fallback', () => {
    const route = tenantRoute({ acme: 'cell', 'a/b': hashRoute(['x', 'y'], { by: 'session' }) }, 'shared')
    expect([shardOf(route, 'acme'), shardOf(route, 'constructor')]).toEqual(['cell', 'shared'])
    expect(route.placeOf({ tenantId: 'acme', id: 'one' })!.partition).toBe('tenant:acme')
    expect(route.placeOf({ tenantId: 'a/b', id: 'one' })!.partition).toMatch(/^tenant:a%2Fb\/\d+$/)
    expect(route.shards.toSorted()).toEqual(['cell', 'shared', 'x', 'y'])
    expect(shardOf(tenantRoute({ acme: 'cell' }), 'other')).toBeUndefined()
  })

  it('regionRoute goes by the region of the tenant', () => {
    const route = regionRoute((tenantId) => tenantId.split('-').at(-1), {
      eu: hashRoute(['eu-1', 'eu-2']),
      us: 'us-1',
    })
    expect(shardOf(route, 'acme-us')).toBe('us-1')
    expect(['eu-1', 'eu-2']).toContain(shardOf(route, 'acme-eu'))
    expect(shardOf(route, 'acme-mars')).toBeUndefined()
    expect(route.placesOf('acme-mars')).toEqual([])
  })

  it('rangeRoute compares texts as JavaScript does', () => {
    const route = rangeRoute([
      { from: 'm', to: 'second' },
      { from: '', to: 'first' },
    ])
    expect(['', 'a', 'lzz', 'm', 'z', 'é', 'M'].map((tenant) => shardOf(route, tenant))).toEqual([
      'first',
      'first',
      'first',
      'second',
      'second',
      'second',
      'first',
    ])
    expect(shardOf(rangeRoute([{ from: 'm', to: 'late' }]), 'a')).toBeUndefined()
    const twice = { from: 'a', to: 'x' }
    for (const ranges of [[], [twice, twice]]) {
      expect(() => rangeRoute(ranges)).toThrow(expect.objectContaining({ code: 'invalid', path: 'ranges' }))
    }
  })

  it('refuses names of which no name of a partition can be made', () => {
    expect(() => tenantRoute({ '\ud800': 'a' })).toThrow(expect.objectContaining({ code: 'invalid' }))
  })
})

describe('shardedStore', () => {
  it('refuses a session without a shard, and its lists', async () => {
    const store = shardedStore({ shards: { a: memoryStore() }, route: tenantRoute({ acme: 'a' }) })
    const ref = { tenantId: 'other', id: 'one' }
    const refused = expect.objectContaining({ code: 'invalid', path: 'tenantId' })
    for (const call of [
      store.read(ref),
      store.commit(ref, { revision: 0 }),
      store.messages(ref, { limit: 1 }),
      store.amend(ref, []),
      store.trim(ref, 1),
      store.remove(ref),
      store.list({ tenantId: 'other', limit: 1 }),
      store.locate(ref),
    ]) {
      await expect(call).rejects.toEqual(refused)
    }
  })

  it('keeps what the library stores beside sessions in the shard of their tenant', async () => {
    const shards = { a: memoryStore(), b: memoryStore() }
    const store = shardedStore({ shards, route: tenantRoute({ acme: 'b' }, 'a') })
    for (const tenantId of ['acme', '~turns:acme', '~keys:acme']) {
      await store.commit({ tenantId, id: 'one' }, { revision: 0 })
      expect(await shards.b.read({ tenantId, id: 'one' })).toBeDefined()
    }
    expect(await store.locate({ tenantId: '~requests:acme', id: 'x' })).toEqual({
      partition: 'tenant:acme',
      shard: 'b',
    })
    expect(await store.partitionOwners()).toEqual(
      new Map([
        ['tenant:acme', 'b'],
        ['others', 'a'],
      ]),
    )
  })

  it('refuses a route to a shard that is not given, and unknown options', () => {
    const shards = { a: memoryStore() }
    expect(() => shardedStore({ shards, route: hashRoute(['a', 'b']) })).toThrow(
      expect.objectContaining({ code: 'invalid', path: 'shards.b' }),
    )
    const options = { shards, route: hashRoute(['a']), hom: memoryStore() }
    expect(() => shardedStore(options)).toThrow('did you mean home?')
  })

  const [a, b] = [memoryStore(), memoryStore()]
  const route = hashRoute(['a', 'b'])
  it.each<[string, unknown]>([
    ['options', undefined],
    ['options', null],
    ['route', {}],
    ['route', { shards: { a, b } }],
    ['route', { shards: { a, b }, route: {} }],
    ['shards.a', { route }],
    ['shards.b', { shards: { a, b: null }, route }],
    ['shards.b', { shards: { a, b: 'postgres://south/app' }, route }],
    ['shards.b', { shards: { a, b: a }, route }],
    ['home', { shards: { a, b }, route, home: {} }],
  ])('names what is wrong: %s', (path, options) => {
    expect(() => shardedStore(options as never)).toThrow(expect.objectContaining({ code: 'invalid', path }))
  })

  it('and its routes name what is wrong, too', () => {
    const refused = (path: string) => expect.objectContaining({ code: 'invalid', path })
    expect(() => regionRoute('eu' as never, { eu: 'a' })).toThrow(refused('regionOf'))
    for (const shards of ['a', [''], [5], undefined])
      expect(() => hashRoute(shards as never)).toThrow(refused('shards'))
    for (const owners of [null, {}, []])
      expect(() => planMoves(owners as never, ['a'])).toThrow(refused('owners'))
  })
})
