import { memoryStore, SessionError } from '@sessions/core'
import type { SessionStore } from '@sessions/core/store'
import { describe, expect, it } from 'vitest'
import { FreezeWaits } from '../src/freeze-waits.js'
import { hashRoute } from '../src/index.js'
import { type MapBody, parseMapBody, type PartitionMove, withOwner } from '../src/map-body.js'
import { MapView } from '../src/map-view.js'
import { ShardMap } from '../src/shard-map.js'
import { VirtualTime } from './virtual-time.js'

const mapRef = { tenantId: '~shards', id: 'map' }

describe('the stored map', () => {
  const move: PartitionMove = { to: 'b', from: { p: 'a' }, step: 'frozen', by: 'x', beat: 1 }
  const body: MapBody = { epoch: 1, dealt: [], moved: { b: ['q'] } }

  it('is refused when it is none', () => {
    expect(parseMapBody(JSON.stringify(body))).toEqual(body)
    const none = expect.objectContaining({
      code: 'corrupt',
      message: 'What is stored as the map of partitions is none.',
    })
    for (const wrong of [
      '{}',
      '{"epoch":1.5,"dealt":[],"moved":{}}',
      '{"epoch":1,"dealt":{},"moved":{}}',
      '{"epoch":1,"dealt":[]}',
    ])
      expect(() => parseMapBody(wrong)).toThrow(none)
    const broken = {
      code: 'corrupt',
      message: 'The stored map of partitions is not JSON.',
      cause: expect.any(Error) as unknown,
    }
    for (const wrong of ['', 'null', '{'])
      expect(() => parseMapBody(wrong)).toThrow(expect.objectContaining(broken))
  })

  it('has an owner for each partition, in one list', () => {
    expect(withOwner({ a: ['p', 'q'], b: ['r'] }, ['q', 's'], 'b')).toEqual({ a: ['p'], b: ['r', 'q', 's'] })
    expect(withOwner({ a: ['p'] }, ['p'], 'b')).toEqual({ b: ['p'] })
    expect(withOwner({ b: ['p', 'q'] }, ['q'], 'b')).toEqual({ b: ['p', 'q'] })
  })

  it('tells where a place is, and whether it stands still', () => {
    const view = new MapView({ ...body, move }, 5)
    const [p, q] = ['p', 'q'].map((partition) => ({ partition, shard: 'a' }))
    expect([view.ownerOf(p!), view.ownerOf(q!), view.isFrozen(p!), view.isFrozen(q!)]).toEqual([
      'a',
      'b',
      true,
      false,
    ])
    const copying = new MapView({ ...body, move: { ...move, step: 'copying' } }, 5)
    expect([copying.frozen, copying.isFrozen(p!), new MapView(body, 5).frozen]).toEqual([
      undefined,
      false,
      undefined,
    ])
  })

  /** A map at a home, of which the calls are told. */
  function mapAt(home = memoryStore()) {
    const calls: string[] = []
    const time = new VirtualTime()
    const told: SessionStore = {
      ...home,
      read: async (ref) => (calls.push('read'), home.read(ref)),
      commit: async (ref, change) => (calls.push('commit'), home.commit(ref, change)),
    }
    return { home, told, calls, time, map: new ShardMap(told, hashRoute(['a']), 1000, time) }
  }
  const bodyOf = async (home: SessionStore) => JSON.parse((await home.read(mapRef))!.body) as MapBody

  it('is made once, and read again when its lease is old', async () => {
    const { home, map, calls, time } = mapAt()
    expect(map.graceMs).toBe(1400)
    expect(map.leased()).toBeUndefined()
    const view = await map.toWrite()
    expect(calls).toEqual(['read', 'commit', 'read'])
    expect(await bodyOf(home)).toEqual({ epoch: 1, dealt: hashRoute(['a']).dealt, moved: {} })
    expect([map.leased(), view.until]).toEqual([view, 1000])
    time.move(199)
    expect([map.leased(), calls.length]).toEqual([view, 3])
    time.move(1)
    expect([map.leased(), map.leased(), calls.length]).toEqual([view, view, 4])
    await map.refresh()
    expect(view.until).toBe(1200)
    time.move(999)
    expect([map.isLeased(view), await map.toRead()]).toEqual([true, view])
    time.move(1)
    expect([map.isLeased(view), map.leased()]).toEqual([false, undefined])
  })

  it('is read after a call was made, and by all that ask meanwhile at once', async () => {
    const { map, calls } = mapAt()
    await map.toWrite()
    calls.length = 0
    const all = [map.refresh(), map.refresh(), map.refresh()]
    expect(all[1]).toBe(all[2])
    await Promise.all(all)
    expect(calls).toEqual(['read', 'read'])
  })

  it('counts while nobody has gone by another one', async () => {
    const { home, map, time } = mapAt()
    const view = await map.toWrite()
    time.move(5000)
    expect(await map.isStill(view)).toBe(true)
    expect(view.until).toBe(6000)
    await home.commit(mapRef, { body: JSON.stringify({ ...(await bodyOf(home)), epoch: 2 }), revision: 1 })
    time.move(5000)
    expect(await map.isStill(view)).toBe(false)
    // What is older than what is known comes too late.
    const now = await map.toWrite()
    await home.commit(mapRef, { body: JSON.stringify({ ...now.body, epoch: 1 }), revision: 2 })
    expect(await map.refresh()).toBe(now)
  })

  it('knows a beat of the same epoch, and keeps its lease', async () => {
    const { home, map, time } = mapAt()
    const view = await map.toWrite()
    time.move(100)
    const { revision } = (await home.read(mapRef))!.record
    await home.commit(mapRef, { body: JSON.stringify({ ...view.body, move }), revision })
    const beaten = await map.refresh()
    expect([beaten === view, beaten.until, beaten.body.move]).toEqual([false, 1100, move])
    expect(await map.refresh()).toBe(beaten)
  })

  it('is not made anew where it is gone, nor read in vain without an end', async () => {
    const { home, map, time } = mapAt()
    const view = await map.toWrite()
    await home.remove(mapRef)
    await expect(map.refresh()).rejects.toMatchObject({
      code: 'unavailable',
      message: 'The map of partitions is gone from its home.',
    })
    expect(await map.newest()).toBe(view)
    const slow = mapAt()
    let reads = 0
    const late: SessionStore = {
      ...slow.home,
      read: async (ref) => {
        reads++
        time.move(2000)
        return slow.home.read(ref)
      },
    }
    await expect(new ShardMap(late, hashRoute(['a']), 1000, time).toWrite()).rejects.toMatchObject({
      code: 'unavailable',
      message: 'The map of partitions is not read in time.',
    })
    expect(reads).toBe(4)
    const other = new ShardMap(slow.home, hashRoute(['a', 'b']), 1000, time)
    await expect(other.newest()).rejects.toMatchObject({
      code: 'invalid',
      path: 'route',
      message:
        'The shards of a hashRoute are others than when the map was made. Leave them, and move partitions.',
    })
  })

  it('changes under compare-and-set, and not for ever', async () => {
    const { home, map } = mapAt()
    await map.toWrite()
    const same = await map.change(() => undefined)
    expect(same.body.epoch).toBe(1)
    let tries = 0
    const racing = async (error: () => SessionError, most: number) => {
      tries = 0
      const store: SessionStore = {
        ...home,
        commit: async (ref, change) => {
          if (++tries > most) return home.commit(ref, change)
          throw error()
        },
      }
      const view = await new ShardMap(store, hashRoute(['a']), 1000, new VirtualTime()).change((given) => ({
        ...given,
        epoch: given.epoch + 1,
      }))
      return view.body.epoch
    }
    expect([await racing(() => new SessionError('conflict', 'x'), 19), tries]).toEqual([2, 20])
    expect(await racing(() => new SessionError('unknown_outcome', 'x'), 1)).toBe(3)
    await expect(racing(() => new SessionError('conflict', 'x'), 99)).rejects.toMatchObject({
      code: 'unavailable',
      message: 'The map of partitions changes all the time.',
      cause: { code: 'conflict' },
    })
    expect(tries).toBe(20)
    await expect(racing(() => new SessionError('store_full', 'x'), 99)).rejects.toMatchObject({
      code: 'store_full',
    })
    expect(tries).toBe(1)
    const homeless = new ShardMap(undefined, hashRoute(['a']), 1000, new VirtualTime())
    expect((await homeless.refresh()).until).toBe(Infinity)
    await expect(homeless.change((given) => given)).rejects.toMatchObject({
      code: 'invalid',
      path: 'home',
      message: 'Partitions move only with a home, where the map is kept.',
    })
  })

  it('holds writes while it stands still, up to a bound, and thaws when its mover is dead', async () => {
    const { home, map, time } = mapAt()
    await map.toWrite()
    const [p, other] = [
      { partition: 'p', shard: 'a' },
      { partition: 'q', shard: 'a' },
    ]
    await map.change((given) => ({ ...given, epoch: 2, move }))
    const waits = new FreezeWaits(map, 10_000)
    expect((await waits.until(other, 1)).body.epoch).toBe(2)
    const moving = {
      code: 'unavailable',
      retryAfterMs: 1000,
      message: 'The session is being moved to another shard.',
    }
    await expect(waits.until(p, 32 * 1024 * 1024 + 1)).rejects.toMatchObject(moving)
    const half = 16 * 1024 * 1024
    const held = [waits.until(p, half), waits.until(p, half)]
    await expect(waits.until(p, 1)).rejects.toMatchObject(moving)
    const views = await time.run(Promise.all(held))
    expect(views.map((view) => view.body)).toEqual(
      [3, 3].map((epoch) => ({
        epoch,
        dealt: map.leased()!.body.dealt,
        moved: {},
        move: { ...move, step: 'copying', by: '', beat: 2 },
      })),
    )
    expect(time.now()).toBeGreaterThan(1400)
    expect(time.now()).toBeLessThan(2500)
    // What has waited counts no more.
    await map.change((given) => ({ ...given, epoch: 4, move: { ...move, beat: 9 } }))
    const hasty = new FreezeWaits(map, 500)
    await expect(time.run(hasty.until(p, half))).rejects.toMatchObject(moving)
    const crowd = Array.from({ length: 1000 }, () => waits.until(p, 1))
    await expect(waits.until(p, 1)).rejects.toMatchObject(moving)
    await time.run(Promise.all(crowd))
    expect((await bodyOf(home)).epoch).toBe(5)
  })
})
