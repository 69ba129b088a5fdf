import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  createSessions,
  type Identity,
  memoryStore,
  type Session,
  type SessionsOptions,
} from '../../src/index.js'
import { alice, codeOf } from '../service.js'

const hourMs = 3_600_000
const acme = { tenantId: 'acme' }
const credentialSecrets = ['a secret that all processes know, and nobody else']

afterEach(() => void vi.restoreAllMocks())

/** From here on, the wall clock of this process is so far off. Its steady clock is not. */
function setClock(ms: number): void {
  const real = Date.now.bind(Date)
  vi.spyOn(Date, 'now').mockImplementation(() => real() + ms)
}

/** Processes on one store, whose clock the test moves. */
function fleet(options: SessionsOptions = {}) {
  let now = Date.UTC(2026, 0, 1, 12)
  const store = memoryStore({ clock: () => now })
  const start = (more: SessionsOptions = {}) =>
    createSessions({ store, credentialSecrets, ...options, ...more })
  return { start, pass: (ms: number) => void (now += ms), now: () => now }
}

describe.each([
  ['an hour ahead', hourMs],
  ['an hour back', -hourMs],
])('a clock of a process that is set %s while it runs', (_, ms) => {
  it('ends no history before its time', async () => {
    const { start, pass } = fleet({ ttl: { historyMs: hourMs } })
    const session = await start().for(alice).create()
    await session.append({ role: 'user', content: 'said just now' })
    setClock(ms)
    pass(1000)
    expect((await session.history()).messages).toMatchObject([{ content: 'said just now' }])
    expect(await session.turn('And?', () => 'Yes').result).toMatchObject({ text: 'Yes' })
    expect((await session.history()).messages).toHaveLength(3)
  })

  it('begins no window of a budget anew, and ends none', async () => {
    const { start, pass } = fleet({ budgets: [{ scope: 'tenant', maxTokens: 100, windowMs: hourMs }] })
    const session = await start().for(alice).create()
    const ask = async (inputTokens: number) =>
      codeOf(
        session.turn('Hi', async function* () {
          yield 'There'
          yield { type: 'usage', inputTokens }
        }).result,
      )
    expect(await ask(100)).toBe('settled')
    setClock(ms)
    pass(1000)
    expect(await ask(1)).toBe('budget_exceeded')
  })

  it('leaves the entries of the audit at the times of the store', async () => {
    const { start, pass, now } = fleet({ audit: { secrets: ['a secret of the audit that is long enough'] } })
    const { audit } = start()
    await audit.append({ ...acme, action: 'a' })
    setClock(ms)
    for (const action of ['b', 'c', 'd']) {
      pass(1000)
      const { at } = await audit.append({ ...acme, action })
      expect(Math.abs(at - now())).toBeLessThan(5000)
    }
  })
})

describe('a process that goes on after it was frozen for two hours', () => {
  it('shows no history that is over meanwhile', async () => {
    const { start, pass } = fleet({ ttl: { historyMs: hourMs } })
    const session = await start().for(alice).create()
    await session.append({ role: 'user', content: 'said long ago' })
    pass(2 * hourMs)
    setClock(2 * hourMs)
    expect((await session.history()).messages).toEqual([])
  })

  it('begins a new window of a budget', async () => {
    const { start, pass } = fleet({ budgets: [{ scope: 'tenant', maxTokens: 100, windowMs: hourMs }] })
    const session = await start().for(alice).create()
    const uses = async function* () {
      yield 'There'
      yield { type: 'usage' as const, inputTokens: 100 }
    }
    expect(await codeOf(session.turn('Hi', uses).result)).toBe('settled')
    pass(2 * hourMs)
    setClock(2 * hourMs)
    expect(await codeOf(session.turn('And?', uses).result)).toBe('settled')
  })
})

describe.each([
  ['an hour ahead', hourMs],
  ['an hour behind', -hourMs],
])('a process that has written nothing so far, whose clock is %s', (_, ms) => {
  it('keeps a session alive that it only reads', async () => {
    const { start, pass, now } = fleet({ ttl: { idleMs: hourMs, refreshOnRead: true } })
    const { id } = await start().for(alice).create()
    const off = now() - Date.now() + ms
    setClock(off)
    pass(0.9 * hourMs)
    await start().for(alice).get(id)
    pass(0.9 * hourMs)
    expect((await start().for(alice).get(id)).id).toBe(id)
  })

  it('answers again for as long as it may, and no longer', async () => {
    const { start, pass, now } = fleet()
    const session = await start().for(alice).create()
    const reuse = { ttlMs: hourMs / 2 }
    const there = async () => start().for(alice).get(session.id)
    setClock(now() - Date.now())
    await session.turn('Which?', () => 'the first', { reuse }).result
    vi.restoreAllMocks()
    setClock(now() - Date.now() + ms)
    pass(1000)
    expect(await (await there()).turn('Which?', () => 'anew', { reuse }).result).toMatchObject({
      reused: true,
    })
    pass(hourMs)
    expect(await (await there()).turn('Which?', () => 'anew', { reuse }).result).toMatchObject({
      text: 'anew',
    })
  })

  /** A new process for each step, whose clock is off the store's. */
  const offClock = (options: SessionsOptions = {}) => {
    const { start, pass, now } = fleet(options)
    setClock(now() - Date.now() + ms)
    const isNow = (at: unknown) => expect(Math.abs(Number(at) - now())).toBeLessThan(5000)
    return { caller: (who: Identity = alice) => start().for(who), pass, now, isNow }
  }

  it('notes when a user and a guest have consented', async () => {
    const { caller, isNow } = offClock({ consent: {} })
    const yes = { purpose: 'analytics', granted: true, version: '1', source: 'a page' }
    const { consents } = await caller().consent.set(yes)
    isNow(consents.purposes['analytics']!.at)
    const credential = await (await caller(acme).create()).credential()
    const guest = await caller(acme).findByCredential(credential)
    isNow((await guest!.consent.set(yes)).consents.purposes['analytics']!.at)
  })

  it('tells the orders of a user in the order in which they were placed', async () => {
    const { caller, pass, now, isNow } = offClock()
    const order = async (session: Session) => {
      await session.cart.add({ sku: 'a', name: 'A', price: { amount: 1, currency: 'USD' } })
      return session.id
    }
    const ids = [await order(await caller().create()), await order(await caller().create())]
    for (const id of ids) {
      isNow((await (await caller().get(id)).cart.checkout()).placedAt)
      pass(60_000)
      // The clock of the next process is right.
      vi.restoreAllMocks()
      setClock(now() - Date.now())
    }
    const third = await caller().create()
    const earlier = await third.cart.earlierOrders()
    expect(earlier.map(({ sessionId }) => sessionId)).toEqual(ids.toReversed())
  })
})
