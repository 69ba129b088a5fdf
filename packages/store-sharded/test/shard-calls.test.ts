import { memoryStore, SessionError } from '@sessions/core'
import type { SessionStore } from '@sessions/core/store'
import { expect, it } from 'vitest'
import { tenantRoute } from '../src/index.js'
import type { PartitionMove } from '../src/map-body.js'
import { ShardCalls } from '../src/shard-calls.js'
import { ShardMap } from '../src/shard-map.js'
import { VirtualTime } from './virtual-time.js'

const mapRef = { tenantId: '~shards', id: 'map' }
const route = tenantRoute({ acme: 'a', other: 'a', far: 'c', shut: 'd' })
const ref = { tenantId: 'acme', id: 's' }

/** Calls to two shards, and the map that others change. */
async function scene() {
  const time = new VirtualTime()
  const home = memoryStore()
  const state = { reads: 0, isDown: false }
  const told: SessionStore = {
    ...home,
    read: async (of) => {
      state.reads++
      if (state.isDown) throw new SessionError('unavailable', 'down')
      return home.read(of)
    },
  }
  const map = new ShardMap(told, route, 1000, time)
  const [a, b] = [{ name: 'a' }, { name: 'b' }] as unknown as (SessionStore & { name: string })[]
  const shards = new Map<string, SessionStore | 'closed'>([
    ['a', a!],
    ['b', b!],
    ['d', 'closed'],
  ])
  const calls = new ShardCalls(map, shards, route, 5000)
  await map.toWrite()
  const put = async (moved: Record<string, string[]>, move?: PartitionMove) => {
    const { record, body } = (await home.read(mapRef))!
    const now = JSON.parse(body) as { epoch: number }
    const next = { ...now, epoch: now.epoch + 1, moved, ...(move === undefined ? {} : { move }) }
    await home.commit(mapRef, { revision: record.revision, body: JSON.stringify(next) })
  }
  state.reads = 0
  return { time, state, map, calls, put }
}
const moved = { b: ['tenant:acme'] }
const nameOf = (store: SessionStore) => (store as unknown as { name: string }).name

it('a session has a place by its tenant, also for what the library keeps beside it', async () => {
  const { calls } = await scene()
  const place = { partition: 'tenant:acme', shard: 'a' }
  for (const tenantId of ['acme', '~turns:acme', '~keys:acme']) {
    expect(calls.placeOf({ tenantId, id: 's' }), tenantId).toEqual(place)
    expect(calls.placesOf(tenantId), tenantId).toEqual([place])
  }
  const none = { code: 'invalid', path: 'tenantId', message: 'The route has no shard for this tenant.' }
  for (const tenantId of ['nobody', '~turns', '~']) {
    expect(() => calls.placeOf({ tenantId, id: 's' })).toThrow(expect.objectContaining(none))
    expect(() => calls.placesOf(tenantId)).toThrow(expect.objectContaining(none))
  }
  const closed = { code: 'forbidden', message: 'The session is in a shard that is closed to this process.' }
  await expect(calls.read({ ...ref, tenantId: 'shut' }, async () => 1)).rejects.toMatchObject(closed)
  const unknown = {
    code: 'unavailable',
    message: 'The session is in a shard that this process does not know.',
  }
  await expect(calls.read({ ...ref, tenantId: 'far' }, async () => 1)).rejects.toMatchObject(unknown)
})

it('a read counts while its map does, and is made again where its session has moved', async () => {
  const { calls, time, put, state } = await scene()
  const seen: string[] = []
  const read = async (during: () => Promise<void> = async () => {}) =>
    calls.read(ref, async (store) => {
      seen.push(nameOf(store))
      if (seen.length === 1) await during()
      return `read in ${nameOf(store)}`
    })
  expect([await read(), state.reads]).toEqual(['read in a', 0])
  // Late, but nothing has moved.
  seen.length = 0
  expect(await read(async () => time.move(1500))).toBe('read in a')
  expect([seen, state.reads]).toEqual([['a'], 1])
  seen.length = 0
  const answer = await read(async () => {
    await put(moved)
    time.move(1500)
  })
  expect([answer, seen]).toEqual(['read in b', ['a', 'b']])
  // So is one that failed there.
  await put({})
  time.move(5000)
  let fails = true
  const failing = calls.read(ref, async (store) => {
    if (!fails) return nameOf(store)
    fails = false
    await put(moved)
    time.move(1500)
    throw new SessionError('not_found', 'moved away')
  })
  expect(await failing).toBe('b')
})

