import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { memoryStore, type SessionStore } from '../../src/index.js'
import { createHistoryCache } from '../../src/service/history-cache.js'
import { PageReader } from '../../src/service/read-pages.js'
import { recordTenantsOf } from '../../src/service/record-tenants.js'
import { createTallyCache } from '../../src/service/tally-cache.js'

let now = 0
beforeEach(() => {
  now = 1000
  vi.spyOn(performance, 'now').mockImplementation(() => now)
})
afterEach(() => void vi.restoreAllMocks())

const ref = { tenantId: 'acme', id: 's' }
const payload = (length = 2) => JSON.stringify({ role: 'user', content: 'x'.repeat(length), tokens: 1 })

/** A store with so many messages, and what its reads of messages ask for. */
async function stored(count: number, length = 2) {
  const store = memoryStore()
  const asked: Record<string, unknown>[] = []
  const add = async (more: number, from = 0) =>
    store.commit(ref, {
      messages: Array.from({ length: more }, (_, n) => ({
        id: `m${from + n + 1}`,
        payload: payload(length),
      })),
    })
  await store.commit(ref, { revision: 0, incarnation: 'i' })
  if (count > 0) await add(count)
  const told: SessionStore = {
    ...store,
    messages: async (of, query) => (asked.push({ ...query }), store.messages(of, query)),
  }
  const record = async () => (await store.read(ref))!.record
  return { store, told, asked, add, record }
}

describe('pages', () => {
  it('are as long as a store and a parser like, by what was read', async () => {
    const { told, asked } = await stored(400)
    const reader = new PageReader(told, ref)
    const seqs: number[][] = []
    for await (const page of reader.pages([
      { from: 1, to: 70 },
      { from: 390, to: 500 },
      { from: 900, to: 901 },
    ]))
      seqs.push([page[0]!.seq, page.at(-1)!.seq])
    expect(seqs).toEqual([
      [1, 64],
      [65, 70],
      [390, 400],
    ])
    expect(asked).toEqual([
      { after: 0, before: 71, limit: 64, order: 'asc' },
      { after: 64, before: 71, limit: 6, order: 'asc' },
      { after: 389, before: 501, limit: 111, order: 'asc' },
      { after: 400, before: 501, limit: 100, order: 'asc' },
      { after: 899, before: 902, limit: 2, order: 'asc' },
    ])
    asked.length = 0
    const page = await reader.page({ from: 1, to: 400 }, 'desc', 2.5)
    expect(page.map(({ seq }) => seq)).toEqual([400, 399, 398])
    await reader.page({ from: 1, to: 400 }, 'desc', 0)
    await reader.page({ from: 1, to: 5000 }, 'desc')
    expect(asked.map(({ limit }) => limit)).toEqual([3, 1, 1000])
  })

  it('of long messages are short, and of the longest eight', async () => {
    const long = await stored(20, 20_000 - payload(0).length)
    const one = new PageReader(long.told, ref)
    await one.page({ from: 1, to: 2 }, 'asc')
    await one.page({ from: 1, to: 20 }, 'asc')
    expect(long.asked.map(({ limit }) => limit)).toEqual([2, 20])
    const longer = await stored(20, 200_000)
    const two = new PageReader(longer.told, ref)
    await two.page({ from: 1, to: 2 }, 'asc')
    await two.page({ from: 1, to: 20 }, 'asc')
    expect(longer.asked.map(({ limit }) => limit)).toEqual([2, 8])
    const mean = payload(20_000).length
    const three = new PageReader((await stored(300, 20_000)).told, ref)
    await three.page({ from: 1, to: 3 }, 'asc')
    expect(await three.page({ from: 1, to: 300 }, 'asc')).toHaveLength(Math.floor(400_000 / mean))
  })
})

