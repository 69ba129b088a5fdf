import { expect, it } from 'vitest'
import { createSessions, memoryStore, SessionError, type SessionStore } from '../../src/index.js'
import { alice, codeOf, startGate } from '../service.js'
import { uses } from './turns.js'

/** Turns of many sessions at once, over a store that counts the writes of budgets, and which of them lost a race. */
async function scene(maxTokens: number, before: (write: number) => void = () => {}) {
  const inner = memoryStore()
  const all = startGate()
  let begun = 0
  const counts = { writes: 0, races: 0 }
  const store: SessionStore = {
    ...inner,
    async commit(ref, change) {
      // Each turn makes its log before it asks for its share.
      if (ref.tenantId === '~turns:acme' && change.revision === 0 && ++begun === 60) all.open()
      if (ref.tenantId !== '~budgets:acme') return inner.commit(ref, change)
      before(++counts.writes)
      await all.opened
      try {
        return await inner.commit(ref, change)
      } catch (error) {
        counts.races++
        throw error
      }
    },
  }
  const budgets = [{ scope: 'tenant' as const, maxTokens, reserveTokens: 10 }]
  const mine = createSessions({ store, budgets, onWarning: () => {} }).for(alice)
  const sessions = await Promise.all(Array.from({ length: 60 }, () => mine.create()))
  const turns = Promise.all(sessions.map(async (session) => codeOf(session.turn('Hi', uses(10)).result)))
  return { counts, codes: await turns }
}

it('turns of one process at the same moment do not race for their budget', async () => {
  const { codes, counts } = await scene(600)
  expect(codes.filter((code) => code === 'settled')).toHaveLength(60)
  expect(counts.races).toBe(0)
  // Each turn would make two on its own. All but the first waited for it.
  expect(counts.writes).toBeLessThan(90)
})

it('one that is refused refuses no other that waits with it', async () => {
  const { codes, counts } = await scene(50)
  expect(codes.filter((code) => code === 'settled')).toHaveLength(5)
  expect(codes.filter((code) => code === 'budget_exceeded')).toHaveLength(55)
  expect(counts.races).toBe(0)
})

it('those that wait for a budget that cannot be reached are all told, and the next ones are not', async () => {
  let isAway = true
  const away = (write: number): void => {
    if (!isAway || write > 1) return
    isAway = false
    throw new SessionError('unavailable', 'away')
  }
  const { codes } = await scene(10_000, away)
  const failed = codes.filter((code) => code === 'unavailable').length
  expect(failed).toBeGreaterThan(0)
  expect(codes.filter((code) => code === 'settled')).toHaveLength(60 - failed)
})
