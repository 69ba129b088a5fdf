import { expect, it } from 'vitest'
import {
  createSessions,
  memoryStore,
  SessionError,
  type SessionStore,
  type TurnBudget,
} from '../../src/index.js'
import { alice, codeOf, startGate } from '../service.js'

const full: TurnBudget = { scope: 'tenant', maxTokens: 10, reserveTokens: 10 }

/** Sessions of processes over one store; `pass` moves its clock. */
function place(budget: TurnBudget, over: (store: SessionStore) => SessionStore = (store) => store) {
  let now = 1_700_000_000_000
  const store = over(memoryStore({ clock: () => now }))
  const create = (isKept: boolean) =>
    createSessions({
      store,
      budgets: [budget],
      consent: { unsaid: { storage: isKept } },
      credentialSecrets: ['a secret that all processes know, and nobody else'],
      turns: { heartbeatMs: 3_600_000 },
    })
      .for(alice)
      .create()
  const ask = async (isKept: boolean, inputTokens = 0) => {
    const session = await create(isKept)
    return codeOf(session.turn('Hi', () => [{ type: 'usage', inputTokens }, 'ok']).result)
  }
  return { create, ask, pass: (ms: number) => (now += ms) }
}

it.each([
  [true, false],
  [false, true],
  [false, false],
])(
  'a turn keeps what it has reserved: kept %s, while another begins, kept %s',
  async (isKept, isOtherKept) => {
    const { create, ask } = place(full)
    const gate = startGate()
    const turn = (await create(isKept)).turn('Hi', async function* () {
      yield 'half'
      await gate.opened
      yield { type: 'usage', inputTokens: 10 }
    })
    await turn.started
    expect(await ask(isOtherKept)).toBe('budget_exceeded')
    gate.open()
    await turn.result
    expect(await ask(isOtherKept)).toBe('budget_exceeded')
  },
)

it('and without a sign of life no longer than events are kept', async () => {
  const { create, ask, pass } = place(full)
  const gate = startGate()
  const turn = (await create(false)).turn('Hi', async () => {
    await gate.opened
    return 'ok'
  })
  await turn.started
  pass(599_000)
  expect(await ask(true)).toBe('budget_exceeded')
  pass(2000)
  expect(await ask(true)).toBe('settled')
  gate.open()
  await turn.result
})

it('spends from the window of the store’s clock where the session is kept nowhere', async () => {
  const { ask } = place({ scope: 'tenant', maxTokens: 10, windowMs: 3_600_000 })
  expect(await ask(true, 10)).toBe('settled')
  expect(await ask(false)).toBe('budget_exceeded')
})

it('keeps nothing aside for a turn that has not begun, as the store said that it was away, and had stored it', async () => {
  let isAway = false
  const { ask } = place(full, (inner) => ({
    ...inner,
    async commit(ref, change) {
      const committed = await inner.commit(ref, change)
      if (isAway && ref.tenantId === '~budgets:acme') throw new SessionError('unavailable', 'away')
      return committed
    },
  }))
  for (const isKept of [false, true]) {
    isAway = true
    expect(await ask(isKept)).toBe('unavailable')
    isAway = false
    expect(await ask(true)).toBe('settled')
  }
})
