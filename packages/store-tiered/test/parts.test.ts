import { memoryBus, memoryStore, SessionError } from '@sessions/core'
import type { SessionBus, SessionCache, SessionNotice, StoredSession } from '@sessions/core/store'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Breaker } from '../src/breaker.js'
import { HotTier } from '../src/hot-tier.js'
import { tieredStore } from '../src/index.js'
import { ownAmendments, ownChange, ownCopy, ownRef } from '../src/own-copies.js'
import { isReserved, keyOf } from '../src/session-key.js'
import { StoreTime } from '../src/store-time.js'
import { Topics } from '../src/topics.js'
import { Unsettled } from '../src/unsettled.js'
import { WarmTier } from '../src/warm-tier.js'
import { entry, message, stored } from './entries.js'

let now = 0
beforeEach(() => {
  now = 100_000
  vi.spyOn(performance, 'now').mockImplementation(() => now)
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

describe('a breaker', () => {
  beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(0.5))

  it('opens after five failures within ten seconds, and lets one try through each second', () => {
    const breaker = new Breaker()
    const fail = (times: number) => {
      for (let n = 0; n < times; n++) breaker.failed()
      return breaker.isOpen
    }
    expect([fail(4), breaker.admits()]).toEqual([false, true])
    now += 10_000
    expect(fail(4)).toBe(false)
    now += 9999
    expect([fail(1), breaker.admits()]).toEqual([true, false])
    now += 999
    expect(breaker.admits()).toBe(false)
    now += 1
    expect([breaker.admits(), breaker.admits()]).toEqual([true, false])
    // A failure while it is open moves nothing.
    now += 500
    breaker.failed()
    now += 500
    expect(breaker.admits()).toBe(true)
    breaker.succeeded()
    expect([breaker.isOpen, breaker.admits(), fail(4)]).toEqual([false, true, false])
    breaker.succeeded()
    expect(fail(4)).toBe(false)
  })

  it('spreads its tries', () => {
    for (const [random, ms] of [
      [0, 750],
      [1, 1250],
    ] as const) {
      vi.spyOn(Math, 'random').mockReturnValue(random)
      const breaker = new Breaker()
      for (let n = 0; n < 5; n++) breaker.failed()
      for (let tries = 0; tries < 2; tries++) {
        now += ms - 1
        expect(breaker.admits()).toBe(false)
        now += 1
        expect(breaker.admits()).toBe(true)
      }
    }
  })
})

describe('what is in memory', () => {
  it('is within its bytes: the least used goes first, and none that is too large comes', () => {
    const one = 1024 + 4 + 2
    const hot = new HotTier(4 * one)
    for (const key of ['a', 'b', 'c', 'd']) hot.put(key, key === 'b' ? 2 : 1, entry(1, 1))
    expect([hot.size, hot.bytes, hot.evicted]).toEqual([4, 4 * one, 0])
    expect([hot.use('a')?.checkedAt, hot.use('x'), hot.peek('b')?.checkedAt, hot.peek('x')]).toEqual([
      1,
      undefined,
      1,
      undefined,
    ])
    hot.put('e', 1, entry(1, 1))
    expect([hot.peek('b'), hot.peek('a') !== undefined, hot.size, hot.bytes, hot.evicted]).toEqual([
      undefined,
      true,
      4,
      4 * one,
      1,
    ])
    hot.put('a', 3, { ...entry(2, 1), body: '' })
    expect([hot.bytes, hot.peek('a')!.checkedAt]).toEqual([4 * one - 4, 2])
    // What takes more than a quarter is not kept, nor what it was before.
    hot.put('a', 3, { ...entry(3, 1), body: 'x'.repeat(5) })
    expect([hot.peek('a'), hot.bytes]).toEqual([undefined, 3 * one])
    hot.drop('x')
    hot.dropTopics(new Set([1]))
    expect([hot.size, hot.bytes, hot.evicted]).toEqual([0, 0, 1])
    hot.put('b', 2, entry(1, 1))
    hot.dropTopics(new Set([1]))
    expect(hot.size).toBe(1)
  })
})

describe('small parts', () => {
  it('copies of what a caller gave are altered by nobody', () => {
    const [lifetime, messages] = [{ idleMs: 1 }, [{ id: 'a', payload: 'x' }]]
    const change = ownChange({ lifetime, messages, title: 't' })
    const copy = ownCopy({
      ...stored(1),
      record: { ...stored(1).record, lifetime },
      messages: [message(1)],
    })
    const bare = ownCopy(stored(0))
    const amendments = [{ seq: 1, payload: 'x' }]
    const own = ownAmendments(amendments)
    Object.assign(lifetime, { idleMs: 2 })
    Object.assign(messages[0]!, { payload: 'y' })
    Object.assign(amendments[0]!, { payload: 'y' })
    expect([change, copy.record.lifetime, own]).toEqual([
      { lifetime: { idleMs: 1 }, messages: [{ id: 'a', payload: 'x' }], title: 't' },
      { idleMs: 1 },
      [{ seq: 1, payload: 'x' }],
    ])
    expect(copy).toMatchObject({ body: 'body', messages: [message(1)] })
    expect(['lifetime' in bare.record, Object.keys(ownChange({ title: 't' }))]).toEqual([false, ['title']])
    expect(ownRef({ tenantId: 'a', id: 'b', more: 1 } as never)).toEqual({ tenantId: 'a', id: 'b' })
    expect([
      keyOf({ tenantId: 'a', id: 'b' }),
      isReserved({ tenantId: '~a' }),
      isReserved({ tenantId: 'a~' }),
    ]).toEqual(['["a","b"]', true, false])
  })

  it('the time of a store goes on from the newest that it has shown', () => {
    const time = new StoreTime()
    time.learn(5_000_000)
    now += 100
    expect(time.atLeast).toBe(5_000_100)
    time.learn(5_000_099)
    expect(time.atLeast).toBe(5_000_100)
    time.learn(5_000_200)
    now += 1
    expect(time.atLeast).toBe(5_000_201)
  })

  it('a session is settled after a time, and all are unsettled while too many are', () => {
    const unsettled = new Unsettled(100, 2)
    unsettled.add('a')
    now += 99
    expect([unsettled.has('a'), unsettled.has('b')]).toEqual([true, false])
    now += 1
    expect(unsettled.has('a')).toBe(false)
    unsettled.add('b')
    unsettled.add('c')
    expect(unsettled.has('x')).toBe(false)
    unsettled.add('c')
    expect(unsettled.has('x')).toBe(false)
    unsettled.add('d')
    now += 99
    expect([unsettled.has('x'), unsettled.has('d')]).toEqual([true, true])
    now += 1
    expect(unsettled.has('x')).toBe(false)
  })

  it('topics are heard once, tell of what nobody told, and are tried again after a second', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const told: string[] = []
    let fails = 1
    const stopped: number[] = []
    let listener: Parameters<SessionBus['subscribe']>[1] | undefined
    const bus: SessionBus = {
      ...memoryBus(),
      subscribe: async ([topic], given) => {
        told.push(`subscribe ${topic}`)
        if (fails-- > 0) throw new Error('down')
        listener = given
        return async () => void stopped.push(topic!)
      },
    }
    const topics = new Topics(
      bus,
      (notice) => told.push(`notice ${(notice as { id?: string }).id}`),
      (all) => told.push(`gap ${all.join()}`),
    )
    topics.listen(7)
    topics.listen(7)
    await vi.advanceTimersByTimeAsync(999)
    topics.listen(7)
    expect(told).toEqual(['subscribe 7'])
    await vi.advanceTimersByTimeAsync(1)
    topics.listen(7)
    await vi.advanceTimersByTimeAsync(0)
    expect(told).toEqual(['subscribe 7', 'subscribe 7', 'gap 7'])
    listener!.notices([{ id: 'a' }, { id: 'b' }] as unknown as SessionNotice[])
    listener!.gap([1, 2])
    expect(told.slice(3)).toEqual(['notice a', 'notice b', 'gap 1,2'])
    topics.listen(8)
    await topics.close()
    expect(stopped).toEqual([7, 8])
    topics.listen(9)
    expect(told).not.toContain('subscribe 9')
    const silent = new Topics(
      undefined,
      () => {},
      () => told.push('never'),
    )
    silent.listen(1)
    await silent.close()
    expect(told).not.toContain('never')
  })

  it('a shared cache that fails is as none, and its copies are as old as they say', async () => {
    let isDown = false
    const done: string[] = []
    const answer = async <T>(value: T) => {
      if (isDown) throw new Error('down')
      return value
    }
    let copy: { stored: StoredSession; ageMs: number } | undefined = { stored: stored(1), ageMs: 30 }
    const cache = {
      ttlMs: 1000,
      find: async () => answer(copy === undefined ? { permit: 'p' } : { copy }),
      begin: async () => answer('permit'),
      keep: async () => void done.push(await answer('keep')),
      end: async () => void done.push(await answer('end')),
    } as unknown as SessionCache
    const warm = new WarmTier(cache, 500)
    const ref = { tenantId: 'acme', id: 's' }
    expect(await warm.find(ref)).toEqual({ entry: { ...stored(1), checkedAt: now - 30 } })
    copy = undefined
    expect([await warm.find(ref), await warm.begin(ref)]).toEqual([{ permit: 'p' }, 'permit'])
    warm.keep(ref, 'p', stored(1))
    warm.end(ref, 'p')
    await warm.idle()
    expect([done, warm.failures, warm.isAway]).toEqual([['keep', 'end'], 0, false])
    isDown = true
    expect([await warm.find(ref), await warm.begin(ref)]).toEqual([{}, undefined])
    warm.keep(ref, 'p', stored(1))
    await warm.idle()
    expect([warm.failures, warm.isAway]).toEqual([3, false])
    await warm.begin(ref)
    await warm.begin(ref)
    expect([warm.failures, warm.isAway]).toEqual([5, true])
    isDown = false
    expect([await warm.begin(ref), warm.failures]).toEqual([undefined, 5])
    now += 1251
    expect([await warm.begin(ref), warm.isAway]).toEqual(['permit', false])
    // Its floors stay for as long as a copy may be kept.
    warm.floors.raise('a', 'i', 9)
    now += 1499
    warm.floors.raise('b', 'i', 1)
    expect(warm.floors.allows('a', 1, entry(0, 0))).toBe(false)
    now += 1
    warm.floors.raise('c', 'i', 1)
    expect(warm.floors.allows('a', 1, entry(0, 0))).toBe(true)
  })

  it('options of another kind are refused in a sentence', () => {
    const last = memoryStore()
    const hot = { maxBytes: 1000 }
    const wrong: [string, string | undefined, unknown, unknown][] = [
      ['last', 'last must be a store', {}, { hot }],
      ['last', 'last must be a store', undefined, { hot }],
      ['bus', 'bus must be a bus, such as redisBus(client, subscriber)', last, { hot, bus: {} }],
      ['warm', 'warm must be a cache, such as redisCache(client)', last, { hot, warm: {} }],
      ['hot.maxBytes', undefined, last, { hot: { maxBytes: 0 } }],
      ['hot.maxBytes', undefined, last, { hot: {} }],
      ['hot.maxBytes', undefined, last, {}],
      ['hot.most', undefined, last, { hot: { ...hot, most: 5 } }],
      ['settleMs', undefined, last, { hot, settleMs: -1 }],
      ['sttleMs', undefined, last, { hot, sttleMs: 1 }],
      ['hot', undefined, last, { hot: 5 }],
    ]
    for (const [path, message, given, options] of wrong) {
      const refused = { code: 'invalid', path, ...(message === undefined ? {} : { message }) }
      expect(() => tieredStore(given as never, options as never), path).toThrow(
        expect.objectContaining(refused),
      )
    }
    expect(() => tieredStore(last, { hot: { maxBytes: 1 }, settleMs: 0 })).not.toThrow(SessionError)
  })
})
