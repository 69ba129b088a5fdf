import { createSessions, memoryStore, SessionError } from '@sessions/core'
import { checkStore, type SessionStore } from '@sessions/core/store'
import { wrapStore } from '@sessions/core/testing'
import { describe, expect, it } from 'vitest'
import { hashRoute, regionRoute, shardedStore, tenantRoute } from '../src/index.js'

const code = (expected: string) => expect.objectContaining({ code: expected })

/** A store that does not answer while it is down. */
function mortal(store: SessionStore) {
  const state = { isDown: false }
  const wrapped = wrapStore(store, async (_, call) => {
    if (state.isDown) throw new SessionError('unavailable', 'down')
    return call()
  })
  return { store: wrapped, state }
}

describe('a closed shard', () => {
  const regions = { eu: 'eu', us: 'us' }
  const regionOf = (tenantId: string) => tenantId.slice(-2)
  const store = shardedStore({
    shards: { eu: memoryStore(), us: 'closed' },
    route: regionRoute(regionOf, regions),
  })

  it('refuses every call for its sessions, and lists too', async () => {
    const ref = { tenantId: 'acme-us', id: 'one' }
    for (const call of [
      store.read(ref),
      store.commit(ref, { revision: 0 }),
      store.messages(ref, { limit: 1 }),
      store.remove(ref),
      store.list({ tenantId: 'acme-us', limit: 1 }),
    ]) {
      await expect(call).rejects.toEqual(code('forbidden'))
    }
  })

  it('leaves the others as they are, and is not swept', async () => {
    const ref = { tenantId: 'acme-eu', id: 'one' }
    await store.commit(ref, { revision: 0, idleMs: 0 })
    expect(await store.sweep({ limit: 10 })).toBe(1)
  })

  it('refuses a whole list of which it may have a part', async () => {
    const spread = shardedStore({
      shards: { a: memoryStore(), b: 'closed' },
      route: hashRoute(['a', 'b'], { by: 'session' }),
    })
    await expect(spread.list({ tenantId: 'acme', limit: 1 })).rejects.toEqual(code('forbidden'))
  })
})

describe('a dead shard', () => {
  it('fails its own sessions alone', async () => {
    const [a, b] = [mortal(memoryStore()), mortal(memoryStore())]
    const store = shardedStore({
      shards: { a: a.store, b: b.store },
      route: hashRoute(['a', 'b'], { by: 'session' }),
      home: memoryStore(),
    })
    const refs = Array.from({ length: 40 }, (_, n) => ({ tenantId: 'acme', id: `s${n}` }))
    const shards: string[] = []
    for (const ref of refs) {
      await store.commit(ref, { revision: 0 })
      shards.push((await store.locate(ref)).shard)
    }
    a.state.isDown = true
    for (const [index, ref] of refs.entries()) {
      for (const call of [
        store.read(ref),
        store.commit(ref, { title: 'on' }),
        store.messages(ref, { limit: 1 }),
      ]) {
        if (shards[index] === 'a') await expect(call).rejects.toEqual(code('unavailable'))
        else await call
      }
    }
    await expect(store.list({ tenantId: 'acme', limit: 1 })).rejects.toEqual(code('unavailable'))
  })
})

describe('sweep', () => {
  /** Two shards of three dead sessions each, and how many are left. */
  function deadShards() {
    const left = { a: 3, b: 3 }
    const shardOf = (name: 'a' | 'b') => ({
      ...memoryStore(),
      async sweep({ limit }: { limit: number }) {
        if (left[name] < 0) throw new SessionError('unavailable', 'down')
        const swept = Math.min(limit, left[name])
        left[name] -= swept
        return swept
      },
    })
    const shards = { a: shardOf('a'), b: shardOf('b') }
    return { left, store: shardedStore({ shards, route: hashRoute(['a', 'b']) }) }
  }

  it('goes through all shards up to its limit, and begins with another one each time', async () => {
    const { left, store } = deadShards()
    expect(await store.sweep({ limit: 2 })).toBe(2)
    expect(await store.sweep({ limit: 2 })).toBe(2)
    expect(left).toEqual({ a: 1, b: 1 })
    expect(await store.sweep({ limit: 10 })).toBe(2)
  })

  it('goes through the others when a shard is dead, and then tells', async () => {
    const { left, store } = deadShards()
    left.a = -1
    await expect(store.sweep({ limit: 10 })).rejects.toEqual(code('unavailable'))
    expect(left.b).toBe(0)
  })
})

