import { describe, expect, it } from 'vitest'
import {
  createSessions,
  memoryStore,
  type Sessions,
  type SessionsOptions,
  type SessionStore,
  type TurnUsage,
} from '../../src/index.js'
import { type CrashPoint, haltingStore } from '../../src/testing/halting-store.js'
import { wrapStore } from '../../src/testing.js'
import { storeUsageLog } from '../../src/usage.js'
import { alice, bob, codeOf, elsewhere } from '../service.js'

const turns = { leaseMs: 30_000, heartbeatMs: 3_600_000, flushMs: 3_600_000 }
const prices = [{ pattern: 'n*', currency: 'USD', perMillion: { input: '1', output: '2', cacheRead: '0.1' } }]
const tenants = ['acme']

function place() {
  let now = Date.parse('2026-03-01T10:00:00Z')
  const shared: SessionStore = memoryStore({ clock: () => now })
  const process = (store = shared, more: SessionsOptions = {}): Sessions =>
    createSessions({
      store,
      turns,
      usage: { prices },
      credentialSecrets: ['a secret that all processes know, and nobody else'],
      onWarning: () => {},
      ...more,
    })
  return { shared, process, pass: (ms: number) => void (now += ms) }
}

/** A log that keeps nothing: as if every process died before it could write. */
const forgetful = (store: SessionStore) => ({ ...storeUsageLog(store), append: async () => 0 })

/** What the replies in the store say, counted one by one: the sessions that stand in their first turn's place alone. */
async function recount(store: SessionStore, ids: readonly string[]) {
  const sum = { turns: 0, inputTokens: 0, outputTokens: 0 }
  for (const id of ids) {
    const messages = (await store.read({ tenantId: 'acme', id }, { tail: 1000 }))?.messages ?? []
    for (const { payload } of messages) {
      const { metadata } = JSON.parse(payload) as { metadata?: { turn?: { usage: TurnUsage } } }
      if (metadata?.turn === undefined) continue
      sum.turns++
      sum.inputTokens += metadata.turn.usage.inputTokens
      sum.outputTokens += metadata.turn.usage.outputTokens
    }
  }
  return sum
}

async function twoTurns(sessions: Sessions): Promise<void> {
  const session = await sessions.for(alice).open('one')
  for (const inputTokens of [3, 5])
    await session.turn('Hi', () => [{ type: 'usage', inputTokens, outputTokens: 1, model: 'nano' }, 'Hello'])
      .result
  await sessions.settled()
}

async function callsOf(work: (sessions: Sessions) => Promise<unknown>): Promise<readonly CrashPoint[]> {
  const { shared, process } = place()
  if (work !== twoTurns) await twoTurns(process(shared, { usage: { log: forgetful(shared) } }))
  const halting = haltingStore(shared)
  await work(process(halting.store))
  return Array.from({ length: halting.calls() }, (_, index) => index + 1).flatMap((call) => [
    { call, when: 'before' as const },
    { call, when: 'after' as const },
  ])
}

const sweep = (sessions: Sessions): Promise<number> => sessions.sweep({ tenants })
const inTurns = await callsOf(twoTurns)
const inSweeps = await callsOf(sweep)

describe('the usage of a process that dies', () => {
  it('is tried at many calls of the store', () => {
    expect(inTurns.length).toBeGreaterThan(20)
    expect(inSweeps.length).toBeGreaterThan(10)
  })

  it.each(inTurns)('$when call $call of its turns, is what the sessions say after a sweep', async (point) => {
    const { shared, process, pass } = place()
    const halting = haltingStore(shared, point)
    const dying = twoTurns(process(halting.store))
    await Promise.race([halting.died, dying])
    pass(31_000)
    const survivor = process()
    await sweep(survivor)
    const { total } = await survivor.usage({ tenantId: 'acme' })
    expect(total).toMatchObject(await recount(shared, ['one']))
    // No session waits for a process that is gone.
    const mine = survivor.for(alice)
    const session = await mine.find('one')
    expect(await session?.currentTurn()).toBeUndefined()
  })

  it.each(inSweeps)('$when call $call of a sweep, is the same after another one', async (point) => {
    const { shared, process, pass } = place()
    await twoTurns(process(shared, { usage: { log: forgetful(shared) } }))
    const halting = haltingStore(shared, point)
    await Promise.race([halting.died, sweep(process(halting.store))])
    pass(1000)
    const survivor = process()
    await sweep(survivor)
    const { total } = await survivor.usage({ tenantId: 'acme' })
    expect(total).toMatchObject({ turns: 2, inputTokens: 8, outputTokens: 2, costs: { USD: '0.000012' } })
    expect(total).toMatchObject(await recount(shared, ['one']))
  })
})

