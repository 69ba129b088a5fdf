import { afterEach, expect, it, vi } from 'vitest'
import {
  memoryStore,
  type Respond,
  SessionError,
  type SessionErrorCode,
  type SessionEvent,
  type SessionStore,
  type SessionWarning,
} from '../../src/index.js'
import { type HandClock, handClock } from '../hand-clock.js'
import { alice, codeOf, service, startGate } from '../service.js'
import { all, echo, gated } from './turns.js'

afterEach(() => void vi.restoreAllMocks())

const credentialSecrets = ['a secret that only these tests may know']
const usage = { inputTokens: 7, outputTokens: 2, costMicros: 5 }
const said = { type: 'usage' as const, ...usage }

/** What is told of turns, without what every event says. */
const told = (events: readonly SessionEvent[]) =>
  events
    .filter(({ type }) => /^turn|^usage/.test(type))
    .map((event) => {
      const { id, at, tenantId, sessionId, ...others } = event
      expect([typeof id, typeof at, tenantId, typeof sessionId]).toEqual([
        'string',
        'number',
        'acme',
        'string',
      ])
      return others
    })

/** A session, and a clock of its process that the test moves; the store's stands still. */
async function place(options: object = {}) {
  const at = 1_700_000_000_000
  vi.spyOn(Date, 'now').mockImplementation(() => at)
  let ms = 1000
  vi.spyOn(performance, 'now').mockImplementation(() => ms)
  const warnings: SessionWarning[] = []
  const sessions = service({
    store: memoryStore({ clock: () => at }),
    credentialSecrets,
    onWarning: (warning) => warnings.push(warning),
    ...options,
  })
  return {
    sessions,
    session: await sessions.for(alice).create(),
    warnings,
    pass: (more: number) => (ms += more),
  }
}

it.each(['text', 'reasoning', 'tool-call'] as const)(
  'an answer: how long it took, till its first word too, which may be %s, and why it ended',
  async (type) => {
    const { sessions, session, pass } = await place({ usage: { currency: 'EUR' } })
    const word =
      type === 'tool-call' ? { type, toolCallId: 'c', toolName: 't', input: {} } : { type, text: 'Hi' }
    const turn = session.turn('Hello', async function* () {
      pass(20)
      yield said
      yield { type: 'source', url: 'https://a.test' }
      pass(30.4)
      yield word
      pass(400)
      yield { ...word, toolCallId: 'd' }
      yield { type: 'finish', finishReason: 'length' }
      pass(50)
    })
    const events = await all(turn)
    const { turnId, message, reply } = await turn.result
    expect(reply.metadata).toEqual({
      turn: {
        id: turnId,
        usage,
        incarnation: session.record.incarnation,
        durationMs: 500,
        firstTokenMs: 50,
        finishReason: 'length',
      },
      sources: [{ url: 'https://a.test' }],
    })
    expect(events.at(-1)).toEqual({ n: 7, type: 'completed', from: 2, to: 2, usage, finishReason: 'length' })
    const actor = { userId: 'alice' }
    const about = { userId: 'alice', actor, turnId }
    expect(told(sessions.events)).toEqual([
      { type: 'turn.started', ...about, messageId: message.id },
      { type: 'turn.completed', ...about, durationMs: 500 },
      { type: 'usage.recorded', ...about, outcome: 'completed', ...usage },
    ])
    expect(await sessions.usage({ tenantId: 'acme' })).toMatchObject({ total: { inputTokens: 7 } })
  },
)

it('one that said nothing, and one that was stopped, for the reason that was given', async () => {
  const { sessions, session } = await place()
  const turn = session.turn('Hello', () => [])
  expect((await all(turn)).at(-1)).toEqual({ n: 2, type: 'completed', from: 2, to: 2, usage: noUsage })
  const { reply, ...result } = await turn.result
  const { turnId } = result
  expect(reply.metadata).toEqual({ turn: { id: turnId, usage: noUsage, durationMs: 0 } })
  expect(Object.keys(result).toSorted()).toEqual(
    'message replayed replies reused status text turnId usage'.split(' '),
  )
  const { respond, begun } = gated('Hello')
  const stopped = session.turn('again', respond)
  await begun
  await stopped.cancel('interrupted')
  expect((await all(stopped)).at(-1)).toEqual({
    n: 3,
    type: 'aborted',
    from: 4,
    to: 4,
    usage: noUsage,
    reason: 'interrupted',
  })
  expect(told(sessions.events).slice(-2)).toMatchObject([
    { type: 'turn.aborted', turnId: (await stopped.started).turnId, reason: 'interrupted' },
    { type: 'usage.recorded', outcome: 'aborted' },
  ])
  expect((await stopped.result).reply.metadata!['turn']).toMatchObject({ reason: 'interrupted' })
})

