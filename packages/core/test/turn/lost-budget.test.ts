import { expect, it, vi } from 'vitest'
import {
  createSessions,
  memoryStore,
  type Respond,
  SessionError,
  type SessionsOptions,
  type SessionStore,
} from '../../src/index.js'
import { haltingStore } from '../../src/testing/halting-store.js'
import { alice, codeOf, startGate } from '../service.js'
import { all, uses } from './turns.js'

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
  return { store, settings, turn, session, ask, kill, pass: () => (now += 31_000), open: gate.open }
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

/** Asks in another session of the user, in a process of its own. */
async function askElsewhere(store: SessionStore, settings: SessionsOptions) {
  const other = await createSessions({ store, ...settings })
    .for(alice)
    .open('two')
  return (tokens: number) => codeOf(other.turn('And now', uses(tokens)).result)
}

it('and counts when nobody asks anything in its session again', async () => {
  const { store, settings, kill, pass } = await place()
  kill()
  pass()
  const ask = await askElsewhere(store, settings)
  // 60 are spent, and 20 stay for this turn.
  expect(await ask(20)).toBe('settled')
  expect(await ask(20)).toBe('settled')
  expect(await ask(1)).toBe('budget_exceeded')
})

it.each([
  ['user', 0],
  ['assistant', -1],
] as const)('and counts whatever a message of a %s claims that it used: %i', async (role, inputTokens) => {
  const { store, settings, turn, session, kill, pass } = await place()
  const { turnId: id } = await turn.started
  await session.append({ role, content: 'me too', metadata: { turn: { id, usage: { inputTokens } } } })
  kill()
  pass()
  const ask = await askElsewhere(store, settings)
  expect(await ask(40)).toBe('settled')
  expect(await ask(1)).toBe('budget_exceeded')
})

it('and counts in its session once, when somebody asks there later', async () => {
  const { store, settings, ask, kill, pass } = await place()
  kill()
  pass()
  const other = await createSessions({ store, ...settings })
    .for(alice)
    .open('two')
  expect(await codeOf(other.turn('And now', uses(10)).result)).toBe('settled')
  expect(await ask(10)).toBe('settled')
  expect(await ask(20)).toBe('settled')
  expect(await ask(1)).toBe('budget_exceeded')
})

it('nothing that dead turns had put aside stays, however much room there is, and what lives does', async () => {
  let now = 1_700_000_000_000
  const store = memoryStore({ clock: () => now })
  const budgets = [{ scope: 'tenant' as const, maxTokens: 1_000_000, reserveTokens: 7 }]
  const settings = { budgets, turns: { leaseMs: 30_000 }, onWarning: () => {} }
  const gate = startGate()
  const begin = async (over: SessionStore) => {
    const turn = (
      await createSessions({ store: over, ...settings })
        .for(alice)
        .create()
    ).turn('Hi', async function* () {
      yield 'half'
      await gate.opened
    })
    await turn.started
    return turn
  }
  const { store: dying, kill } = haltingStore(store)
  for (let n = 0; n < 45; n++) await begin(dying)
  kill()
  now += 31_000
  const alive = await begin(store)
  const reserved = async () => {
    const stored = await store.read((await store.list({ tenantId: '~budgets:acme', limit: 1 })).items[0]!)
    return Object.keys((JSON.parse(stored!.body) as { reserved: object }).reserved).length
  }
  const mine = createSessions({ store, ...settings }).for(alice)
  for (let n = 0; n < 3; n++)
    expect(await codeOf((await mine.create()).turn('Hi', uses(1)).result)).toBe('settled')
  expect(await reserved()).toBe(1)
  gate.open()
  expect((await alive.result).status).toBe('completed')
  expect(await reserved()).toBe(0)
})

