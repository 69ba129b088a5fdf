import { expect, it } from 'vitest'
import { createSessions, memoryStore, type Respond } from '../../src/index.js'
import { haltingStore } from '../../src/testing/halting-store.js'
import { alice, codeOf, startGate } from '../service.js'
import { all } from './turns.js'

const uses =
  (inputTokens: number): Respond =>
  () => [{ type: 'usage', inputTokens }, 'ok']

/** A session with a turn that has used 60 tokens of 100, and says no more until `open`; `pass` makes it look dead. */
async function place() {
  let now = 1_700_000_000_000
  const store = memoryStore({ clock: () => now })
  const { store: dying, kill } = haltingStore(store)
  const budgets = [
    { scope: 'tenant' as const, maxTokens: 100, reserveTokens: 20 },
    { scope: 'session' as const, maxTokens: 1000, maxCostMicros: 100 },
  ]
  const settings = {
    budgets,
    turns: { flushMs: 5, heartbeatMs: 3_600_000, leaseMs: 30_000 },
    onWarning: () => {},
  }
  const gate = startGate()
  const turn = (
    await createSessions({ store: dying, ...settings })
      .for(alice)
      .open('one')
  ).turn('Hi', async function* () {
    yield { type: 'usage', inputTokens: 60, costMicros: 70 }
    yield 'half'
    await gate.opened
    yield { type: 'usage', inputTokens: 10 }
  })
  const { turnId } = await turn.started
  const session = await createSessions({ store, ...settings })
    .for(alice)
    .open('one')
  // What it has said is in the store.
  for await (const { type } of session.watchTurn(turnId)) if (type === 'text') break
  const ask = (tokens: number) => codeOf(session.turn('And now', uses(tokens)).result)
  return { turn, session, ask, kill, pass: () => (now += 31_000), open: gate.open }
}

it('what a turn has used counts in budgets when its process dies', async () => {
  const { session, ask, kill, pass } = await place()
  kill()
  expect(await ask(1)).toBe('turn_in_progress')
  pass()
  // 60 are spent, and nothing is reserved any more.
  expect(await ask(21)).toBe('settled')
  expect(await ask(1)).toBe('budget_exceeded')
  expect(
    await all(session.turn('Again', uses(1)).events()).catch((error: { path: string }) => error.path),
  ).toBe('tenant')
})

it('and counts once when the process was only slow, with what it has used since', async () => {
  const { turn, ask, pass, open } = await place()
  pass()
  expect(await ask(5)).toBe('settled')
  open()
  expect(await codeOf(turn.result)).toBe('turn_lost')
  // 75 are spent.
  expect(await ask(6)).toBe('settled')
  expect(await ask(1)).toBe('budget_exceeded')
})
