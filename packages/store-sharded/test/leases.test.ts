import { memoryStore, SessionError } from '@sessions/core'
import type { SessionStore } from '@sessions/core/store'
import { wrapStore } from '@sessions/core/testing'
import { expect, it } from 'vitest'
import { hashRoute, type ShardRoute, tenantRoute } from '../src/index.js'
import { shardedStoreBy } from '../src/sharded-store.js'
import { VirtualTime } from './virtual-time.js'

const ref = { tenantId: 'acme', id: 'one' }
const route = hashRoute(['a', 'b'])
const code = (expected: string) => expect.objectContaining({ code: expected })
const mapRef = { tenantId: '~shards', id: 'map' }

function gate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** A sharded store whose home can be taken away, and how often it asked the home. */
function opened(shards: Readonly<Record<string, SessionStore>> = { a: memoryStore(), b: memoryStore() }) {
  const time = new VirtualTime()
  const home = memoryStore()
  const state = { isDown: false, reads: 0, hangsMs: 0 }
  const reached = wrapStore(home, async (method, call) => {
    if (state.hangsMs > 0) await time.pause(state.hangsMs)
    if (state.isDown) throw new SessionError('unavailable', 'down')
    if (method === 'read') state.reads++
    return call()
  })
  const open = (by: ShardRoute = route) => shardedStoreBy({ shards, route: by, home: reached }, time)
  return { time, home, state, open, store: open() }
}

it('asks its home at most once a second, and not at all while nothing is done', async () => {
  const { time, state, store } = opened()
  await store.commit(ref, { revision: 0 })
  const { reads } = state
  for (let n = 0; n < 100; n++) await store.read(ref)
  expect(state.reads).toBe(reads)
  time.move(1000)
  for (let n = 0; n < 100; n++) await store.read(ref)
  expect(state.reads).toBe(reads + 1)
  time.move(3_600_000)
  expect(state.reads).toBe(reads + 1)
})

it('writes for as long as its lease lasts while the home is away, and reads on', async () => {
  const { time, state, store } = opened()
  await store.commit(ref, { revision: 0 })
  state.isDown = true
  time.move(4999)
  await store.commit(ref, { title: 'in time' })
  time.move(1)
  await expect(store.commit(ref, { title: 'too late' })).rejects.toEqual(code('unavailable'))
  expect((await store.read(ref))?.record.title).toBe('in time')
  expect((await store.list({ tenantId: 'acme', limit: 1 })).items).toHaveLength(1)
  state.isDown = false
  await store.commit(ref, { title: 'again' })
})

it('has no read wait for a home that hangs, but for the one that finds out', async () => {
  const { time, state, store } = opened()
  await store.commit(ref, { revision: 0, title: 'there' })
  Object.assign(state, { isDown: true, hangsMs: 5000 })
  time.move(60_000)
  const took = async () => {
    const begun = time.now()
    const reads = [store.read(ref), store.read(ref), store.list({ tenantId: 'acme', limit: 1 })]
    const found = await time.run(Promise.all(reads))
    expect(found).toMatchObject([
      { record: { title: 'there' } },
      { record: { title: 'there' } },
      { items: [{}] },
    ])
    return time.now() - begun
  }
  expect(await took()).toBeLessThan(5500)
  // Longer than the home takes to say nothing, over and over.
  for (let n = 0; n < 100; n++) {
    expect(await took()).toBeLessThan(100)
    time.move(200)
  }
  // Who has read nothing for long looks whether the home is back, for partitions may have moved.
  Object.assign(state, { isDown: false, hangsMs: 300 })
  time.move(60_000)
  expect(await took()).toBeGreaterThan(290)
  expect(await took()).toBeLessThan(100)
})

it('neither reads nor writes when it has never read the map', async () => {
  const { state, store } = opened()
  state.isDown = true
  for (const call of [
    store.read(ref),
    store.commit(ref, { revision: 0 }),
    store.list({ tenantId: 'acme', limit: 1 }),
  ]) {
    await expect(call).rejects.toEqual(code('unavailable'))
  }
})