const noUsage = { inputTokens: 0, outputTokens: 0, costMicros: 0 }

it('one that failed: what the application is told of, and what callers are', async () => {
  const { session, warnings } = await place()
  for (const [failure, code, error, warned] of [
    [new Error('secret'), 'model_failed', 'The model failed.', ''],
    [new SessionError('invalid', 'in words'), 'model_failed', 'The model failed.', ' in words'],
    ...(['model_failed', 'too_large', 'limit_reached', 'budget_exceeded', 'redaction_failed'] as const).map(
      (code) => [new SessionError(code, `no ${code}`), code, `no ${code}`, ` no ${code}`] as const,
    ),
  ] as const) {
    const turn = session.turn('Hello', () => Promise.reject(failure))
    expect((await all(turn)).at(-1)).toMatchObject({ type: 'failed', code, message: error, usage: noUsage })
    const { reply, cause } = await turn.result
    expect(cause).toBe(failure)
    expect(reply.metadata!['turn']).toMatchObject({ code, error })
    expect(warnings.splice(0)).toEqual([
      {
        code: 'respond_failed',
        message: `A turn failed: respond threw, or gave something invalid.${warned}`,
        cause: failure,
      },
    ])
  }
})

/** A store that refuses, as the test says, what holds an answer. */
function refusing(refuse: () => SessionError | undefined) {
  const inner = memoryStore()
  const store: SessionStore = {
    ...inner,
    commit: async (ref, change) => {
      const isReply =
        ref.tenantId === 'acme' && change.messages?.some(({ payload }) => payload.includes('assistant'))
      const refused = isReply === true ? refuse() : undefined
      if (refused !== undefined) throw refused
      return inner.commit(ref, change)
    },
  }
  return store
}

it('one that the store refuses, and one that it does not take in time', async () => {
  const warnings: SessionWarning[] = []
  let refused: SessionError | undefined
  const sessions = service({
    store: refusing(() => refused),
    turns: { leaseMs: 5000 },
    onWarning: (warning) => warnings.push(warning),
  })
  const session = await sessions.for(alice).create()
  const away = (code: SessionErrorCode) => new SessionError(code, 'away')
  for (const [code, answer] of [
    ['store_failed', 'store_failed'],
    ['store_full', 'store_full'],
    ['unavailable', 'unavailable'],
    ['unknown_outcome', 'unknown_outcome'],
  ] as const) {
    refused = away(code)
    const clock = handClock(40)
    const turn = session.turn('Hello', () => [said, 'Hi'], { key: code })
    const ended = codeOf(turn.result)
    await turn.started
    await clock.advanceTo(ended, 2000)
    expect(await ended).toBe(answer)
    vi.restoreAllMocks()
    expect((await all(turn)).at(-1)).toEqual({
      n: 4,
      type: 'aborted',
      from: 0,
      to: 0,
      usage,
      reason: 'lost',
      code: 'turn_lost',
      message: 'The reply could not be stored.',
    })
    expect(warnings.splice(0)).toMatchObject([
      { code: 'reply_unstored', message: 'A reply could not be stored.', cause: { code } },
    ])
    expect(told(sessions.events).at(-1)).toMatchObject({
      type: 'usage.recorded',
      outcome: 'lost',
      turnId: (await turn.started).turnId,
      ...usage,
    })
    expect(await session.currentTurn()).toBeUndefined()
    // Who asks again gets an answer.
    refused = undefined
    expect((await session.turn('Hello', () => 'Ho', { key: code }).result).text).toBe('Ho')
  }
})

