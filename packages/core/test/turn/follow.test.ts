import { getEventListeners } from 'node:events'
import { afterEach, expect, it, vi } from 'vitest'
import {
  createSessions,
  memoryStore,
  type Respond,
  SessionError,
  type SessionStore,
  type TurnEvent,
} from '../../src/index.js'
import { haltingStore } from '../../src/testing/halting-store.js'
import { until } from '../../src/testing/until.js'
import { handClock } from '../hand-clock.js'
import { alice, codeOf } from '../service.js'
import { all, echo, gated, lines } from './turns.js'

afterEach(() => void vi.restoreAllMocks())

const turns = { flushMs: 5, heartbeatMs: 10, leaseMs: 30_000 }

/** Two processes over one store, whose clock the test moves; the first one may be killed. */
async function place() {
  let now = 1_700_000_000_000
  const store = memoryStore({ clock: () => now })
  const { store: dying, kill } = haltingStore(store)
  const open = (over: SessionStore) =>
    createSessions({ store: over, turns, onWarning: () => {} })
      .for(alice)
      .open('one')
  const [one, two] = [await open(dying), await open(store)]
  const logged = async (turnId: string) =>
    (
      await store.messages({ tenantId: '~turns:acme', id: turnId }, { after: 0, limit: 100 })
    ).messages.flatMap(({ payload }) => JSON.parse(payload) as TurnEvent[])
  return { store, one, two, kill, open, logged, pass: (ms: number) => void (now += ms) }
}

it('refuses what names no turn of the session', async () => {
  const { one, two, open, store } = await place()
  const { turnId } = await one.turn('Hi', echo).result
  const other = await createSessions({ store }).for(alice).create()
  const unknown = { code: 'not_found', path: 'turnId', message: 'There is no such turn.' }
  for (const [session, id, after, expected] of [
    [two, 'unknown', 0, unknown],
    [other, turnId, 0, unknown],
    [two, 7, 0, { code: 'invalid', path: 'turnId', message: 'turnId must be a text' }],
    [two, turnId, -1, { code: 'invalid', path: 'after' }],
  ] as const)
    await expect(all(session.watchTurn(id as string, after))).rejects.toMatchObject(expected)
  // Nor does another session of its own process tell of a turn that runs.
  const { respond, begun, open: goOn } = gated('Hello')
  const running = one.turn('and', respond)
  await begun
  const id = (await running.started).turnId
  const beside = await createSessions({ store, turns }).for(alice).create()
  await expect(all(beside.watchTurn(id))).rejects.toMatchObject(unknown)
  goOn()
  await running.result
  expect(await codeOf(all((await open(store)).watchTurn(id)))).toBe('settled')
})

it('tells what there is from a number on, and of a process that dies that it did', async () => {
  const { one, two, kill, pass, logged } = await place()
  const { respond, begun } = gated('Hello')
  const turn = one.turn('Hi', respond)
  await begun
  const { turnId } = await turn.started
  await until(async () => (await logged(turnId)).length === 2)
  const [whole, rest] = [0, 1].map((after) => all(two.watchTurn(turnId, after)))
  // It lives, however often somebody looks.
  await new Promise((resolve) => setTimeout(resolve, 100))
  kill()
  pass(31_000)
  const events = await whole!
  expect(events.map(({ n, type }) => `${n} ${type}`)).toEqual(['1 started', '2 text', '3 aborted'])
  expect(await rest).toEqual(events.slice(1))
  expect(events[2]).toMatchObject({ from: 2, to: 2, reason: 'lost' })
  expect(await lines(two)).toEqual(['user: Hi (completed)', 'assistant: He (aborted)'])
  expect(await two.currentTurn()).toBeUndefined()
})

