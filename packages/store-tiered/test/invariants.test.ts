import { memoryBus, memoryStore, type SessionStore } from '@sessions/core'
import { SessionError } from '@sessions/core/store'
import { wrapStore } from '@sessions/core/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { tieredStore } from '../src/index.js'
import { gatedStore } from './gated-store.js'

const ref = { tenantId: 'acme', id: 's' }
const hot = { maxBytes: 1024 * 1024 }
const message = (id: string) => ({ id, payload: `payload of ${id}` })
let now = 1000
beforeEach(() => {
  vi.spyOn(performance, 'now').mockImplementation(() => now)
})
afterEach(() => {
  vi.restoreAllMocks()
})

async function made(last: SessionStore): Promise<void> {
  await last.commit(ref, { revision: 0, body: 'one', messages: [message('m1'), message('m2')] })
}

async function bodyOf(store: SessionStore, maxAgeMs: number): Promise<string | undefined> {
  return (await store.read(ref, { maxAgeMs }))?.body
}

describe('a copy', () => {
  it('is never older than its reader allows, from the sending of its read on', async () => {
    const gated = gatedStore(memoryStore())
    const tiered = tieredStore(gated.store, { hot })
    await made(gated.store)
    gated.calls()
    const release = gated.hold()
    const first = bodyOf(tiered, 1000)
    now += 900
    await gated.store.commit(ref, { revision: 1, body: 'two' })
    // One that was sent within the time is shared, and one before it is not.
    const joined = bodyOf(tiered, 900)
    const own = bodyOf(tiered, 899)
    release()
    expect([await first, await joined, await own]).toEqual(['one', 'one', 'two'])
    expect(gated.calls()).toEqual(['read', 'commit', 'read'])
    now += 1000
    expect([await bodyOf(tiered, 1000), gated.calls()]).toEqual(['two', []])
    now += 1
    expect([await bodyOf(tiered, 1000), gated.calls()]).toEqual(['two', ['read']])
    expect([await bodyOf(tiered, 0), gated.calls()]).toEqual(['two', ['read']])
  })

  it.each<[string, (store: SessionStore) => Promise<unknown>]>([
    ['a commit', (store) => store.commit(ref, { revision: 1, body: 'two' })],
    ['an amend', (store) => store.amend(ref, [{ seq: 1, payload: 'redacted' }])],
    ['a trim', (store) => store.trim(ref, 1)],
    ['a removal', (store) => store.remove(ref)],
  ])('is not made of a read that began before %s, of this process or of another one', async (_, write) => {
    for (const isOwn of [true, false]) {
      const gated = gatedStore(memoryStore())
      const bus = memoryBus()
      const [tiered, peer] = [tieredStore(gated.store, { hot, bus }), tieredStore(gated.store, { hot, bus })]
      await made(gated.store)
      // The first read of a topic begins to listen to it.
      await tiered.read(ref, { maxAgeMs: 1 })
      const { fenced } = tiered.stats()
      now += 2
      const release = gated.hold()
      const early = tiered.read(ref, { tail: 2, maxAgeMs: 1 })
      await write(isOwn ? tiered : peer)
      release()
      await early
      const truth = await gated.store.read(ref, { tail: 2 })
      expect(await tiered.read(ref, { tail: 2, maxAgeMs: 3_600_000 })).toEqual(truth)
      expect(tiered.stats()).toMatchObject({ fenced: fenced + 1, hits: 0 })
    }
  })

  it('is dropped when another process has redacted, and without a bus once it is too old', async () => {
    const last = memoryStore()
    await made(last)
    const bus = memoryBus()
    const one = tieredStore(last, { hot, bus })
    const [told, untold] = [tieredStore(last, { hot, bus }), tieredStore(last, { hot })]
    const payload = async (store: SessionStore) =>
      (await store.messages(ref, { limit: 1, maxAgeMs: 5000 })).messages[0]?.payload
    // The first read begins to listen, and is not kept.
    for (const store of [told, told, untold]) await store.read(ref, { tail: 2, maxAgeMs: 5000 })
    expect([told.stats().sessions, untold.stats().sessions]).toEqual([1, 1])
    await one.amend(ref, [{ seq: 1, payload: 'redacted' }])
    expect([await payload(told), await payload(untold)]).toEqual(['redacted', 'payload of m1'])
    now += 5001
    expect(await payload(untold)).toBe('redacted')
  })

  it('of a session that is gone is never that of the next one with its id', async () => {
    const gated = gatedStore(memoryStore())
    const tiered = tieredStore(gated.store, { hot })
    await made(gated.store)
    const release = gated.hold()
    const early = bodyOf(tiered, 1000)
    await tiered.remove(ref)
    await tiered.commit(ref, { revision: 0, body: 'another' })
    release()
    expect(await early).toBe('one')
    expect(await bodyOf(tiered, 3_600_000)).toBe('another')
    await tiered.remove(ref)
    expect(await bodyOf(tiered, 3_600_000)).toBeUndefined()
  })

  it('is not replaced by what was read before it', async () => {
    const gated = gatedStore(memoryStore())
    const tiered = tieredStore(gated.store, { hot })
    await made(gated.store)
    const release = gated.hold()
    const early = bodyOf(tiered, 1)
    now += 10
    await gated.store.remove(ref)
    await gated.store.commit(ref, { revision: 0, body: 'another' })
    expect(await bodyOf(tiered, 1)).toBe('another')
    release()
    expect([await early, await bodyOf(tiered, 1000)]).toEqual(['one', 'another'])
  })

  it('is the truth again with each commit of its own that follows it, and dropped when another came between', async () => {
    const gated = gatedStore(memoryStore())
    const tiered = tieredStore(gated.store, { hot })
    await made(gated.store)
    await tiered.read(ref, { tail: 2, maxAgeMs: 1000 })
    gated.calls()
    now += 900
    await tiered.commit(ref, { revision: 1, body: 'two', messages: [message('m2'), message('m3')] })
    now += 900
    const kept = await tiered.read(ref, { tail: 3, maxAgeMs: 1000 })
    expect(gated.calls()).toEqual(['commit'])
    expect(kept).toEqual(await gated.store.read(ref, { tail: 3 }))
    await gated.store.commit(ref, { revision: 2, body: 'elsewhere' })
    await tiered.commit(ref, { messages: [message('m4')] })
    gated.calls()
    expect(await tiered.read(ref, { tail: 9, maxAgeMs: 1000 })).toEqual(
      await gated.store.read(ref, { tail: 9 }),
    )
    expect(gated.calls()).toEqual(['read', 'read'])
  })

  it('is not kept while a write may still reach the store', async () => {
    const inner = memoryStore()
    await made(inner)
    let land = async (): Promise<unknown> => undefined
    const last = wrapStore(inner, async (method, call) => {
      if (method !== 'commit') return call()
      land = call
      throw new SessionError('unknown_outcome', 'no answer')
    })
    const tiered = tieredStore(last, { hot, settleMs: 10_000 })
    await bodyOf(tiered, 1000)
    await tiered.commit(ref, { revision: 1, body: 'late' }).catch(() => {})
    expect(await bodyOf(tiered, 3_600_000)).toBe('one')
    await land()
    now += 9999
    expect(await bodyOf(tiered, 3_600_000)).toBe('late')
    expect(tiered.stats()).toMatchObject({ hits: 0, sessions: 0 })
    now += 1
    await bodyOf(tiered, 3_600_000)
    expect(tiered.stats()).toMatchObject({ hits: 0, sessions: 1 })
  })

  it('shares nothing with those who get it', async () => {
    const tiered = tieredStore(memoryStore(), { hot })
    await made(tiered)
    const one = (await tiered.read(ref, { tail: 2, maxAgeMs: 1000 }))!
    const other = (await tiered.read(ref, { tail: 2, maxAgeMs: 1000 }))!
    Object.assign(one.record, { title: 'mine' })
    Object.assign(other.messages[0]!, { payload: 'mine' })
    const page = await tiered.messages(ref, { limit: 1, maxAgeMs: 1000 })
    Object.assign(page.messages[0]!, { payload: 'mine' })
    const again = (await tiered.read(ref, { tail: 2, maxAgeMs: 1000 }))!
    expect(tiered.stats().hits).toBe(3)
    expect([again.record.title, again.messages[0]!.payload]).toEqual([undefined, 'payload of m1'])
  })

  it('ends with its session by the clock of the store, whatever the clock of this process shows', async () => {
    const gated = gatedStore(memoryStore())
    await gated.store.commit(ref, { revision: 0, body: 'one', idleMs: 60_000 })
    const tiered = tieredStore(gated.store, { hot })
    const hour = 3_600_000
    for (const skewMs of [hour, -hour]) {
      vi.spyOn(Date, 'now').mockReturnValue(Date.now() + skewMs)
      await bodyOf(tiered, 10 * hour)
      gated.calls()
      expect([await bodyOf(tiered, 10 * hour), gated.calls()]).toEqual(['one', []])
    }
    now += 60_000
    await bodyOf(tiered, 10 * hour)
    expect(gated.calls()).toEqual(['read'])
  })
})

