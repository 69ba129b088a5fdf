import { describe, expect, it, vi } from 'vitest'
import {
  createSessions,
  memoryStore,
  type Respond,
  SessionError,
  type SessionStore,
} from '../../src/index.js'
import { sideRecordTenant } from '../../src/service/side-records.js'
import { alice, anonymous, bob, codeOf, service, startGate } from '../service.js'
import { haltingStore } from '../../src/testing/halting-store.js'
import { uses } from './turns.js'

describe('a budget', () => {
  it('for ten turns lets ten of a hundred through, whatever session and process they come to', async () => {
    const store = memoryStore()
    const budgets = [{ scope: 'tenant' as const, maxTokens: 1000, reserveTokens: 100 }]
    const processes = [0, 1].map(() => createSessions({ store, budgets }).for(alice))
    let asked = 0
    const turns = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const session = await processes[index % 2]!.create()
        return codeOf(session.turn('Hi', (turn) => (asked++, uses(100)(turn))).result)
      }),
    )
    expect(asked).toBe(10)
    expect(turns.filter((code) => code === 'settled')).toHaveLength(10)
    expect(turns.filter((code) => code === 'budget_exceeded')).toHaveLength(90)
  })

  it('is settled with what was used, and refuses before anything is stored', async () => {
    const sessions = service({
      budgets: [{ scope: 'user', maxTokens: 100, reserveTokens: 50, maxCostMicros: 10 }],
    })
    const session = await sessions.for(alice).create()
    for (const tokens of [10, 20, 15])
      expect(await codeOf(session.turn('Hi', uses(tokens)).result)).toBe('settled')
    expect(await codeOf(session.turn('Hi', uses(6, 11)).result)).toBe('settled')
    const before = (await session.history()).messages.length
    await expect(session.turn('Hi', uses(1)).result).rejects.toMatchObject({
      code: 'budget_exceeded',
      path: 'user',
    })
    expect((await session.history()).messages).toHaveLength(before)
    expect(await session.currentTurn()).toBeUndefined()
    const other = await sessions.for(bob).create()
    expect(await codeOf(other.turn('Hi', uses(1)).result)).toBe('settled')
  })

  it('counts a turn once when the answer to what it has used is lost', async () => {
    const inner = memoryStore()
    let writes = 0
    const store: SessionStore = {
      ...inner,
      async commit(ref, change) {
        const committed = await inner.commit(ref, change)
        // The first reserves, the second settles.
        if (ref.tenantId !== '~budgets:acme' || ++writes !== 2) return committed
        throw new SessionError('unknown_outcome', 'The answer is lost.')
      },
    }
    const budgets = [{ scope: 'tenant' as const, maxTokens: 20, reserveTokens: 10 }]
    const session = await createSessions({ store, budgets }).for(alice).create()
    for (let turns = 0; turns < 2; turns++) {
      expect(await codeOf(session.turn('Hi', uses(10)).result)).toBe('settled')
    }
    expect(writes).toBeGreaterThan(2)
    expect(await codeOf(session.turn('Hi', uses(10)).result)).toBe('budget_exceeded')
  })

  it('of tokens reserves them beside one of costs for the same scope and time', async () => {
    const windowMs = 3_600_000
    const budgets = [
      { scope: 'tenant' as const, maxTokens: 1000, reserveTokens: 500, windowMs },
      { scope: 'tenant' as const, maxCostMicros: 60, reserveCostMicros: 20, windowMs },
    ]
    const mine = service({ budgets }).for(alice)
    const gate = startGate()
    const respond: Respond = async function* () {
      await gate.opened
      yield { type: 'usage', inputTokens: 100, costMicros: 20 }
    }
    const ask = async () => (await mine.create()).turn('Hi', respond)
    const running = [await ask(), await ask(), await ask()]
    const codes = await Promise.all(running.map(async ({ started }) => codeOf(started)))
    expect(codes.toSorted()).toEqual(['budget_exceeded', 'settled', 'settled'])
    gate.open()
    await Promise.all(running.map(({ result }) => codeOf(result)))
    // 200 tokens and 40 millionths are spent: each once, and the third turn has room for both.
    expect(await codeOf((await ask()).result)).toBe('settled')
    expect(await codeOf((await ask()).result)).toBe('budget_exceeded')
  })

  it('of a session counts failed turns too', async () => {
    const sessions = service({ budgets: [{ scope: 'session', maxTokens: 30 }], onWarning: () => {} })
    const session = await sessions.for(alice).create()
    const failing: Respond = async function* () {
      yield { type: 'usage', inputTokens: 30 }
      throw new Error('down')
    }
    expect((await session.turn('Hi', failing).result).status).toBe('failed')
    expect(await codeOf(session.turn('Hi', uses(1)).result)).toBe('budget_exceeded')
    expect(await codeOf((await sessions.for(alice).create()).turn('Hi', uses(1)).result)).toBe('settled')
  })

  it.each(['session', 'user'] as const)(
    'of a %s is shared by forks, of forks too, of anonymous sessions',
    async (scope) => {
      const sessions = service({ budgets: [{ scope, maxTokens: 30 }], onWarning: () => {} })
      const mine = sessions.for(anonymous)
      const session = await mine.create()
      expect(await codeOf(session.turn('Hi', uses(10)).result)).toBe('settled')
      const fork = await mine.fork(session)
      expect(await codeOf(fork.turn('Hi', uses(10)).result)).toBe('settled')
      const forkOfFork = await mine.fork(fork)
      expect(await codeOf(forkOfFork.turn('Hi', uses(10)).result)).toBe('settled')
      for (const each of [session, fork, forkOfFork, await mine.fork(forkOfFork)]) {
        expect(await codeOf(each.turn('Hi', uses(1)).result)).toBe('budget_exceeded')
      }
      expect(await codeOf((await mine.create()).turn('Hi', uses(1)).result)).toBe('settled')
    },
  )

  it.each(['session', 'user'] as const)('of a %s is shared by copies on other devices', async (scope) => {
    const sessions = service({ budgets: [{ scope, maxTokens: 30 }], onWarning: () => {} })
    const mine = sessions.for(anonymous)
    const session = await mine.create()
    expect(await codeOf(session.turn('Hi', uses(30)).result)).toBe('settled')
    const { secret } = await session.transfer({ mode: 'copy' })
    const redeemed = await mine.redeem({ secret })
    if (redeemed.status !== 'redeemed') throw new Error(redeemed.status)
    expect(redeemed.session.id).not.toBe(session.id)
    expect(await codeOf(redeemed.session.turn('Hi', uses(1)).result)).toBe('budget_exceeded')
  })

  it('gets back what a turn that died had put aside', async () => {
    let now = 1_700_000_000_000
    const store = memoryStore({ clock: () => now })
    const halting = haltingStore(store)
    const budgets = [{ scope: 'tenant' as const, maxTokens: 100, reserveTokens: 100 }]
    const doomed = await createSessions({ store: halting.store, budgets }).for(alice).create()
    await doomed.turn('Hi', () => new Promise(() => {})).started
    halting.kill()
    const session = await createSessions({ store, budgets }).for(alice).create()
    expect(await codeOf(session.turn('Hi', uses(1)).result)).toBe('budget_exceeded')
    now += 31_000
    expect(await codeOf(session.turn('Hi', uses(1)).result)).toBe('settled')
  })

  it('counts what a turn has used that was held for dead and ends all the same', async () => {
    let now = 1_700_000_000_000
    const store = memoryStore({ clock: () => now })
    const budgets = [{ scope: 'tenant' as const, maxTokens: 15, reserveTokens: 10 }]
    const [slow, other] = [0, 1].map(() => createSessions({ store, budgets }).for(alice))
    const gate = startGate()
    const turn = (await slow!.create()).turn('Hi', async function* () {
      await gate.opened
      yield { type: 'usage', inputTokens: 5 }
      yield 'late'
    })
    await turn.started
    now += 31_000
    const session = await other!.create()
    expect(await codeOf(session.turn('Hi', uses(3)).result)).toBe('settled')
    gate.open()
    await turn.result
    expect(await codeOf(session.turn('Hi', uses(1)).result)).toBe('budget_exceeded')
  })

  it.each([
    ['tokens, one each', { maxTokens: 2 }, 2],
    ['tokens', { maxTokens: 25, reserveTokens: 10 }, 2],
    ['money', { maxCostMicros: 25, reserveCostMicros: 10 }, 2],
    ['tokens and money, the scarcer of them', { maxTokens: 9, maxCostMicros: 19, reserveCostMicros: 10 }, 1],
  ])('puts aside what a running turn may use: %s', async (_, limits, most) => {
    const mine = service({ budgets: [{ scope: 'tenant', ...limits }] }).for(alice)
    const gate = startGate()
    const turns = []
    for (let n = 0; n < most + 1; n++) {
      const turn = (await mine.create()).turn('Hi', async () => {
        await gate.opened
        return 'ok'
      })
      turns.push(turn)
      await turn.started.catch(() => {})
    }
    expect(await codeOf(turns.at(-1)!.started)).toBe('budget_exceeded')
    gate.open()
    expect(await Promise.all(turns.slice(0, most).map(({ result }) => codeOf(result)))).toEqual(
      Array(most).fill('settled'),
    )
    // What was put aside and not used is free again.
    expect(await codeOf((await mine.create()).turn('Hi', uses(1)).result)).toBe('settled')
  })

  it('counts what was said and what was heard, and money on its own', async () => {
    const sessions = service({ budgets: [{ scope: 'tenant', maxTokens: 100, maxCostMicros: 10 }] })
    const session = await sessions.for(alice).create()
    const both: Respond = () => [{ type: 'usage', inputTokens: 40, outputTokens: 59 }, 'ok']
    expect(await codeOf(session.turn('Hi', both).result)).toBe('settled')
    expect(await codeOf(session.turn('Hi', uses(1, 10)).result)).toBe('settled')
    expect(await codeOf(session.turn('Hi', uses(0)).result)).toBe('budget_exceeded')
  })

  it('adds up what turns cost, to the last one that fits', async () => {
    const session = await service({ budgets: [{ scope: 'tenant', maxCostMicros: 10 }] })
      .for(alice)
      .create()
    for (const cost of [4, 6, 1])
      expect(await codeOf(session.turn('Hi', uses(0, cost)).result)).toBe('settled')
    expect(await codeOf(session.turn('Hi', uses(0)).result)).toBe('budget_exceeded')
  })

  it('keeps aside what a turn may use while others end', async () => {
    const budgets = [{ scope: 'tenant' as const, maxCostMicros: 10, reserveCostMicros: 5 }]
    const mine = service({ budgets }).for(alice)
    const gates = [startGate(), startGate()]
    const running = await Promise.all(
      gates.map(async ({ opened }) => {
        const turn = (await mine.create()).turn('Hi', () => opened.then(() => 'ok'))
        await turn.started
        return turn
      }),
    )
    gates[0]!.open()
    await running[0]!.result
    const third = (await mine.create()).turn('Hi', () => gates[1]!.opened.then(() => 'ok'))
    await third.started
    expect(await codeOf((await mine.create()).turn('Hi', uses(0)).result)).toBe('budget_exceeded')
    gates[1]!.open()
    await Promise.all([running[1]!.result, third.result])
  })

  it('of the holder of an anonymous session is another one than that of the session', async () => {
    const store = memoryStore()
    const budgets = [
      { scope: 'user' as const, maxTokens: 10, reserveTokens: 10 },
      { scope: 'session' as const, maxTokens: 10, reserveTokens: 10 },
    ]
    const session = await service({ store, budgets }).for(anonymous).create()
    expect(await codeOf(session.turn('Hi', uses(1)).result)).toBe('settled')
    const { items } = await store.list({ tenantId: sideRecordTenant('budgets', 'acme'), limit: 10 })
    expect(items).toHaveLength(2)
  })

  it('keeps nothing aside in one where another is spent, and says which', async () => {
    const store = memoryStore()
    const budgets = [
      { scope: 'user' as const, maxTokens: 10, reserveTokens: 10 },
      { scope: 'session' as const, maxTokens: 1 },
    ]
    const mine = service({ store, budgets }).for(alice)
    const spent = await mine.create()
    expect(await codeOf(spent.turn('Hi', uses(1)).result)).toBe('settled')
    const later = service({ store, budgets: [{ ...budgets[0]!, maxTokens: 11 }, budgets[1]!] }).for(alice)
    await expect((await later.get(spent.id)).turn('Hi', uses(1)).result).rejects.toMatchObject({
      code: 'budget_exceeded',
      path: 'session',
      message: 'The budget of this session is spent.',
    })
    expect(await codeOf((await later.create()).turn('Hi', uses(1)).result)).toBe('settled')
  })

  it('of a window begins anew with the next one, and shares nothing with the budget of another window', async () => {
    let now = 1_700_000_000_000
    vi.spyOn(Date, 'now').mockImplementation(() => now)
    const store = memoryStore({ clock: () => now })
    const within = (windowMs: number) => [{ scope: 'user' as const, maxTokens: 10, windowMs }]
    const minutes = service({ store, budgets: within(60_000) })
    const ask = async (sessions: typeof minutes) =>
      codeOf((await sessions.for(alice).create()).turn('Hi', uses(10)).result)
    now = Math.ceil(now / 3_600_000) * 3_600_000
    expect(await ask(minutes)).toBe('settled')
    now += 59_999
    expect(await ask(minutes)).toBe('budget_exceeded')
    expect(await ask(service({ store, budgets: within(3_600_000) }))).toBe('settled')
    now += 1
    expect(await ask(minutes)).toBe('settled')
    vi.restoreAllMocks()
    const { items } = await store.list({ tenantId: sideRecordTenant('budgets', 'acme'), limit: 10 })
    expect(items).toHaveLength(3)
    const kept = items.map(({ expiresAt, updatedAt }) => expiresAt! - updatedAt).toSorted((a, b) => a - b)
    // Two windows, and a day for clocks that do not agree.
    expect(kept).toEqual([86_400_000 + 120_000, 86_400_000 + 120_000, 86_400_000 + 7_200_000])
  })

  it('keeps what a user has spent under the user, and what a line of sessions has under its first', async () => {
    const store = memoryStore()
    const budgets = (['user', 'session', 'tenant'] as const).map((scope) => ({ scope, maxTokens: 100 }))
    const mine = service({ store, budgets, ttl: { absoluteMs: 5_000_000 } }).for(alice)
    const session = await mine.create()
    const fork = await mine.fork(session)
    for (const each of [session, fork]) await each.turn('Hi', uses(1)).result
    const { items } = await store.list({ tenantId: sideRecordTenant('budgets', 'acme'), limit: 10 })
    const whose = items.map(({ userId, label }) => `${userId ?? 'nobody'} ${label ?? 'no session'}`)
    expect(whose.toSorted()).toEqual(
      ['alice no session', `nobody ${session.id}`, 'nobody no session'].toSorted(),
    )
    for (const { expiresAt, updatedAt } of items) expect(expiresAt! - updatedAt).toBe(5_000_000)
  })
})

