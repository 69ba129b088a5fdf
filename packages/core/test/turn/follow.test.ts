import { getEventListeners } from 'node:events'
import { afterEach, expect, it, vi } from 'vitest'
import {
  createSessions,
  memoryStore,
  type Respond,
  SessionError,
  type SessionStore,
} from '../../src/index.js'
import { until } from '../../src/testing/until.js'
import { handClock } from '../hand-clock.js'
import { alice, codeOf } from '../service.js'
import { all, echo, gated, lines } from './turns.js'
import { place, turns } from './two-processes.js'

afterEach(() => void vi.restoreAllMocks())

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