describe('what is kept of histories', () => {
  /** A history that takes as many bytes as it is told to. */
  class History {
    bytes = 0
    readonly options: { maxBytes: number }
    readonly shrunk: unknown[] = []
    constructor(_: PageReader, options: { maxBytes: number }) {
      this.options = options
    }
    async isOf(): Promise<boolean> {
      return true
    }
    *shrinking(used: unknown): Generator<void, void> {
      this.shrunk.push(used)
      yield
    }
  }
  const cacheOf = (maxBytes = 100) => createHistoryCache(memoryStore(), { maxBytes, keptMs: 50 } as never)
  const record = (id: string, more: object = {}) =>
    ({ tenantId: 'acme', id, incarnation: 'i', trimmedSeq: 0, ...more }) as never
  const use = async (cache: ReturnType<typeof cacheOf>, id: string, more: object = {}, body: object = {}) => {
    const history = await cache.use(record(id, more), { newest: [], ...body }, History as never)
    return history as unknown as History
  }

  it('is the same until the session says something else', async () => {
    const cache = cacheOf()
    const one = await use(cache, 'a')
    const again = [await use(cache, 'a'), await use(cache, 'a', {}, { edits: 0 })]
    expect(again.every((each) => each === one)).toBe(true)
    expect(one.options.maxBytes).toBe(25)
    for (const [more, body] of [
      [{ incarnation: 'j' }, {}],
      [{ trimmedSeq: 1 }, {}],
      [{}, { edits: 1 }],
    ] as const) {
      const before = await use(cache, 'a')
      const after = await use(cache, 'a', more, body)
      expect(after === before).toBe(false)
      expect((await use(cache, 'a', more, body)) === after).toBe(true)
    }
    const last = await use(cache, 'a')
    expect((await use(cache, 'b')) === last).toBe(false)
    cache.forget({ tenantId: 'acme', id: 'a' })
    expect((await use(cache, 'a')) === last).toBe(false)
  })

  it('is within its bytes, and the least used is dropped first', async () => {
    const cache = cacheOf()
    const release = async (id: string, bytes: number) => {
      const history = await use(cache, id)
      history.bytes = bytes
      await cache.release(record(id), ['used'] as never)
      return history
    }
    const a = await release('a', 40)
    expect([cache.bytes, a.shrunk]).toEqual([40, [['used']]])
    const b = await release('b', 40)
    await release('b', 60)
    expect(cache.bytes).toBe(100)
    await use(cache, 'a')
    await release('c', 1)
    expect([cache.bytes, (await use(cache, 'a')) === a]).toEqual([41, true])
    expect((await use(cache, 'b')) === b).toBe(false)
    await cache.release(record('nobody'), [])
    cache.forget({ tenantId: 'acme', id: 'a' })
    cache.forget({ tenantId: 'acme', id: 'a' })
    expect(cache.bytes).toBe(1)
    await release('c', 101)
    expect(cache.bytes).toBe(0)
  })

  it('is dropped out of use, and not counted when it was forgotten meanwhile', async () => {
    const cache = cacheOf()
    const one = await use(cache, 'a')
    now += 50
    expect((await use(cache, 'a')) === one).toBe(true)
    now += 51
    expect((await use(cache, 'a')) === one).toBe(false)
    const two = await use(cache, 'b')
    two.bytes = 10
    const releasing = cache.release(record('b'), [])
    cache.forget({ tenantId: 'acme', id: 'b' })
    await releasing
    expect(cache.bytes).toBe(0)
    const three = await use(cache, 'c')
    three.bytes = 10
    await cache.release(record('c'), [])
    now += 51
    await cache.release(record('d'), [])
    expect(cache.bytes).toBe(0)
  })
})