it('a budget that is spent leaves a draft one, and one that only dead turns hold does not', async () => {
  let now = 1_000_000
  const store = memoryStore({ clock: () => now })
  const halting = haltingStore(store)
  const budgets = [{ scope: 'tenant' as const, maxTokens: 100, reserveTokens: 60 }]
  const doomed = await createSessions({ store: halting.store, budgets }).for(alice).create()
  await doomed.turn('Hi', () => new Promise(() => {})).started
  halting.kill()
  const mine = createSessions({ store, budgets }).for(alice)
  const refused = mine.draft()
  expect(await codeOf(refused.turn('Hi', uses(1)).result)).toBe('budget_exceeded')
  expect(refused.isStored).toBe(false)
  now += 31_000
  expect(await codeOf(refused.turn('Hi', uses(1)).result)).toBe('settled')
  expect(refused.isStored).toBe(true)
  expect((await mine.list()).items.map(({ id }) => id).toSorted()).toEqual([doomed.id, refused.id].toSorted())
})

it('turns that begin at once on a spent budget ask once for the turns that have reserved it', async () => {
  const inner = memoryStore()
  let asked = 0
  let looked = 0
  const store: SessionStore = {
    ...inner,
    async read(ref, options) {
      if (ref.tenantId === sideRecordTenant('turns', 'acme')) asked++
      if (ref.tenantId === sideRecordTenant('budgets', 'acme')) looked++
      return inner.read(ref, options)
    },
  }
  const budgets = [{ scope: 'tenant' as const, maxTokens: 20, reserveTokens: 10 }]
  const sessions = createSessions({ store, budgets })
  const made = await Promise.all(Array.from({ length: 52 }, async () => sessions.for(alice).create()))
  const gate = startGate()
  const running = made
    .slice(0, 2)
    .map((session) => session.turn('Hi', async () => gate.opened.then(() => 'ok')))
  for (const turn of running) await turn.started
  asked = 0
  looked = 0
  const codes = await Promise.all(
    made.slice(2).map(async (session) => codeOf(session.turn('Hi', uses(1)).result)),
  )
  expect(new Set(codes)).toEqual(new Set(['budget_exceeded']))
  // Those that look at the ledger together ask once for the two that it names; a busy process lets few of them look together.
  expect(asked).toBeLessThanOrEqual(2 * looked)
  gate.open()
  await Promise.all(running.map(async (turn) => turn.result))
})
