import { describe, expect, it } from 'vitest'
import { memoryStore, SessionError, type SessionsOptions, type SessionStore } from '../../src/index.js'
import { codeOf, service } from '../service.js'
import { settings } from './user-data.js'

const dayMs = 24 * 3_600_000
const forEver = { idleMs: Number.POSITIVE_INFINITY, absoluteMs: Number.POSITIVE_INFINITY }
const cart = [{ sku: 'P', name: 'P', price: { amount: 1, currency: 'EUR' } }]

/** Carts of some tenants that are over their time, and how many are left. */
async function overdue(...tenants: string[]) {
  let now = Date.now()
  const store = memoryStore({ clock: () => now })
  const over = (options: SessionsOptions = {}) =>
    service({
      ...settings,
      store,
      ttl: forEver,
      retention: { cartMs: dayMs },
      onWarning: () => {},
      ...options,
    })
  for (const tenantId of tenants) await over().for({ tenantId, userId: 'alice' }).create({ id: 'one', cart })
  now += 2 * dayMs
  const left = async () => {
    const counts: number[] = []
    for (const tenantId of tenants)
      counts.push(
        (await (await over().for({ tenantId, userId: 'alice' }).get('one')).cart.get()).items.length,
      )
    return counts
  }
  return { store, over, left, pass: (ms: number) => void (now += ms) }
}

/** A store over shards, of which one is down. */
function withShardDown(inner: SessionStore, isDown: (tenantId: string) => boolean): SessionStore {
  const down = new SessionError('unavailable', 'The shard is down.')
  const check = ({ tenantId }: { tenantId: string }): void => {
    if (isDown(tenantId.replace(/^~[a-z]+:/, ''))) throw down
  }
  return {
    ...inner,
    read: async (ref, options) => (check(ref), inner.read(ref, options)),
    commit: async (ref, change) => (check(ref), inner.commit(ref, change)),
    list: async (query) => (check(query), inner.list(query)),
    // As `shardedStore` does: it goes through the others first.
    sweep: async (options) => {
      await inner.sweep(options)
      throw down
    },
  }
}

describe('a sweep goes on', () => {
  it('with the tenants of other shards where one is down, and rejects then', async () => {
    const { store, over, left } = await overdue('down', 'up')
    const sessions = over({ store: withShardDown(store, (tenantId) => tenantId === 'down') })
    expect(await codeOf(sessions.sweep({ tenants: ['down', 'up'] }))).toBe('unavailable')
    expect(await left()).toEqual([1, 0])
  })

  it('until it is the whole store that is down', async () => {
    const { store, over } = await overdue()
    const asked = new Set<string>()
    const away = withShardDown(store, (tenantId) => (asked.add(tenantId), true))
    const tenants = Array.from({ length: 150 }, (_, n) => `t${n}`)
    expect(await codeOf(over({ store: away }).sweep({ tenants }))).toBe('unavailable')
    expect(asked.size).toBe(100)
  })

  it('with all that needs no usage where the log of usage is away, which it asks for 100 tenants at most', async () => {
    const tenants = Array.from({ length: 120 }, (_, n) => `t${n}`)
    const { over, left } = await overdue(...tenants)
    let asked = 0
    const log = {
      append: async () => 0,
      async *read() {},
      flush: async () => {
        asked++
        throw new SessionError('unavailable', 'The other database is away.')
      },
    }
    expect(await codeOf(over({ usage: { log } }).sweep({ tenants }))).toBe('unavailable')
    expect(new Set(await left())).toEqual(new Set([0]))
    expect(asked).toBe(100)
  })

  it('with other erasures where one fails again and again', async () => {
    const { store, over, pass } = await overdue('acme')
    let isBroken = true
    const onErase = [
      async ({ userId }: { userId: string }) => {
        if (isBroken || userId === 'bob') throw new Error('the other system refuses')
      },
    ]
    const sessions = over({ privacy: { onErase } })
    for (const userId of ['alice', 'bob']) {
      const user = { tenantId: 'acme', userId }
      await sessions.for(user).open('of ' + userId)
      await codeOf(sessions.privacy.erase({ ...user, by: 'office', reason: 'article 17' }))
      // The last one is listed first.
      pass(180_000)
    }
    isBroken = false
    pass(dayMs)
    const other = over({ store, privacy: { onErase } })
    expect(await codeOf(other.sweep({ tenants: ['acme'] }))).not.toBe('settled')
    const statusOf = async (userId: string) =>
      (await other.privacy.erasure({ tenantId: 'acme', userId }))?.status
    expect([await statusOf('alice'), await statusOf('bob')]).toEqual(['done', 'running'])
  })
})