describe('checkStore', () => {
  it('gives the findings of every open shard and of the home, by their names', async () => {
    const check = async () => [{ level: 'warning', code: 'durability', message: 'a crash loses' } as const]
    const down: SessionStore['read'] = () => Promise.reject(new SessionError('unavailable', 'down'))
    const quiet = memoryStore()
    delete quiet.check
    const store = shardedStore({
      shards: { a: { ...quiet, check }, b: { ...quiet, read: down }, c: 'closed', d: quiet },
      route: hashRoute(['a', 'b', 'c', 'd']),
      home: { ...quiet, check },
    })
    expect(await checkStore(store)).toEqual([
      { level: 'error', code: 'unavailable', message: 'shard b: down' },
      { level: 'warning', code: 'durability', message: 'home: a crash loses' },
      { level: 'warning', code: 'durability', message: 'shard a: a crash loses' },
    ])
  })
})

describe('a service over shards is healthy', () => {
  const healthOf = async (store: SessionStore) => (await createSessions({ store }).health()).ok
  const unchecked = (store: SessionStore) => {
    const quiet = { ...store }
    delete quiet.check
    return quiet
  }

  it('as long as one of them answers, wherever its route leads', async () => {
    const [a, b] = [mortal(memoryStore()), mortal(memoryStore())]
    const shards = { a: a.store, b: b.store }
    const stores = [
      hashRoute(['a', 'b']),
      tenantRoute({ acme: 'a', globex: 'b' }),
      regionRoute((tenantId) => (tenantId === 'acme' ? 'eu' : undefined), { eu: 'a', us: 'b' }),
    ].map((route) => shardedStore({ shards, route }))
    const all = async () => Promise.all(stores.map(healthOf))
    expect(await all()).toEqual([true, true, true])
    a.state.isDown = true
    expect(await all()).toEqual([true, true, true])
    b.state.isDown = true
    expect(await all()).toEqual([false, false, false])
  })

  it('once it has read the map of its home, without which it finds no session', async () => {
    const home = mortal(memoryStore())
    const shards = { a: memoryStore(), b: memoryStore() }
    const open = (names = ['a', 'b']) => shardedStore({ shards, route: hashRoute(names), home: home.store })
    home.state.isDown = true
    const store = open()
    expect(await healthOf(store)).toBe(false)
    home.state.isDown = false
    expect(await healthOf(store)).toBe(true)
    // Reads go on without it: a process that is taken out of service would not.
    home.state.isDown = true
    expect(await healthOf(store)).toBe(true)
    home.state.isDown = false
    expect((await createSessions({ store: open(['a']) }).health()).store.code).toBe('invalid')
  })

  it('where others are closed to it, and not where all are', async () => {
    const route = tenantRoute({ acme: 'a', globex: 'b' })
    const open = shardedStore({ shards: { a: 'closed', b: unchecked(memoryStore()) }, route })
    expect([await healthOf(open), await checkStore(open)]).toEqual([true, []])
    const closed = shardedStore({ shards: { a: 'closed', b: 'closed' }, route })
    expect(await healthOf(closed)).toBe(false)
    expect(await checkStore(closed)).toMatchObject([{ code: 'unavailable' }])
  })
})

describe('what JavaScript calls', () => {
  const store = shardedStore({ shards: { a: memoryStore(), b: memoryStore() }, route: hashRoute(['a', 'b']) })
  const loose = store as unknown as Record<'locate' | 'movePartition', (given?: unknown) => Promise<unknown>>
  const tenants = (): string[] => []

  it.each<[string, 'locate' | 'movePartition', unknown]>([
    ['tenantId', 'locate', undefined],
    ['tenantId', 'locate', null],
    ['tenantId', 'locate', 'acme'],
    ['id', 'locate', { tenantId: 'acme' }],
    ['id', 'locate', { tenantId: 'acme', id: 1 }],
    ['partition', 'movePartition', undefined],
    ['partition', 'movePartition', {}],
    ['partition', 'movePartition', { partition: 1, to: 'b', tenants }],
    ['partition', 'movePartition', { partition: [1], to: 'b', tenants }],
    ['to', 'movePartition', { partition: '1', tenants }],
    ['tenants', 'movePartition', { partition: '1', to: 'b' }],
    ['options', 'movePartition', 'b'],
    ['options', 'movePartition', null],
  ])('is refused with the path %s: %s of %j', async (path, verb, given) => {
    await expect(loose[verb](given)).rejects.toMatchObject({ code: 'invalid', path })
  })
})