it('counts a write whose answer came after the lease only when nothing has moved meanwhile', async () => {
  const held = gate()
  let hold: Promise<void> | undefined
  const slow = (store: SessionStore) =>
    wrapStore(store, async (_, call) => {
      const answer = await call()
      await hold
      return answer
    })
  const { time, home, store } = opened({ a: slow(memoryStore()), b: slow(memoryStore()) })
  await store.commit(ref, { revision: 0 })
  hold = held.opened
  const [first, second] = ['first', 'second'].map((title) => store.commit(ref, { title }))
  const refused = store.commit(ref, { revision: 7 })
  time.move(6000)
  held.open()
  await first
  await second
  await expect(refused).rejects.toEqual(code('conflict'))

  const heldAgain = gate()
  hold = heldAgain.opened
  const late = store.commit(ref, { title: 'late' })
  const lateRefused = store.commit(ref, { revision: 7 })
  const map = (await home.read(mapRef))!
  const body = JSON.stringify({ ...JSON.parse(map.body), epoch: 2 })
  await home.commit(mapRef, { revision: map.record.revision, body })
  time.move(6000)
  heldAgain.open()
  await expect(late).rejects.toEqual(code('unknown_outcome'))
  await expect(lateRefused).rejects.toEqual(code('unavailable'))
})

it('refuses a route that deals its hashes in another way than the map remembers', async () => {
  const { store, open } = opened()
  await store.commit(ref, { revision: 0 })
  const other = open(hashRoute(['b', 'a']))
  await expect(other.read(ref)).rejects.toEqual(expect.objectContaining({ code: 'invalid', path: 'route' }))
})

it('remembers how a hash was dealt that came into a table later, and refuses another list of its shards', async () => {
  const shards = Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, memoryStore()]))
  const { home, open, time, state } = opened(shards)
  const withBig = (...names: string[]) => tenantRoute({ big: hashRoute(names, { by: 'session' }) }, route)
  const before = open()
  await before.commit(ref, { revision: 0 })
  const store = open(withBig('b', 'c'))
  const refs = Array.from({ length: 20 }, (_, n) => ({ tenantId: 'big', id: `s${n}` }))
  for (const big of refs) await store.commit(big, { revision: 0 })
  for (const other of [withBig('b', 'c', 'd'), withBig('c', 'b')]) {
    const refused = expect.objectContaining({ code: 'invalid', path: 'route' })
    await expect(open(other).commit(refs[0]!, { revision: 0 })).rejects.toEqual(refused)
    await expect(open(other).read(ref)).rejects.toEqual(refused)
  }
  const found = await open(withBig('b', 'c')).list({ tenantId: 'big', limit: 100 })
  expect(found.items).toHaveLength(20)
  const { dealt } = withBig('b', 'c')
  expect(JSON.parse((await home.read(mapRef))!.body)).toEqual({
    epoch: 1,
    dealt: route.dealt,
    moved: {},
    added: dealt.filter((text) => !route.dealt.includes(text)),
  })
  // A process that has not got the new table yet goes on, and what is remembered is written once.
  time.move(5000)
  await before.commit(ref, { title: 'as before' })
  expect((await open().read(ref))?.record.title).toBe('as before')
  expect((await home.read(mapRef))!.record.revision).toBe(2)
  expect(state.reads).toBeGreaterThan(0)
})

it('lets one of two processes add a hash to the map that give it different shards at once', async () => {
  const { store, open } = opened()
  await store.commit(ref, { revision: 0 })
  const big = { tenantId: 'big', id: 'one' }
  const tables = [
    ['a', 'b'],
    ['b', 'a'],
  ].map((names) => open(tenantRoute({ big: hashRoute(names) }, route)))
  const ends = await Promise.allSettled(tables.map((each) => each.commit(big, { revision: 0 })))
  expect(ends.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
})

it('does not go by a new map once its own is gone', async () => {
  const { time, home, store } = opened()
  await store.commit(ref, { revision: 0 })
  await home.remove(mapRef)
  time.move(5000)
  await expect(store.commit(ref, { title: 'lost' })).rejects.toEqual(code('unavailable'))
  expect(await home.read(mapRef)).toBeUndefined()
})

it('does not go by a map that has lost changes', async () => {
  const { time, home, store } = opened()
  const map = (await store.locate(ref)) && (await home.read(mapRef))!
  const write = (epoch: number, revision: number) =>
    home.commit(mapRef, { revision, body: JSON.stringify({ ...JSON.parse(map.body), epoch }) })
  await write(9, 1)
  time.move(5000)
  await store.commit(ref, { revision: 0 })
  await write(8, 2)
  time.move(5000)
  await expect(store.commit(ref, { title: 'lost' })).rejects.toEqual(code('unavailable'))
})

it('tells of a map that cannot be read', async () => {
  const { home, store } = opened()
  await home.commit(mapRef, { revision: 0, body: '{' })
  await expect(store.read(ref)).rejects.toEqual(code('corrupt'))
})

it('makes one map, whichever of two processes is first', async () => {
  const { home, store, open } = opened()
  await Promise.all([store.commit(ref, { revision: 0 }), open().read(ref)])
  expect(JSON.parse((await home.read(mapRef))!.body)).toEqual({ epoch: 1, dealt: route.dealt, moved: {} })
})