describe('where something is away', () => {
  it('a bus that cannot be listened to, or never answers, costs nothing but age', async () => {
    for (const subscribe of [
      async () => Promise.reject(new SessionError('unavailable', 'no bus')),
      () => new Promise<never>(() => {}),
    ]) {
      const bus = { ...memoryBus(), isUp: false, subscribe }
      const last = memoryStore()
      const tiered = tieredStore(last, { hot, bus })
      await made(tiered)
      await bodyOf(tiered, 1000)
      await last.commit(ref, { revision: 1, body: 'two' })
      expect([await bodyOf(tiered, 1000), await bodyOf(tiered, 0)]).toEqual(['one', 'two'])
    }
  })

  it('the store: what is too old is an error, and so is every write', async () => {
    let isAway = false
    const last = wrapStore(memoryStore(), async (_, call) => {
      if (isAway) throw new SessionError('unavailable', 'away')
      return call()
    })
    const tiered = tieredStore(last, { hot, settleMs: 0 })
    await made(tiered)
    await bodyOf(tiered, 1000)
    isAway = true
    now += 1000
    expect(await bodyOf(tiered, 1000)).toBe('one')
    now += 1
    await expect(bodyOf(tiered, 1000)).rejects.toMatchObject({ code: 'unavailable' })
    await expect(tiered.commit(ref, { title: 'x' })).rejects.toMatchObject({ code: 'unavailable' })
    isAway = false
    expect(await bodyOf(tiered, 1000)).toBe('one')
  })

  it('what the store has lost in a failover is shown no longer than allowed, and nothing is built on it', async () => {
    const [before, after] = [memoryStore(), memoryStore()]
    let current = before
    const last = new Proxy(before, { get: (_, name: keyof SessionStore) => current[name]!.bind(current) })
    await made(before)
    const { record, body, messages } = (await before.read(ref, { tail: 9 }))!
    await after.restore(ref, { record, body, messages })
    const tiered = tieredStore(last, { hot })
    await tiered.commit(ref, { revision: 1, body: 'lost' })
    await bodyOf(tiered, 1000)
    current = after
    now += 1000
    expect(await bodyOf(tiered, 1000)).toBe('lost')
    await expect(tiered.commit(ref, { revision: 2, body: 'on it' })).rejects.toMatchObject({
      code: 'conflict',
    })
    // The refusal has shown that the copy is none.
    expect(await bodyOf(tiered, 1000)).toBe('one')
    now += 1
    expect(await bodyOf(tiered, 1000)).toBe('one')
  })
})