it('a read of several places is made again where one of them has moved', async () => {
  const { calls, time, put } = await scene()
  const places = ['acme', 'other'].map((tenantId) => calls.placeOf({ tenantId, id: 's' }))
  let reads = 0
  const owners = await calls.readAll(places, async (view) => {
    if (reads++ === 0) {
      await put(moved)
      time.move(1500)
    }
    return places.map((place) => view.ownerOf(place))
  })
  expect([reads, owners]).toEqual([2, ['b', 'a']])
})

it('a read of what stands still looks at the map anew', async () => {
  const { calls, put, map, state } = await scene()
  await put({}, { to: 'b', from: { 'tenant:acme': 'a' }, step: 'frozen', by: 'x', beat: 1 })
  await map.refresh()
  state.reads = 0
  await calls.read(ref, async () => 1)
  expect(state.reads).toBe(1)
  const places = ['other', 'acme'].map((tenantId) => calls.placeOf({ tenantId, id: 's' }))
  await calls.readAll(places, async () => 1)
  expect(state.reads).toBe(2)
  await calls.read({ tenantId: 'other', id: 's' }, async () => 1)
  expect(state.reads).toBe(2)
})

it('a write that was answered late counts where its session has not moved, and otherwise nobody knows', async () => {
  const { calls, time, put, state } = await scene()
  const write = (end: () => Promise<string>) =>
    calls.write(ref, { title: 'x' }, async (_, given) => {
      time.move(1500)
      return `${await end()} ${given.title}`
    })
  expect([await calls.write(ref, 5, async (_, given) => given), state.reads]).toEqual([5, 0])
  expect(await write(async () => 'done')).toBe('done x')
  const refused = new SessionError('conflict', 'old')
  await expect(write(() => Promise.reject(refused))).rejects.toBe(refused)
  const during = (end: () => Promise<string>) =>
    write(async () => {
      await put(moved)
      return end()
    })
  const unknown = {
    code: 'unknown_outcome',
    message: 'The answer came when the session may have been moved.',
  }
  await expect(during(async () => 'done')).rejects.toMatchObject(unknown)
  await expect(during(() => Promise.reject(refused))).rejects.toMatchObject({
    code: 'unavailable',
    message: 'The session may have been moved meanwhile.',
    cause: refused,
  })
  for (const error of [new SessionError('unknown_outcome', 'lost'), new TypeError('odd')])
    await expect(during(() => Promise.reject(error))).rejects.toBe(error)
  // Nor does anybody where the map cannot be read.
  const away = write(async () => {
    state.isDown = true
    return 'done'
  })
  await expect(away).rejects.toMatchObject(unknown)
})

it('a write that waits keeps what it was given, up to so many bytes', async () => {
  const { calls, time, put, map } = await scene()
  await put({}, { to: 'b', from: { 'tenant:acme': 'a' }, step: 'frozen', by: 'x', beat: 1 })
  await map.refresh()
  const given = { messages: [{ id: 'm', payload: 'one' }] }
  const writing = calls.write(ref, given, async (store, own) => [nameOf(store), own.messages[0]!.payload])
  given.messages[0]!.payload = 'two'
  const million = 1024 * 1024
  const large = (units: number) =>
    calls.write(ref, { list: ['x'.repeat(units), 5, null] }, async () => 'large')
  const most = 32 * million - (16 + 16 + 16 + 1 + 3) - (16 + 16 + 8 + 8)
  await expect(large(most + 1)).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 1000 })
  const held = large(most)
  held.catch(() => {})
  await put(moved)
  expect(await time.run(writing)).toEqual(['b', 'one'])
  expect(await time.run(held)).toBe('large')
})