/** A turn whose reply is stored, and whose process died before it could say so. */
async function unsaid(respond: Respond) {
  const there = await place()
  const { one, store, kill, logged } = there
  await one.turn('before', echo).result
  const turn = one.turn({ id: 'm', content: 'Hi' }, async (context) => {
    await until(async () => (await logged(context.turnId)).length > 0)
    return respond(context) as string
  })
  const { turnId } = await turn.started
  await until(async () => (await store.read(one.ref))!.record.lastSeq === 4)
  kill()
  // What it has written all the same is as if it had not.
  const ref = { tenantId: '~turns:acme', id: turnId }
  const kept = (await logged(turnId)).filter(({ type }) => type === 'started')
  await store.remove(ref)
  await store.commit(ref, {
    body: JSON.stringify({ sessionId: 'one' }),
    revision: 0,
    messages: [{ id: '1', payload: JSON.stringify(kept) }],
  })
  return { ...there, turnId }
}
const noUsage = { inputTokens: 0, outputTokens: 0, costMicros: 0 }

it.each<[Respond, object]>([
  [() => ['Hi', { type: 'finish', finishReason: 'stop' }], { type: 'completed', finishReason: 'stop' }],
  [
    () => Promise.reject(new Error('down')),
    { type: 'failed', code: 'model_failed', message: 'The model failed.' },
  ],
])(
  'tells how it ended where its process died before it could: by what it stored',
  async (respond, expected) => {
    const { two, turnId } = await unsaid(respond)
    const end = { n: 2, from: 4, to: 4, usage: noUsage, ...expected }
    expect((await all(two.watchTurn(turnId))).at(-1)).toStrictEqual(end)
    // Also when so many turns came after it that the session has forgotten where it was.
    for (let n = 0; n < 9; n++) await two.turn(`${n}`, echo).result
    expect((await all(two.watchTurn(turnId))).at(-1)).toStrictEqual(end)
  },
)

it('tells of no end where nobody can read it, or the conversation has left it behind', async () => {
  const { two, turnId, store } = await unsaid(() => 'Hi')
  const { record } = (await store.read(two.ref))!
  const { incarnation, changes } = record
  expect(await store.amend(two.ref, [{ seq: 4, payload: 'broken' }], { incarnation, changes })).toBe(1)
  expect((await all(two.watchTurn(turnId))).at(-1)).toMatchObject({ n: 2, type: 'aborted', from: 4, to: 4 })
  const again = await two.turn({ id: 'm', content: 'Hi' }, () => expect.fail('asked')).result
  expect(again).toMatchObject({ status: 'failed', replayed: true, turnId: '', usage: noUsage })
  const left = await place()
  const { respond, begun } = gated('Hello')
  const turn = left.one.turn('Hi', respond)
  await begun
  const { turnId: id } = await turn.started
  await until(async () => (await left.logged(id)).length === 2)
  left.kill()
  await left.two.rewind(0)
  expect((await all(left.two.watchTurn(id))).at(-1)).toEqual({
    n: 3,
    type: 'aborted',
    from: 0,
    to: 0,
    usage: noUsage,
    reason: 'lost',
  })
})

it('follows the turn of its key, stops it, and says when its process is dead', async () => {
  for (const end of ['stopped', 'dead'] as const) {
    const { one, two, kill, pass } = await place()
    const { respond, begun } = gated('Hello')
    const ask = (session: typeof one, answer: Respond) => session.turn('Hi', answer, { key: 'k' })
    const first = ask(one, respond)
    await begun
    const again = ask(two, () => expect.fail('asked'))
    expect(await again.started).toEqual(await first.started)
    if (end === 'stopped') {
      await again.cancel('interrupted')
      expect(await again.result).toMatchObject({ status: 'aborted', reason: 'interrupted', replayed: true })
      expect((await all(again.events(1))).map(({ type }) => type)).toEqual(['text', 'aborted'])
      continue
    }
    kill()
    pass(31_000)
    await expect(again.result).rejects.toMatchObject({
      code: 'turn_lost',
      message: 'The process that ran the turn has ended. Send the message again.',
      retryAfterMs: 1,
    })
    expect((await ask(two, () => 'anew').result).text).toBe('anew')
  }
})