describe('the memory', () => {
  it('stays within its bytes, and counts wide characters twice', async () => {
    const last = memoryStore()
    const tiered = tieredStore(last, { hot: { maxBytes: 100_000 } })
    const read = async (id: string, body: string): Promise<number> => {
      await last.commit({ tenantId: 'acme', id }, { revision: 0, body })
      const before = tiered.stats().bytes
      await tiered.read({ tenantId: 'acme', id }, { maxAgeMs: 1000 })
      return tiered.stats().bytes - before
    }
    const [narrow, wide] = [await read('a', 'é'.repeat(10_000)), await read('b', '€'.repeat(10_000))]
    expect(wide - narrow).toBe(10_000)
    expect(await read('c', 'x'.repeat(25_000))).toBe(0)
    for (let n = 0; n < 50; n++) await read(`s${n}`, 'x'.repeat(n * 100))
    const { bytes, sessions, evicted } = tiered.stats()
    expect(bytes).toBeLessThanOrEqual(100_000)
    expect(sessions + evicted).toBe(52)
    for (let n = 0; n < 52; n++) await last.remove({ tenantId: 'acme', id: `s${n}` })
    await tiered.read({ tenantId: 'acme', id: 's49' }, { maxAgeMs: 1000 })
    expect(tiered.stats().hits).toBe(1)
  })

  it('refuses wrong options', () => {
    const loose = (value: unknown): never => value as never
    for (const options of [
      undefined,
      {},
      { hot: {} },
      { hot: { maxBytes: 0 } },
      { hot, buss: 1 },
      { hot, settleMs: -1 },
    ]) {
      expect(() => tieredStore(memoryStore(), loose(options))).toThrowError(
        expect.objectContaining({ code: 'invalid' }),
      )
    }
    expect(() => tieredStore(loose({}), { hot })).toThrowError(expect.objectContaining({ path: 'last' }))
  })
})
