import { memoryStore, SessionError } from '@sessions/core'
import { encryptedStore, staticKeyring } from '@sessions/core/sealed'
import type { SessionStore } from '@sessions/core/store'
import { type CrashPoint, haltingStore, wrapStore } from '@sessions/core/testing'
import { describe, expect, it } from 'vitest'
import { hashRoute, planMoves, type ShardRoute, tenantRoute } from '../src/index.js'
import { shardedStoreBy } from '../src/sharded-store.js'
import { expectWhole, fill, tenants, write } from './moving.js'
import { VirtualTime } from './virtual-time.js'

const code = (expected: string) => expect.objectContaining({ code: expected })
const bySession = hashRoute(['a'], { by: 'session' })
const half = Array.from({ length: 2048 }, (_, n) => String(2 * n))
const all = Array.from({ length: 4096 }, (_, n) => String(n))

/** Stores that several processes share. */
function cluster(route: ShardRoute = bySession) {
  const time = new VirtualTime()
  const stores = { a: memoryStore(), b: memoryStore(), home: memoryStore() }
  const open = ({ a, b, home } = stores, moveWaitMs = 10_000) =>
    shardedStoreBy({ shards: { a, b }, route, home, moveWaitMs }, time)
  /** A process that dies at a call of any of its stores. */
  const mortal = (point?: CrashPoint) => {
    const halting = haltingStore(memoryStore(), point)
    const through = (store: SessionStore) =>
      wrapStore(store, async (method, call) => {
        // The halting store counts the calls of all three.
        if (method !== 'read') return halting.store.sweep({ limit: 1 }).then(call)
        return call()
      })
    const [a, b, home] = [stores.a, stores.b, stores.home].map(through)
    return { store: open({ a: a!, b: b!, home: home! }), halting }
  }
  return { time, stores, open, mortal }
}

const everything = { partition: all, to: 'b', tenants: () => tenants }

it('leaves nothing of a session that was removed where a mover has died, in any shard', async () => {
  for (const [step, kept] of [
    ['copying', 'b'],
    ['cleaning', 'a'],
  ] as const) {
    const { time, stores, open } = cluster()
    const store = open()
    await fill(store, 5)
    const stop = new AbortController()
    const move = store.movePartition({
      ...everything,
      signal: stop.signal,
      onProgress: (progress) => {
        if (progress.step === step && progress.copied > 0) stop.abort(new Error('dead'))
      },
    })
    await expect(time.run(move)).rejects.toThrow('dead')
    const has = async (name: 'a' | 'b') => {
      const found = [0, 1, 2, 3].map((n) => stores[name].read({ tenantId: `t${n}`, id: `s${n}` }))
      return (await Promise.all(found)).map((stored) => stored !== undefined)
    }
    expect([step, await has(kept)]).toEqual([step, [true, true, true, true]])
    const [first, second, third] = [0, 1, 2].map((n) => ({ tenantId: `t${n}`, id: `s${n}` }))
    expect(await store.remove(first!)).toBe(true)
    // Another process, which had no answer to its first try.
    await stores[step === 'copying' ? 'a' : 'b'].remove(second!)
    expect(await open().remove(second!)).toBe(false)
    // What stays where it is keeps its copy.
    await store.remove(third!, { incarnation: 'another' })
    expect([step, await has(kept)]).toEqual([step, [false, false, true, true]])
    expect((await store.read(third!))?.body).toBe('begun')
  }
})

