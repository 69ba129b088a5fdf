import { describe, expect, it } from 'vitest'
import {
  createSessions,
  memoryStore,
  type Respond,
  SessionError,
  type SessionStore,
} from '../../src/index.js'
import { alice, anonymous, bob, codeOf, service } from '../service.js'
import { haltingStore } from '../../src/testing/halting-store.js'

const uses =
  (inputTokens: number, costMicros = 0): Respond =>
  () => [{ type: 'usage', inputTokens, costMicros }, 'ok']

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
})