it('finds the reply of the turn that it follows, also under another id than it was to have', async () => {
  const { one, two } = await place()
  await one.turn('before', echo).result
  await one.append({ id: 'm.r2', role: 'user', content: 'a note' })
  const { respond, begun, open } = gated('Hello')
  const first = one.turn({ id: 'm', content: 'Hi' }, respond)
  await begun
  const again = two.turn({ id: 'm', content: 'Hi' }, () => expect.fail('asked'))
  expect((await again.started).replyId).toBe('m.r2')
  open()
  const { reply } = await first.result
  expect(reply.id).toMatch(/^m\.r2\d+$/)
  expect((await again.result).reply).toEqual(reply)
})

it('is stopped with all sessions of a user who is erased, and no other turn of its process', async () => {
  const sessions = createSessions({
    store: memoryStore(),
    turns: { flushMs: 3_600_000, heartbeatMs: 3_600_000 },
    credentialSecrets: ['a secret that only these tests may know'],
    onWarning: () => {},
  })
  const running = await Promise.all(
    [alice, { ...alice, tenantId: 'other' }, { ...alice, userId: 'bob' }].map(async (who, n) => {
      const session = await sessions.for(who).create({ id: n === 2 ? 'two' : 'one' })
      const { respond, begun, open } = gated('Hello')
      const signals: AbortSignal[] = []
      const turn = session.turn('Hi', (context) => (signals.push(context.signal), respond(context)))
      await begun
      return { turn, open, signals }
    }),
  )
  await sessions.privacy.erase({ ...alice, by: 'operator', reason: 'asked' })
  expect(running.map(({ signals }) => signals[0]!.aborted)).toEqual([true, false, false])
  for (const { open } of running) open()
  await codeOf(running[0]!.turn.result)
  for (const { turn } of running.slice(1)) expect((await turn.result).status).toBe('completed')
})

it('has a message wait for a turn of another process as long as it may', async () => {
  const { one, store } = await place()
  const two = await createSessions({ store, turns: { ...turns, queueMs: 60 } })
    .for(alice)
    .get('one')
  const { respond, begun, open: goOn } = gated('Hello')
  const turn = one.turn('Hi', respond)
  await begun
  expect(await codeOf(two.turn('Ho', () => expect.fail('asked'), { policy: 'queue' }).result)).toBe(
    'turn_in_progress',
  )
  goOn()
  expect((await turn.result).status).toBe('completed')
  expect((await two.turn('Ho', echo, { policy: 'queue' }).result).text).toBe('You said Ho')
})

it('has a message wait for a turn of a process that dies, and takes it back when nobody waits for it', async () => {
  const { one, two, kill, pass, logged } = await place()
  const { respond, begun } = gated('Hello')
  const turn = one.turn('Hi', respond)
  await begun
  await until(async () => (await logged((await turn.started).turnId)).length === 2)
  const withdrawn = new AbortController()
  const taken = two.turn('no', echo, { policy: 'queue', signal: withdrawn.signal })
  const waiting = two.turn('Ho', echo, { policy: 'queue' })
  withdrawn.abort()
  await expect(taken.result).rejects.toMatchObject({
    code: 'turn_lost',
    message: 'The message was withdrawn before its turn began.',
  })
  kill()
  pass(31_000)
  expect((await waiting.result).text).toBe('You said Ho')
  expect(await lines(two)).toEqual([
    'user: Hi (completed)',
    'assistant: He (aborted)',
    'user: Ho (completed)',
    'assistant: You said Ho (completed)',
  ])
})

it('is cancelled from another process, and ended there if its own is dead, or nothing is left of it', async () => {
  for (const end of ['lives', 'is dead', 'is forgotten'] as const) {
    const { one, two, store, kill, pass } = await place()
    const { respond, begun } = gated('Hello')
    const turn = one.turn('Hi', respond)
    await begun
    const { turnId } = await turn.started
    if (end !== 'lives') kill()
    if (end === 'is dead') pass(31_000)
    if (end === 'is forgotten') await store.remove({ tenantId: '~turns:acme', id: turnId })
    expect(await two.cancel()).toBe(turnId)
    await until(async () => (await two.currentTurn()) === undefined)
    const [, reply] = (await two.history()).messages
    const reason = end === 'lives' ? 'cancelled' : 'lost'
    expect(reply).toMatchObject({ status: 'aborted', metadata: { turn: { id: turnId, reason } } })
    expect(await two.cancel()).toBeUndefined()
  }
})