describe('movePartition', () => {
  it('moves sessions with all they have, one change more, and the records beside them', async () => {
    const { time, stores, open } = cluster()
    const store = open()
    const story = await fill(store, 20)
    const ref = { tenantId: 't0', id: 's0' }
    await store.amend(ref, [{ seq: 1, payload: 'redacted' }])
    const before = (await store.read(ref, { tail: 5 }))!
    const report = await time.run(store.movePartition(everything))
    expect(report).toEqual({ copied: 40, removed: 40 })
    const after = (await store.read(ref, { tail: 5 }))!
    expect(after).toEqual({ ...before, record: { ...before.record, changes: before.record.changes + 1 } })
    expect(await stores.b.read(ref, { tail: 5 })).toEqual(after)
    await expectWhole(store, story, [stores.a])
    expect(await time.run(store.movePartition(everything))).toEqual({ copied: 0, removed: 0 })
  })

  it('moves what belongs to the partitions alone, and shows every session once meanwhile', async () => {
    const { time, stores, open } = cluster()
    const store = open()
    const story = await fill(store, 30)
    const counts = new Set<number>()
    const look = async () => {
      for (const tenantId of tenants) counts.add((await store.list({ tenantId, limit: 100 })).items.length)
    }
    let looks = Promise.resolve()
    await time.run(
      store.movePartition({
        ...everything,
        partition: half,
        onProgress: () => void (looks = looks.then(look)),
      }),
    )
    await looks
    expect(counts).toEqual(new Set([6]))
    await expectWhole(store, story, [])
    for (const [shard, isHalf] of [
      [stores.a, false],
      [stores.b, true],
    ] as const) {
      const { items } = await shard.list({ tenantId: 't0', limit: 100 })
      expect(items.length).toBeGreaterThan(0)
      for (const item of items) expect(half.includes((await store.locate(item)).partition)).toBe(isHalf)
    }
  })

  it('keeps everything that is acknowledged meanwhile, in two processes', async () => {
    const { time, stores, open } = cluster()
    const [store, peer, mover] = [open(), open(), open()]
    const story = await fill(store, 30)
    let isOver = false
    const writers = [store, peer].map((to, n) =>
      write(to, story, { name: `w${n}`, timing: time, isOver: () => isOver }),
    )
    const steps: string[] = []
    await time.run(
      mover.movePartition({ ...everything, onProgress: ({ step }) => steps.push(step) }).finally(() => {
        isOver = true
      }),
    )
    // Both waited while the partitions were frozen, and were not refused.
    expect(await time.run(Promise.all(writers))).toEqual([1, 1])
    expect(new Set(steps)).toEqual(new Set(['copying', 'frozen', 'cleaning']))
    await expectWhole(store, story, [stores.a])
  })

  const ofTenants = tenantRoute(Object.fromEntries(tenants.map((tenantId) => [tenantId, 'a'])), 'b')
  const move = { ...everything, partition: tenants.map((tenantId) => `tenant:${tenantId}`) }
  const points = Array.from({ length: 20 }, (_, n) => n)
  it.each(points)('goes on after the mover was killed: point %i of 20', async (point) => {
    // How many calls a whole move makes.
    const trial = cluster(ofTenants)
    const counted = trial.mortal()
    await fill(trial.open(), 10)
    await trial.time.run(counted.store.movePartition(move))
    const call = 1 + Math.floor((point / points.length) * counted.halting.calls())

    const { time, stores, open, mortal } = cluster(ofTenants)
    const [store, next] = [open(), open()]
    const story = await fill(store, 10)
    let isOver = false
    const writing = write(store, story, { name: 'w', timing: time, isOver: () => isOver })
    const first = mortal({ call, when: point % 2 === 0 ? 'before' : 'after' })
    void first.store.movePartition(move)
    await time.run(first.halting.died)
    // Whatever the mover was at, the freeze ends and writes go on.
    await time.run(time.pause(20_000))
    await time.run(next.movePartition(move))
    isOver = true
    await time.run(writing)
    await expectWhole(store, story, [stores.a])
    await expectWhole(open(), story, [stores.a])
  })

  it('moves back and forth, and to another shard by a plan', async () => {
    const { time, stores, open } = cluster(tenantRoute({ t1: 'b' }, hashRoute(['a'])))
    const store = open()
    const story = await fill(store, 20)
    const owners = await store.partitionOwners()
    owners.delete('tenant:t1')
    for (const { partition, to } of planMoves(owners, ['b'])) {
      await time.run(store.movePartition({ partition, to, tenants: () => tenants }))
    }
    await expectWhole(store, story, [stores.a])
    await time.run(
      store.movePartition({ partition: ['tenant:t1', ...owners.keys()], to: 'a', tenants: () => tenants }),
    )
    await expectWhole(open(), story, [stores.b])
  })

  it('takes a partition into a shard that has leftovers of it', async () => {
    const { time, stores, open } = cluster()
    const store = open()
    const story = await fill(store, 5)
    await stores.b.commit({ tenantId: 't0', id: 's0' }, { revision: 0, body: 'another incarnation' })
    await stores.b.commit({ tenantId: 't0', id: 'gone' }, { revision: 0 })
    await time.run(store.movePartition(everything))
    await expectWhole(store, story, [stores.a])
  })

  it('moves between shards that each encrypt with keys of their own', async () => {
    const { time, stores, open } = cluster()
    const sealed = (inner: SessionStore, key: string) =>
      encryptedStore(inner, {
        keyring: staticKeyring({ current: key, keys: { [key]: Buffer.alloc(32, key) } }),
        indexKey: Buffer.alloc(32, `index of ${key}`),
      })
    const shards = { ...stores, a: sealed(stores.a, 'north'), b: sealed(stores.b, 'south') }
    const store = open(shards)
    const story = await fill(store, 5)
    await time.run(store.movePartition(everything))
    await expectWhole(open(shards), story, [shards.a])
    expect((await shards.b.read({ tenantId: 't0', id: 's0' }))?.body).toBe('begun')
    expect((await stores.b.read({ tenantId: 't0', id: 's0' }))?.body).not.toBe('begun')
  })

  it('leaves everything where it is when a session cannot be read, and says which', async () => {
    const { time, stores, open } = cluster()
    const story = await fill(open(), 5)
    const broken = wrapStore(stores.a, async (method, call) => {
      const answer = await call()
      const { record } =
        (method === 'read'
          ? (answer as { record?: { tenantId: string; id: string } } | undefined)
          : undefined) ?? {}
      if (record?.tenantId === 't3' && record.id === 's3') throw new SessionError('corrupt', 'no JSON')
      return answer
    })
    const mover = open({ ...stores, a: broken })
    await expect(time.run(mover.movePartition(everything))).rejects.toThrow(
      'Session s3 of t3 cannot be moved',
    )
    const store = open()
    expect((await store.locate({ tenantId: 't3', id: 's3' })).shard).toBe('a')
    await store.commit({ tenantId: 't3', id: 's3' }, { title: 'written' })
    await time.run(store.movePartition(everything))
    await expectWhole(store, story, [stores.a])
  })

  it('refuses a second move, and another one before the first is done', async () => {
    const { time, open } = cluster()
    const store = open()
    await fill(store, 5)
    const stop = new AbortController()
    const stopped = store.movePartition({
      ...everything,
      signal: stop.signal,
      onProgress: () => stop.abort(),
    })
    await expect(time.run(stopped)).rejects.toThrow('aborted')
    await expect(store.movePartition({ ...everything, partition: '7' })).rejects.toEqual(code('conflict'))
    const moves = [store, open()].map((one) => one.movePartition(everything))
    const ends = await time.run(Promise.allSettled(moves))
    expect(ends.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(ends.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'conflict' } })
  })

  it('refuses what it does not know', async () => {
    const { open } = cluster()
    const store = open()
    for (const partition of ['4096', '-1', 'x', []]) {
      await expect(store.movePartition({ ...everything, partition })).rejects.toEqual(code('invalid'))
    }
    await expect(store.movePartition({ ...everything, to: 'c' })).rejects.toEqual(code('unavailable'))
    const homeless = shardedStoreBy({ shards: { a: memoryStore() }, route: bySession }, new VirtualTime())
    await expect(homeless.movePartition({ ...everything, to: 'a' })).rejects.toMatchObject({ path: 'home' })
  })

  it('refuses writes that have waited for long, and more of them than it keeps', async () => {
    const { time, stores, open } = cluster()
    const [store, hasty] = [open(), open(stores, 3000)]
    await fill(store, 5)
    let tellFrozen = () => {}
    const isFrozen = new Promise<void>((resolve) => {
      tellFrozen = resolve
    })
    const moving = open().movePartition({
      ...everything,
      onProgress: ({ step }) => step === 'frozen' && tellFrozen(),
    })
    await time.run(isFrozen)
    const ref = { tenantId: 't0', id: 's0' }
    // They know of the freeze; before, they may write until their lease is over.
    for (const one of [store, hasty]) await one.locate(ref)
    const refused = { status: 'rejected', reason: { code: 'unavailable', retryAfterMs: 1000 } }
    const tooLate = hasty.commit(ref, { title: 'late' })
    const crowd = Array.from({ length: 1001 }, (_, n) =>
      store.commit(ref, { messages: [{ id: `c${n}`, payload: 'c' }] }),
    )
    const ends = await time.run(Promise.allSettled([tooLate, ...crowd]))
    expect(ends[0]).toMatchObject(refused)
    expect(ends.slice(1, -1).filter(({ status }) => status === 'rejected')).toEqual([])
    expect(ends.at(-1)).toMatchObject(refused)
    expect((await store.read(ref))?.record.lastSeq).toBe(1001)
    await time.run(moving)
  })
})