it('what a turn has used counts although the store was away when it ended', async () => {
  let now = 1_700_000_000_000
  const inner = memoryStore({ clock: () => now })
  let isAway = false
  const store: SessionStore = {
    ...inner,
    async commit(ref, change) {
      if (isAway && ref.tenantId === '~budgets:acme') throw new SessionError('unavailable', 'away')
      return inner.commit(ref, change)
    },
  }
  const warned: string[] = []
  const mine = createSessions({
    store,
    budgets: [{ scope: 'tenant', maxTokens: 100, reserveTokens: 20 }],
    onWarning: ({ code }) => warned.push(code),
  }).for(alice)
  const ask = async (respond: Respond) => codeOf((await mine.create()).turn('Hi', respond).result)
  const goesAway: Respond = function* () {
    yield { type: 'usage', inputTokens: 70 }
    isAway = true
    yield 'ok'
  }
  expect(await ask(goesAway)).toBe('settled')
  expect(warned).toEqual(['budget_unsettled'])
  isAway = false
  now += 31_000
  expect(await ask(uses(30))).toBe('settled')
  expect(await ask(uses(1))).toBe('budget_exceeded')
})

it('what a turn has used counts when its process dies between its reply and its budget', async () => {
  let now = 1_700_000_000_000
  const inner = memoryStore({ clock: () => now })
  const { store: halting, kill } = haltingStore(inner)
  const stored = startGate()
  const store: SessionStore = {
    ...halting,
    async commit(ref, change) {
      const committed = await halting.commit(ref, change)
      if (ref.tenantId === 'acme' && change.messages?.some(({ payload }) => payload.includes('"the end"'))) {
        kill()
        stored.open()
      }
      return committed
    },
  }
  const settings = {
    budgets: [{ scope: 'tenant' as const, maxTokens: 100, reserveTokens: 20 }],
    // Nothing of the turn is in its record.
    turns: { flushMs: 3_600_000 },
    onWarning: () => {},
  }
  const session = await createSessions({ store, ...settings })
    .for(alice)
    .open('one')
  void session.turn('Hi', () => [{ type: 'usage', inputTokens: 80 }, 'the end']).result.catch(() => {})
  await stored.opened
  now += 31_000
  const other = await createSessions({ store: inner, ...settings })
    .for(alice)
    .open('two')
  expect(await codeOf(other.turn('Hi', uses(20)).result)).toBe('settled')
  expect(await codeOf(other.turn('Hi', uses(1)).result)).toBe('budget_exceeded')
})

it('a damaged record of a turn that died keeps nobody from asking', async () => {
  const { store, settings, turn, kill, pass } = await place()
  const { turnId } = await turn.started
  kill()
  pass()
  const damaged: SessionStore = {
    ...store,
    async read(ref, options) {
      if (ref.id === turnId) throw new SessionError('corrupt', 'damaged')
      return store.read(ref, options)
    },
  }
  const mine = createSessions({ store: damaged, ...settings }).for(alice)
  for (const id of ['two', 'one'])
    expect(await codeOf((await mine.open(id)).turn('And now', uses(20)).result)).toBe('settled')
})

it('a ledger is written anew once for all that are dead in it, and not for each', async () => {
  const store = memoryStore()
  const budgets = [{ scope: 'tenant' as const, maxTokens: 100 }]
  const session = await createSessions({ store, budgets }).for(alice).create()
  expect(await codeOf(session.turn('Hi', uses(1)).result)).toBe('settled')
  const item = (await store.list({ tenantId: '~budgets:acme', limit: 1 })).items[0]!
  const { record, body } = (await store.read(item))!
  const dead = Array.from({ length: 300 }, (_, n) => [`dead ${n}`, { tokens: 1, costMicros: 0 }])
  const full = JSON.stringify({ ...JSON.parse(body), reserved: Object.fromEntries(dead) })
  await store.commit(item, { revision: record.revision, body: full })
  const made = vi.spyOn(Object, 'fromEntries')
  expect(await codeOf(session.turn('And now', uses(99)).result)).toBe('settled')
  expect(made.mock.calls.length).toBeLessThan(100)
  made.mockRestore()
  expect(await codeOf(session.turn('And now', uses(1)).result)).toBe('budget_exceeded')
})