it('does not take a turn for dead while the store does not answer', async () => {
  const { one, store, logged } = await place()
  const { respond, begun, open: goOn } = gated('Hello')
  const turn = one.turn('Hi', respond)
  await begun
  const { turnId } = await turn.started
  await until(async () => (await logged(turnId)).length === 2)
  let isAway = false
  const away: SessionStore = {
    ...store,
    read: async (ref, options) => {
      if (isAway && ref.tenantId === '~turns:acme') throw new SessionError('unavailable', 'away')
      return store.read(ref, options)
    },
  }
  const two = await createSessions({ store: away, turns }).for(alice).open('one')
  isAway = true
  expect(await codeOf(two.turn('Ho', echo).result)).toBe('unavailable')
  expect(await codeOf(two.cancel())).toBe('unavailable')
  isAway = false
  expect(await two.currentTurn()).toBe(turnId)
  goOn()
  expect((await turn.result).text).toBe('Hello')
})

it('asks nobody about a turn of its own process: it lives, tells and stops at once', async () => {
  let now = 1_700_000_000_000
  const store = memoryStore({ clock: () => now })
  const rare = { flushMs: 3_600_000, heartbeatMs: 3_600_000, leaseMs: 30_000 }
  const session = await createSessions({ store, turns: rare }).for(alice).open('one')
  const { respond, begun } = gated('Hello')
  const turn = session.turn('Hi', respond)
  await begun
  now += 31_000
  expect(await codeOf(session.turn('Ho', echo).result)).toBe('turn_in_progress')
  const caller = new AbortController()
  const waiting = session.turn('Ho', echo, { policy: 'queue', signal: caller.signal })
  const { turnId } = await turn.started
  const watched = session.watchTurn(turnId)
  expect([(await watched.next()).value, (await watched.next()).value]).toMatchObject([
    { type: 'started' },
    { type: 'text', text: 'He' },
  ])
  expect(await session.cancel()).toBe(turnId)
  expect((await watched.next()).value).toMatchObject({ type: 'aborted', reason: 'cancelled' })
  expect((await waiting.result).text).toBe('You said Ho')
  expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0)
})

it('looks at a turn of another process less and less often, and sometimes whether it lives', async () => {
  const { one, store } = await place()
  const looks = { session: 0, log: 0, alive: 0 }
  const counted: SessionStore = {
    ...store,
    read: async (ref, options) => {
      if (ref.tenantId === 'acme') looks.session++
      return store.read(ref, options)
    },
    messages: async (ref, query) => {
      if (ref.tenantId === '~turns:acme') looks.log++
      return store.messages(ref, query)
    },
    commit: async (ref, change) => {
      if (ref.tenantId === '~clock:acme') looks.alive++
      return store.commit(ref, change)
    },
  }
  const { respond, begun, open: goOn } = gated('Hello')
  const turn = one.turn('Hi', respond)
  await begun
  const { turnId } = await turn.started
  const two = await createSessions({ store: counted, turns: { ...turns, heartbeatMs: 400 } })
    .for(alice)
    .get('one')
  const clock = handClock(20)
  const caller = new AbortController()
  for (const what of ['wait', 'watch'] as const) {
    Object.assign(looks, { session: 0, log: 0, alive: 0 })
    const ended =
      what === 'wait'
        ? codeOf(two.turn('Ho', echo, { policy: 'queue', signal: caller.signal }).result)
        : codeOf(all(two.watchTurn(turnId)))
    await until(async () => clock.waiting > 0)
    await clock.advance(4000)
    const often = what === 'wait' ? looks.session : looks.log
    // About 14 looks, and one in 1.2 s whether it lives; the machine's own time is added to that of the test.
    const { alive } = looks
    expect([what, often > 10 && often < 22, alive > 1 && alive < 9]).toEqual([what, true, true])
    if (what === 'wait') {
      caller.abort()
      expect(await ended).toBe('turn_lost')
      expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0)
    } else {
      goOn()
      await clock.advance(1000)
      expect(await ended).toBe('settled')
    }
  }
  await turn.result
})
