import { memoryStore, SessionError } from '@sessions/core'
import type { SessionStore } from '@sessions/core/store'
import { expect, it } from 'vitest'
import { hashRoute } from '../src/index.js'
import type { MapBody, PartitionMove } from '../src/map-body.js'
import { MoveClaim, type WantedMove } from '../src/move-claim.js'
import { ShardMap } from '../src/shard-map.js'
import { VirtualTime } from './virtual-time.js'

const mapRef = { tenantId: '~shards', id: 'map' }
const wanted: WantedMove = { to: 'b', from: { p: 'a' } }
const leaseMs = 1000

/** A map at a home that several callers change. */
function scene() {
  const time = new VirtualTime()
  const home = memoryStore()
  const state = { beforeCommit: async () => {} }
  const told: SessionStore = {
    ...home,
    commit: async (ref, change) => {
      await state.beforeCommit()
      return home.commit(ref, change)
    },
  }
  const map = () => new ShardMap(told, hashRoute(['a', 'b']), leaseMs, time)
  const body = async () => JSON.parse((await home.read(mapRef))!.body) as MapBody
  /** Changes the stored move as another process would. */
  const put = async (change: (move: PartitionMove) => Partial<PartitionMove> | undefined) => {
    const { record, body: text } = (await home.read(mapRef))!
    const { move, ...rest } = JSON.parse(text) as MapBody
    const changed = change(move!)
    const next = changed === undefined ? rest : { ...rest, move: { ...move, ...changed } }
    await home.commit(mapRef, { revision: record.revision, body: JSON.stringify(next) })
  }
  const take = async (by = 'me', move: WantedMove | undefined = wanted) =>
    time.run(MoveClaim.take(map(), by, () => move))
  return { time, state, map, body, put, take }
}

const inUse = (message: string) => ({ code: 'conflict', message })

it('begins a move, and does it once when its answer was lost', async () => {
  const { take, body, map, state } = scene()
  const claim = (await take())!
  const move = { ...wanted, step: 'copying', by: 'me', beat: 1 }
  expect([claim.move, (await body()).move, (await body()).epoch]).toEqual([move, move, 1])
  expect((await take('me'))!.move).toEqual(move)
  await claim.finish()
  expect((await body()).move).toBeUndefined()
  // Nothing is to be done.
  expect(await MoveClaim.take(map(), 'me', () => undefined)).toBeUndefined()
  expect((await body()).move).toBeUndefined()
  let losses = 1
  state.beforeCommit = async () => {
    if (losses-- > 0) throw new SessionError('unknown_outcome', 'lost')
  }
  expect((await take('again'))!.move).toMatchObject({ by: 'again', beat: 1 })
})

it('takes a move over that was let go of at once, and one that is dead after a while', async () => {
  const { take, body, time, put } = scene()
  const first = (await take('one'))!
  await first.release()
  expect((await body()).move).toMatchObject({ by: '', beat: 2 })
  const began = time.now()
  const second = (await take('two', { to: 'b', from: { other: 'a' } }))!
  // What was begun goes on, whatever is wanted now.
  expect([second.move, time.now() - began < 20]).toEqual([
    { ...wanted, step: 'copying', by: 'two', beat: 3 },
    true,
  ])
  const third = (await take('three'))!
  expect(third.move).toMatchObject({ by: 'three', beat: 4 })
  expect(time.now() - began).toBeGreaterThanOrEqual(1400)
  expect(time.now() - began).toBeLessThan(1500)
  // Who has lost it does nothing more.
  for (const call of [first.freeze(), second.freeze(), second.thaw(), second.handOver()])
    await expect(call).rejects.toMatchObject(inUse('Another call has taken the move over.'))
  await first.finish()
  await second.release()
  expect((await body()).move).toMatchObject({ by: 'three', beat: 4 })
  // One beat may have been on its way.
  setImmediate(() => void put((move) => ({ beat: move.beat + 1 })))
  expect((await take('four'))!.move).toMatchObject({ by: 'four', beat: 6 })
})