it('one that is stored late: it is tried again, less and less often, for as long as its lease', async () => {
  for (const code of ['unavailable', 'unknown_outcome', 'store_full'] as const) {
    let left = 0
    let clock: HandClock | undefined
    const tries: number[] = []
    const store = refusing(() => {
      if (left === 0) return undefined
      tries.push(clock?.movedMs ?? 0)
      left--
      return new SessionError(code, 'away')
    })
    const session = await service({ store, turns: { heartbeatMs: 3_600_000, flushMs: 3_600_000 } })
      .for(alice)
      .create()
    clock = handClock(40)
    left = 9
    const turn = session.turn('Hello', () => 'Hi')
    await clock.advanceTo(turn.result, 2000)
    expect((await turn.result).text).toBe('Hi')
    vi.restoreAllMocks()
    // Where it is not known what became of a change, it is sent several times at once.
    const waits = tries
      .slice(1)
      .map((at, n) => at - tries[n]!)
      .filter((ms) => ms > 0)
    const expected = [50, 100, 200, 400, 800, 1600, 2000, 2000]
    expect(waits).toEqual(code === 'unknown_outcome' ? expected.slice(0, waits.length) : expected)
    expect(waits.length).toBeGreaterThan(0)
  }
})

it('a budget that cannot be settled, which costs no answer', async () => {
  const inner = memoryStore()
  let isAway = false
  const store: SessionStore = {
    ...inner,
    read: async (ref, options) => {
      if (isAway && ref.tenantId === '~budgets:acme') throw new SessionError('unavailable', 'away')
      return inner.read(ref, options)
    },
    commit: async (ref, change) => {
      if (isAway && ref.tenantId === '~budgets:acme') throw new SessionError('unavailable', 'away')
      return inner.commit(ref, change)
    },
  }
  const budgets = [{ scope: 'tenant' as const, maxTokens: 1000, reserveTokens: 10 }]
  const { session, warnings } = await place({ store, budgets })
  const result = await session.turn('Hello', () => {
    isAway = true
    return 'Hi'
  }).result
  expect(result.status).toBe('completed')
  expect(warnings).toEqual([
    {
      code: 'budget_unsettled',
      message: 'A budget was not settled.',
      cause: expect.objectContaining({ code: 'unavailable' }),
    },
  ])
})

it('an answer is remembered for reuse when it is one, is whole, and its question is text', async () => {
  const { session } = await place()
  const reuse = { ttlMs: 60_000 }
  const call = { type: 'tool-call' as const, toolCallId: 'c', toolName: 't', input: {} }
  const result = { type: 'tool-result' as const, toolCallId: 'c', output: 1 }
  let asked = 0
  const twice = async (answer: Respond, content: unknown = `q${++asked}`, first: object = { reuse }) => {
    await session.turn({ content: content as string }, answer, first).result
    return (await session.turn({ content: content as string }, () => 'anew', { reuse }).result).reused
  }
  expect(await twice(() => 'once')).toBe(true)
  expect(await twice(() => 'once', undefined, {})).toBe(false)
  expect(await twice(() => Promise.reject(new Error('down')))).toBe(false)
  expect(await twice(() => ['I look', call, result, 'found'])).toBe(false)
  expect(await twice(() => '  ')).toBe(false)
  expect(await twice(() => 'once', [{ type: 'image', image: 'https://a.test/x.png' }])).toBe(false)
})

it('a turn that runs is waited for by the name that it has, and known until it has ended', async () => {
  const { sessions, session } = await place()
  const gate = startGate()
  const turn = session.turn('Hello', async () => {
    await gate.opened
    return 'Hi'
  })
  const { turnId } = await turn.started
  expect([await turn.isRepeat(), await session.currentTurn()]).toEqual([false, turnId])
  const events = all(session.watchTurn(turnId))
  gate.open()
  await turn.result
  await sessions.settled()
  expect((await events).at(-1)!.type).toBe('completed')
  // What is read now is what the store has of it.
  expect((await all(session.watchTurn(turnId))).map(({ type }) => type)).toEqual([
    'started',
    'text',
    'completed',
  ])
  expect((await session.turn('Ho', echo).result).text).toBe('You said Ho')
})