describe('counts of messages', () => {
  const body = (more: object = {}) => ({ path: [{ from: 1 }], ...more }) as never

  it('read each message once, also for many who ask at once', async () => {
    const { told, asked, add, record } = await stored(450)
    const tallies = createTallyCache(told, { maxBytes: 1e6, keptMs: 50 })
    const seen = await record()
    const all = await Promise.all([1, 2, 3].map(() => tallies.of(seen, body())))
    expect(new Set(all).size).toBe(1)
    expect(asked.map(({ after, limit }) => [after, limit])).toEqual([
      [0, 200],
      [200, 200],
      [400, 200],
    ])
    asked.length = 0
    await add(1, 450)
    await tallies.of(await record(), body())
    // With the last one that was counted.
    expect(asked.map(({ after }) => after)).toEqual([449])
    asked.length = 0
    await tallies.of(await record(), body())
    expect(asked).toEqual([])
  })

  it('wake one of the thousands who ask at once, and let the event loop go on between them', async () => {
    const { told, record } = await stored(1)
    const tallies = createTallyCache(told, { maxBytes: 1e6, keptMs: 50 })
    const seen = await record()
    await tallies.of(seen, body())
    let turns = 0
    const turn = (): void => {
      turns++
      timer = setImmediate(turn)
    }
    let timer = setImmediate(turn)
    // oxlint-disable-next-line unbound-method
    const { then } = Promise.prototype
    let waits = 0
    // oxlint-disable-next-line no-extend-native
    Promise.prototype.then = function (this: Promise<unknown>, ...args: []) {
      waits++
      return then.apply(this, args)
    } as never
    try {
      await Promise.all(Array.from({ length: 3000 }, () => tallies.of(seen, body())))
    } finally {
      // oxlint-disable-next-line no-extend-native
      Promise.prototype.then = then
      clearImmediate(timer)
    }
    expect(waits).toBeLessThan(300_000)
    expect(turns).toBeGreaterThan(2)
  })

  it('begin anew where earlier messages say something else, and when they are out of use', async () => {
    const { told, asked, record } = await stored(3)
    const tallies = createTallyCache(told, { maxBytes: 1e6, keptMs: 50 })
    const seen = await record()
    const reads = async (of: object = seen, by: object = {}) => {
      asked.length = 0
      await tallies.of(of as never, body(by))
      return asked.length
    }
    expect([await reads(), await reads()]).toEqual([1, 0])
    expect([
      await reads({ ...seen, incarnation: 'j' }),
      await reads(),
      await reads(seen, { edits: 1 }),
    ]).toEqual([1, 1, 1])
    expect([
      await reads(seen, { edits: 1 }),
      await reads(seen, { path: [{ from: 2 }] }),
      await reads(),
    ]).toEqual([0, 1, 1])
    tallies.forget(ref)
    expect([await reads(), await reads()]).toEqual([1, 0])
    now += 50
    expect(await reads()).toBe(0)
    now += 51
    expect(await reads()).toBe(1)
  })

  it('are kept within their bytes, and a failed read is tried again', async () => {
    const { store, record } = await stored(3)
    let fails = 1
    let reads = 0
    const failing: SessionStore = {
      ...store,
      messages: async (of, query) => {
        reads++
        return fails-- > 0 ? Promise.reject(new Error('away')) : store.messages({ ...of, id: 's' }, query)
      },
    }
    const tallies = createTallyCache(failing, { maxBytes: 1e6, keptMs: 1e6 })
    const seen = await record()
    const both = [tallies.of(seen, body()), tallies.of(seen, body())]
    await expect(both[0]).rejects.toThrow('away')
    const tally = await both[1]!
    expect(reads).toBe(2)
    const one =
      tally.bytes +
      2 * (JSON.stringify(['acme', 's']).length + JSON.stringify(['i', 0, 0, [{ from: 1 }]]).length)
    const small = createTallyCache(failing, { maxBytes: 2 * one, keptMs: 1e6 })
    const of = async (id: string) => {
      reads = 0
      await small.of({ ...seen, id }, body())
      return reads
    }
    expect([
      await of('a'),
      await of('b'),
      await of('a'),
      await of('c'),
      await of('a'),
      await of('b'),
    ]).toEqual([1, 1, 0, 1, 0, 1])
    const none = createTallyCache(failing, { maxBytes: one - 1, keptMs: 1e6 })
    reads = 0
    await none.of(seen, body())
    await none.of(seen, body())
    expect(reads).toBe(2)
  })
})

it('records beside the sessions of a tenant are in tenants of its name, but for the time of a store', () => {
  const tenants = recordTenantsOf('acme')
  expect(tenants.every((tenant) => /^~[a-z]+:acme$/.test(tenant))).toBe(true)
  expect(tenants).toContain('~turns:acme')
  expect(tenants.at(-1)).toBe('~keys:acme')
  expect(tenants).not.toContain('~clock:acme')
  expect(new Set(tenants).size).toBe(tenants.length)
})