it('leaves a move to a call that lives', async () => {
  const { take, put, map, time } = scene()
  await take('one')
  const refused = inUse('Another call moves partitions.')
  const beating = async (beats: number, each: number) => {
    const claim = MoveClaim.take(map(), 'two', () => wanted)
    claim.catch(() => {})
    for (let n = 0; n < beats; n++) {
      for (let turn = 0; turn < 20; turn++) await new Promise<void>((resolve) => void setImmediate(resolve))
      await put((move) => ({ beat: move.beat + each }))
      time.move(1400)
    }
    return time.run(claim)
  }
  await expect(beating(1, 2)).rejects.toMatchObject(refused)
  await expect(beating(2, 1)).rejects.toMatchObject(refused)
  // One that ends meanwhile leaves the next to begin.
  const claim = MoveClaim.take(map(), 'two', () => wanted)
  for (let turn = 0; turn < 20; turn++) await new Promise<void>((resolve) => void setImmediate(resolve))
  await put(() => undefined)
  expect((await time.run(claim))!.move).toMatchObject({ by: 'two', beat: 1 })
})

it('goes step by step, each of which everybody is to know', async () => {
  const { take, body } = scene()
  const claim = (await take())!
  const now = async () => {
    const { epoch, move, moved } = await body()
    expect(claim.move).toEqual(move)
    return [epoch, move!.step, move!.beat, moved]
  }
  expect(await now()).toEqual([1, 'copying', 1, {}])
  await claim.thaw()
  expect(await now()).toEqual([1, 'copying', 1, {}])
  await expect(claim.handOver()).rejects.toMatchObject(
    inUse('The freeze of the partitions was ended: move them again.'),
  )
  await claim.freeze()
  expect(await now()).toEqual([2, 'frozen', 2, {}])
  await claim.freeze()
  await claim.thaw()
  expect(await now()).toEqual([3, 'copying', 3, {}])
  await claim.freeze()
  await claim.handOver()
  expect(await now()).toEqual([5, 'cleaning', 5, { b: ['p'] }])
  await claim.handOver()
  await claim.freeze()
  expect(await now()).toEqual([5, 'cleaning', 5, { b: ['p'] }])
})

it('beats while it works, once for all calls, and no more often than it has to', async () => {
  const { map, body, time, state } = scene()
  const claim = (await MoveClaim.take(map(), 'me', () => wanted))!
  const beat = async () => (await body()).move!.beat
  const began = time.now()
  time.move(199)
  await claim.hold()
  expect(await beat()).toBe(1)
  time.move(200)
  await Promise.all([claim.hold(), claim.hold(), claim.hold()])
  expect([await beat(), (await body()).epoch]).toEqual([2, 1])
  await claim.hold()
  expect(await beat()).toBe(2)
  time.move(200)
  await claim.hold()
  expect(await beat()).toBe(3)
  expect(time.now() - began).toBeLessThan(1000)
  // A home that takes longer than a lease is too slow.
  let slow = 2
  state.beforeCommit = async () => {
    if (slow-- > 0) time.move(1000)
  }
  time.move(200)
  await claim.hold()
  expect(await beat()).toBe(6)
  slow = 9
  time.move(200)
  await expect(claim.hold()).rejects.toMatchObject(inUse('The home of the map is too slow for a move.'))
  expect(await beat()).toBe(9)
})

it('outwaits who goes by the old map, and beats meanwhile', async () => {
  const { take, body, time } = scene()
  const claim = (await take())!
  const began = time.now()
  await time.run(claim.outwait())
  const passed = time.now() - began
  expect(passed).toBeGreaterThanOrEqual(1400)
  expect(passed).toBeLessThan(1500)
  expect((await body()).move!.beat).toBeGreaterThanOrEqual(5)
  await claim.release()
  await expect(claim.hold()).rejects.toMatchObject({ code: 'conflict' })
})