it('a sweep that the service began removes what has expired, also where its tenants cannot be told', async () => {
  const { store, over, pass } = await overdue()
  const warned: unknown[] = []
  const sessions = over({ ttl: { idleMs: 1000 }, onWarning: ({ code }) => warned.push(code) })
  const { record } = await sessions.for({ tenantId: 'acme', userId: 'alice' }).create()
  pass(2000)
  const swept = new Promise<number>((resolve) => {
    const inner = { ...store }
    store.sweep = async (options) => {
      const count = await inner.sweep(options)
      resolve(count)
      return count
    }
  })
  sessions.sweepEvery(1, () => {
    throw new Error('no database')
  })
  expect(await swept).toBeGreaterThan(0)
  await sessions.close()
  expect(await store.read(record)).toBeUndefined()
  expect(warned).toContain('sweep_failed')
})

it('a sweep that the service began ends with its tenant when the service is closed', async () => {
  const { over, left } = await overdue('one', 'two', 'three')
  const sessions = over()
  let begun = (): void => {}
  const first = new Promise<void>((resolve) => (begun = resolve))
  let go = (): void => {}
  const gate = new Promise<void>((resolve) => (go = resolve))
  let asked = 'two'
  async function* tenants() {
    yield 'one'
    begun()
    await gate
    yield 'two'
    asked = 'three'
    yield 'three'
  }
  sessions.sweepEvery(1, tenants)
  await first
  const closed = sessions.close()
  go()
  await closed
  expect(await left()).toEqual([0, 1, 1])
  expect(asked).toBe('two')
})

/** Carts of one tenant that are over their time, and as many sessions without one; and how often each is read in a sweep. */
async function manyOverdue(count: number) {
  const { store, over, pass } = await overdue()
  const limits = { maxSessions: Number.POSITIVE_INFINITY, maxSessionsPerUser: Number.POSITIVE_INFINITY }
  const mine = over({ limits }).for({ tenantId: 'many', userId: 'alice' })
  const quiet: string[] = []
  for (let made = 0; made < count; made++) {
    await mine.create({ cart })
    quiet.push((await mine.create()).id)
  }
  pass(2 * dayMs)
  const reads = new Map<string, number>()
  const read: SessionStore['read'] = async (ref, options) => {
    if (ref.tenantId === 'many') reads.set(ref.id, (reads.get(ref.id) ?? 0) + 1)
    return store.read(ref, options)
  }
  return { sessions: over({ store: { ...store, read } }), reads, quiet }
}

it('a sweep that the service began looks at each session once, however many of them are due', async () => {
  const { sessions, reads, quiet } = await manyOverdue(600)
  await new Promise<void>((resolve) => {
    sessions.sweepEvery(1, async function* () {
      yield 'many'
      resolve()
    })
  })
  await sessions.close()
  expect(reads.size).toBe(1200)
  expect(new Set(quiet.map((id) => reads.get(id)))).toEqual(new Set([1]))
})

it('a sweep that the service began ends within its tenant when the service is closed', async () => {
  const { sessions, reads } = await manyOverdue(20)
  let closed: Promise<void> | undefined
  const set = reads.set.bind(reads)
  const closing = new Promise<void>((resolve) => {
    reads.set = (id, times) => {
      closed ??= sessions.close()
      resolve()
      return set(id, times)
    }
  })
  sessions.sweepEvery(1, () => ['many'])
  await closing
  await closed
  expect(reads.size).toBe(1)
})