describe('a sweep of usage', () => {
  it('counts no copy of a reply, no answer of another tenant, and nothing twice', async () => {
    const { shared, process, pass } = place()
    const sessions = process(shared, { usage: { log: forgetful(shared) } })
    await twoTurns(sessions)
    const mine = sessions.for(alice)
    await mine.fork(await mine.get('one'), { id: 'fork' })
    const said: string[] = []
    for await (const line of sessions.for(alice).export()) said.push(line)
    await sessions.import(said.join(''), { tenantId: 'elsewhere', userId: 'carol' })
    await (
      await sessions.for(elsewhere).open('one')
    ).turn('Hi', () => [{ type: 'usage', inputTokens: 9 }, 'Ho']).result
    const survivor = process()
    for (let round = 0; round < 3; round++) {
      await survivor.sweep({ tenants: ['acme', 'elsewhere'] })
      pass(3_600_000)
    }
    const { total } = await survivor.usage({ tenantId: 'acme' })
    expect(total).toMatchObject(await recount(shared, ['one']))
    expect((await survivor.usage({ tenantId: 'elsewhere' })).total.turns).toBe(0)
  })

  it('counts a turn once that two processes end on both sides of midnight', async () => {
    const { process, pass } = place()
    pass(14 * 3_600_000 - 10_000)
    let hear = (): void => {}
    const heard = new Promise<void>((resolve) => {
      hear = resolve
    })
    let answer = (): void => {}
    const answered = new Promise<void>((resolve) => {
      answer = resolve
    })
    const slow = process()
    const session = await slow.for(alice).open('one')
    const running = session.turn('Hi', async function* () {
      yield { type: 'usage', inputTokens: 7, model: 'nano' }
      hear()
      await answered
      yield 'Hello'
    }).result
    await heard
    // Its lease is over, and so is the day.
    pass(31_000)
    const other = process()
    await sweep(other)
    answer()
    expect(await codeOf(running)).toBe('turn_lost')
    await slow.settled()
    await other.settled()
    await other.sweep({ tenants })
    const { groups } = await other.usage({ tenantId: 'acme', bucket: 'day' })
    expect(groups.map(({ turns: count }) => count)).toEqual([1])
  })

  it('reads what is new alone, and only what has been active', async () => {
    const { shared, process, pass } = place()
    let reads = 0
    const store = wrapStore(shared, async (method, call) => {
      if (method === 'messages') reads++
      return call()
    })
    const log = forgetful(shared)
    const sessions = process(shared, { usage: { log } })
    for (let index = 0; index < 30; index++)
      await (await sessions.for(bob).open(`s${index}`)).turn('Hi', () => 'Ho').result
    pass(3_600_000)
    const survivor = process(store)
    const readsOf = async (): Promise<number> => {
      reads = 0
      await sweep(survivor)
      return reads
    }
    expect(await readsOf()).toBe(30)
    pass(3_600_000)
    expect(await readsOf()).toBe(0)
    await (await sessions.for(bob).get('s3')).turn('Hi', () => 'Ho').result
    expect(await readsOf()).toBe(1)
    expect((await survivor.usage({ tenantId: 'acme' })).total.turns).toBe(31)
  })

  it('removes what is over its time', async () => {
    const { shared, process, pass } = place()
    const sessions = process(shared, { retention: { usageMs: 48 * 3_600_000 } })
    await twoTurns(sessions)
    const turnsNow = async () => (await sessions.usage({ tenantId: 'acme' })).total.turns
    pass(36 * 3_600_000)
    await sweep(sessions)
    expect(await turnsNow()).toBe(2)
    pass(36 * 3_600_000)
    expect(await sweep(sessions)).toBeGreaterThan(0)
    expect(await turnsNow()).toBe(0)
  })
})

describe('the erasure of a user', () => {
  it('leaves what was used, and nothing of whose it was', async () => {
    const { shared, process } = place()
    const sessions = process()
    await (
      await sessions.for(alice).create({ id: 'alices', label: 'alice' })
    ).turn('Hi', () => [{ type: 'usage', inputTokens: 3 }, 'Ho']).result
    await (await sessions.for(bob).open('bobs')).turn('Hi', () => [{ type: 'usage', inputTokens: 4 }, 'Ho'])
      .result
    await sessions.settled()
    const { counts } = await sessions.privacy.erase({ ...alice, by: 'host', reason: 'asked' })
    expect(counts['usage']).toBe(1)
    const { groups, total } = await sessions.usage({ tenantId: 'acme', by: ['session', 'label'] })
    expect(groups).toMatchObject([{ inputTokens: 3 }, { sessionId: 'bobs', inputTokens: 4 }])
    expect(total.turns).toBe(2)
    const days = { tenantId: '~usage:acme', id: '2026-03-01' }
    expect(JSON.stringify((await shared.read(days, { tail: 100 }))!.messages)).not.toContain('alice')
    expect((await sessions.usage({ tenantId: 'acme', userId: 'alice' })).total.turns).toBe(0)
    expect((await sessions.usage({ tenantId: 'acme', userId: 'bob' })).total.inputTokens).toBe(4)
  })
})
