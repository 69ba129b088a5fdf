import { describe, expect, it } from 'vitest'
import {
  createSessions,
  memoryStore,
  type Respond,
  type Session,
  SessionError,
  type SessionsOptions,
  type SessionStore,
  textOf,
  type TurnEvent,
  type TurnPart,
} from '../../src/index.js'
import { until } from '../../src/testing/until.js'
import { alice, codeOf, service, startGate } from '../service.js'

const echo: Respond = ({ input }) => `You said ${textOf({ content: input })}`
const fast = { heartbeatMs: 20, flushMs: 5 }

const opened = (options: SessionsOptions = {}) =>
  service({ turns: fast, ...options })
    .for(alice)
    .open('one')

const lines = async (session: Session) =>
  (await session.history({ limit: 1000 })).messages.map(
    ({ role, content, status }) =>
      `${role}: ${typeof content === 'string' ? content : JSON.stringify(content)} (${status})`,
  )

async function all(events: AsyncIterable<TurnEvent>): Promise<TurnEvent[]> {
  const found: TurnEvent[] = []
  for await (const event of events) found.push(event)
  return found
}

/** Says `word` piece by piece, and waits at each for the gate. */
const gated = (word: string) => {
  const begun = startGate()
  const gate = startGate()
  const respond: Respond = async function* () {
    yield word.slice(0, 2)
    begun.open()
    await gate.opened
    yield word.slice(2)
  }
  return { respond, begun: begun.opened, open: gate.open }
}

describe('a turn', () => {
  it('stores the message, the answer, and says completed after that', async () => {
    const sessions = service()
    const session = await sessions.for(alice).open('one')
    const turn = session.turn('Hi', async function* () {
      expect(await lines(session)).toEqual(['user: Hi (complete)'])
      yield 'Hello'
      yield ' there'
    })
    const events = await all(turn)
    expect(events.map(({ n, type }) => `${n} ${type}`)).toEqual([
      '1 started',
      '2 text',
      '3 text',
      '4 completed',
    ])
    const result = await turn.result
    expect(result).toMatchObject({ status: 'completed', text: 'Hello there', replayed: false, reused: false })
    expect(await lines(session)).toEqual(['user: Hi (complete)', 'assistant: Hello there (complete)'])
    expect((await session.history()).messages).toEqual([result.message, ...result.replies])
    expect(events[0]).toMatchObject({ messageId: result.message.id, seq: 1, replyId: result.reply.id })
    expect(events[3]).toMatchObject({ from: 2, to: 2 })
    expect(await session.currentTurn()).toBeUndefined()
    expect(sessions.events.map(({ type }) => type)).toEqual([
      'session.created',
      'message.appended',
      'turn.started',
      'message.appended',
      'turn.completed',
      'usage.recorded',
    ])
    expect(await all(turn.events(2))).toEqual(events.slice(2))
    expect(await all(session.watchTurn(result.turnId))).toEqual(events)
    expect(await codeOf(all(session.watchTurn('other')))).toBe('not_found')
  })

  it('takes text, parts, an iterable, a promise of each', async () => {
    const answers: [ReturnType<Respond>, string][] = [
      ['text', 'text'],
      [Promise.resolve('later'), 'later'],
      [{ type: 'text', text: 'part' }, 'part'],
      [['a', { type: 'text', text: 'b' }], 'ab'],
      ['', ''],
    ]
    for (const [answer, text] of answers) {
      const session = await opened()
      expect(await session.turn('?', () => answer).result).toMatchObject({ status: 'completed', text })
    }
  })

  it('keeps reasoning, usage, sources and documents', async () => {
    const session = await opened()
    const parts: TurnPart[] = [
      { type: 'reasoning', text: 'hm' },
      { type: 'reasoning', text: 'm' },
      { type: 'document', document: { id: 'd1', title: 'Guide', text: 'long' } },
      { type: 'text', text: 'See ' },
      { type: 'text', text: 'the guide' },
      { type: 'source', url: 'https://a.test' },
      { type: 'usage', inputTokens: 10, outputTokens: 2, costMicros: 5, model: 'm' },
      { type: 'usage', inputTokens: 1 },
    ]
    const { reply, usage } = await session.turn('?', () => parts).result
    expect(reply.content).toEqual([
      { type: 'reasoning', text: 'hmm' },
      { type: 'text', text: 'See the guide' },
    ])
    expect(usage).toEqual({ inputTokens: 11, outputTokens: 2, costMicros: 5, model: 'm' })
    expect(reply.metadata).toMatchObject({ documents: [{ id: 'd1' }], sources: [{ url: 'https://a.test' }] })
    const { reply: next } = await session.turn('and?', async (turn) => JSON.stringify(await turn.documents()))
      .result
    expect(JSON.parse(textOf(next))).toEqual([{ id: 'd1', title: 'Guide', text: 'long' }])
  })

  it('keeps the message and what there is of a reply when the model fails, and tells nothing of the inside', async () => {
    const warnings: unknown[] = []
    const session = await opened({ onWarning: (warning) => warnings.push(warning) })
    const turn = session.turn('Hi', async function* () {
      yield 'Hel'
      throw new Error('secret')
    })
    expect((await all(turn)).at(-1)).toMatchObject({
      type: 'failed',
      code: 'model_failed',
      message: 'The model failed.',
    })
    const result = await turn.result
    expect(result).toMatchObject({
      status: 'failed',
      text: 'Hel',
      code: 'model_failed',
      cause: expect.any(Error),
    })
    expect(await lines(session)).toEqual(['user: Hi (complete)', 'assistant: Hel (failed)'])
    expect(JSON.stringify(await session.history())).not.toContain('secret')
    expect(warnings).toMatchObject([{ code: 'respond_failed' }])
    expect(await session.turn('Hi', () => ({ type: 'error', message: 'no' })).result).toMatchObject({
      status: 'failed',
      error: 'no',
    })
    expect(
      await session.turn('Hi', () => JSON.parse('[{"type":"text"}]') as TurnPart[]).result,
    ).toMatchObject({
      status: 'failed',
    })
    expect(await session.turn('again', echo).result).toMatchObject({ status: 'completed' })
  })

  it('keeps what fits of an answer that is too long', async () => {
    const session = await opened({ limits: { maxMessageLength: 500 } })
    const result = await session.turn('Hi', () => Array.from({ length: 10 }, () => 'x'.repeat(100))).result
    expect(result).toMatchObject({ status: 'failed', code: 'too_large' })
    expect(result.text.length).toBe(400)
    expect(await codeOf(session.turn('y'.repeat(600), echo).result)).toBe('too_large')
    expect(await lines(session)).toHaveLength(2)
  })

  it('is waited for by the service, whoever has stopped reading', async () => {
    const sessions = service()
    const session = await sessions.for(alice).create()
    const gate = startGate()
    const turn = session.turn('Hi', async () => {
      await gate.opened
      return 'Hello'
    })
    await turn.started
    let isSettled = false
    const settled = sessions.settled().then(() => (isSettled = true))
    await session.read()
    expect(isSettled).toBe(false)
    gate.open()
    await settled
    expect((await session.history()).messages.map(textOf)).toEqual(['Hi', 'Hello'])
  })

  it('cancels: what was said is kept, and an answer that is stuck is left behind', async () => {
    const session = await opened()
    const { respond, begun } = gated('Hello')
    const signals: AbortSignal[] = []
    const turn = session.turn('Hi', (context) => {
      signals.push(context.signal)
      return respond(context)
    })
    await begun
    expect(await session.cancel()).toBe((await turn.started).turnId)
    expect(await turn.result).toMatchObject({ status: 'aborted', text: 'He', reason: 'cancelled' })
    expect(signals[0]!.aborted).toBe(true)
    expect(await lines(session)).toEqual(['user: Hi (complete)', 'assistant: He (aborted)'])
    expect(await session.cancel()).toBeUndefined()
  })
})

describe('tools', () => {
  it('run with the session at hand, and their results go to the model and to history', async () => {
    const session = await opened()
    const seen: unknown[] = []
    const result = await session.turn(
      'Two phones',
      async function* (turn) {
        const { steps } = turn
        seen.push(
          await turn.context({ maxTokens: 1000 }).then(({ messages }) => messages.map(({ role }) => role)),
        )
        if (steps.length > 0) return yield 'Done'
        yield 'Adding. '
        yield { type: 'tool-call', toolCallId: 'c1', toolName: 'add', input: { sku: 'P1' } }
        yield { type: 'tool-call', toolCallId: 'c2', toolName: 'fail', input: {} }
      },
      {
        tools: {
          add: {
            execute: async ({ sku }: { sku: string }, { cart, identity, fence }) => {
              const { items } = await cart.add({
                sku,
                name: 'Phone',
                quantity: 2,
                price: { amount: 1, currency: 'EUR' },
              })
              return { lines: items.length, user: identity.userId!, fence }
            },
          },
          fail: { execute: () => Promise.reject(new Error('sold out')) },
        },
      },
    ).result
    expect(result.replies.map(({ role, content }) => ({ role, content }))).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'Adding. ' },
          { type: 'tool-call', toolCallId: 'c1', toolName: 'add', input: { sku: 'P1' } },
          { type: 'tool-call', toolCallId: 'c2', toolName: 'fail', input: {} },
        ],
      },
      {
        role: 'tool',
        content: [
          {
            type: 'tool-result',
            toolCallId: 'c1',
            toolName: 'add',
            output: { lines: 1, user: 'alice', fence: 1 },
          },
          { type: 'tool-result', toolCallId: 'c2', toolName: 'fail', output: 'sold out', isError: true },
        ],
      },
      { role: 'assistant', content: 'Done' },
    ])
    expect(seen).toEqual([['user'], ['user', 'assistant', 'tool']])
    expect((await session.cart.get()).items).toMatchObject([{ quantity: 2 }])
    expect(result.reply.id).toBe((await session.history()).messages.at(-1)!.id)
  })

  it('stops a model that calls them without end', async () => {
    const session = await opened({ turns: { ...fast, maxSteps: 3 } })
    let asked = 0
    const result = await session.turn(
      'Hi',
      () => ({ type: 'tool-call', toolCallId: `c${++asked}`, toolName: 'noop', input: {} }),
      { tools: { noop: { execute: () => null } } },
    ).result
    expect(result).toMatchObject({ status: 'failed', code: 'limit_reached' })
    expect(asked).toBe(3)
  })
})

describe('one turn at a time', () => {
  const twoProcesses = async (options: SessionsOptions = {}) => {
    const store = memoryStore()
    const [one, two] = [0, 1].map(() => createSessions({ store, turns: fast, ...options }).for(alice))
    return [await one!.open('one'), await two!.open('one')] as const
  }

  it.each(['the same process', 'another process'])(
    'rejects a second message from %s before the model is asked',
    async (from) => {
      const [one, other] = await twoProcesses()
      const two = from === 'the same process' ? one : other
      const { respond, begun, open } = gated('Hello')
      const first = one.turn('Hi', respond)
      await begun
      const second = two.turn('me too', () => expect.fail('asked'))
      await expect(second.result).rejects.toMatchObject({ code: 'turn_in_progress', retryAfterMs: 1000 })
      open()
      await first.result
      expect(await lines(two)).toEqual(['user: Hi (complete)', 'assistant: Hello (complete)'])
    },
  )

  it.each([[1], [2]])('queues: ten messages at once from %i processes are ten turns', async (processes) => {
    const handles = await twoProcesses()
    let asked = 0
    const turns = Array.from({ length: 10 }, (_, index) =>
      handles[index % processes]!.turn(`m${index}`, (turn) => (asked++, echo(turn)), { policy: 'queue' }),
    )
    for (const turn of turns) expect((await turn.result).status).toBe('completed')
    expect(asked).toBe(10)
    const history = await lines(handles[0])
    expect(history).toHaveLength(20)
    history.forEach((line, index) => {
      if (index % 2 === 1)
        expect(line).toBe(`assistant: You said ${history[index - 1]!.slice(6, -11)} (complete)`)
    })
    if (processes === 1) expect(history[18]).toContain('m9')
  })

  it('rejects or stores: ten messages at once, and as many model calls as stored turns', async () => {
    const handles = await twoProcesses()
    let asked = 0
    const turns = Array.from({ length: 10 }, (_, index) =>
      handles[index % 2]!.turn(`m${index}`, (turn) => (asked++, echo(turn))),
    )
    const codes = await Promise.all(turns.map((turn) => codeOf(turn.result)))
    const settled = codes.filter((code) => code === 'settled').length
    expect(settled).toBeGreaterThan(0)
    for (const code of codes) expect(['settled', 'turn_in_progress']).toContain(code)
    expect(asked).toBe(settled)
    expect(await lines(handles[0])).toHaveLength(2 * settled)
  })

  it.each(['the same process', 'another process'])(
    'interrupts from %s, and keeps what was said',
    async (from) => {
      const [one, other] = await twoProcesses()
      const two = from === 'the same process' ? one : other
      const { respond, begun } = gated('Hello')
      const first = one.turn('Hi', respond)
      await begun
      const second = two.turn('wait', echo, { policy: 'interrupt' })
      expect(await second.result).toMatchObject({ status: 'completed' })
      expect(await first.result).toMatchObject({ status: 'aborted', reason: 'interrupted' })
      expect(await lines(one)).toEqual([
        'user: Hi (complete)',
        'assistant: He (aborted)',
        'user: wait (complete)',
        'assistant: You said wait (complete)',
      ])
    },
  )

  it('lets another process watch from any event on, and cancel', async () => {
    const [one, two] = await twoProcesses()
    const { respond, begun } = gated('Hello')
    const turn = one.turn('Hi', respond)
    await begun
    const { turnId } = await turn.started
    expect(await two.currentTurn()).toBe(turnId)
    const watched = all(two.watchTurn(turnId, 1))
    expect(await two.cancel()).toBe(turnId)
    expect((await turn.result).status).toBe('aborted')
    expect(await watched).toEqual(await all(turn.events(1)))
    expect((await watched).map(({ type }) => type)).toEqual(['text', 'aborted'])
  })

  it('takes a waiting message back', async () => {
    const [one, two] = await twoProcesses()
    const { respond, begun, open } = gated('Hello')
    const first = one.turn('Hi', respond)
    await begun
    const taken = new AbortController()
    const waiting = two.turn('later', () => expect.fail('asked'), { policy: 'queue', signal: taken.signal })
    taken.abort()
    expect(await codeOf(waiting.result)).toBe('turn_lost')
    open()
    await first.result
    expect(await lines(one)).toHaveLength(2)
  })

  it('drops the turn when the conversation moves on without it', async () => {
    for (const move of [(session: Session) => session.reset(), (session: Session) => session.rewind(0)]) {
      const [one, two] = await twoProcesses()
      const { respond, begun } = gated('Hello')
      const turn = one.turn('Hi', respond)
      await begun
      await move(two)
      expect(await codeOf(turn.result)).toBe('turn_lost')
      expect(await lines(two)).toEqual([])
      expect((await two.turn('Hi', echo).result).status).toBe('completed')
    }
  })

  it('loses a turn whose session is deleted, and does not bring it back', async () => {
    const [one, two] = await twoProcesses()
    const { respond, begun, open } = gated('Hello')
    const turn = one.turn('Hi', respond)
    await begun
    await two.delete()
    open()
    expect(await codeOf(turn.result)).toBe('not_found')
    expect(await codeOf(one.history())).toBe('not_found')
  })
})

describe('what is kept beside a session', () => {
  it.each(['delete', 'reset'] as const)('ends with %s', async (end) => {
    const store = memoryStore()
    const session = await createSessions({ store, turns: fast }).for(alice).open('one')
    const { turnId } = await session.turn('Hi', echo).result
    expect(await all(session.watchTurn(turnId))).toHaveLength(3)
    await session[end]()
    expect((await store.list({ tenantId: '~turns:acme', limit: 10 })).items).toEqual([])
  })
})

describe('a key', () => {
  it('gives the same answer again, and asks once', async () => {
    const session = await opened()
    let asked = 0
    const ask = (content = 'Hi') => session.turn(content, () => `answer ${++asked}`, { key: 'k' })
    const first = await ask().result
    for (let n = 0; n < 12; n++) await session.turn(`other ${n}`, echo).result
    const again = ask()
    expect(await again.result).toEqual({ ...first, replayed: true })
    expect((await all(again)).map(({ type }) => type)).toEqual(['started', 'text', 'usage', 'completed'])
    expect(await again.isRepeat()).toBe(true)
    expect(asked).toBe(1)
    await expect(ask('Ho').result).rejects.toMatchObject({ code: 'key_reused' })
    expect(await lines(session)).toHaveLength(26)
    expect(await session.currentTurn()).toBeUndefined()
  })

  it.each([[1], [2]])('sent twice at once to %i processes is executed once', async (processes) => {
    const store = memoryStore()
    const handles = await Promise.all(
      [0, 1].map(() => createSessions({ store, turns: fast }).for(alice).open('one')),
    )
    let asked = 0
    const { respond, open } = gated('Hello')
    const turns = Array.from({ length: 6 }, (_, index) =>
      handles[index % processes]!.turn('Hi', (turn) => (asked++, respond(turn)), { key: 'k' }),
    )
    await Promise.all(turns.map((turn) => turn.started))
    open()
    const results = await Promise.all(turns.map((turn) => turn.result))
    expect(asked).toBe(1)
    expect(results.filter(({ replayed }) => !replayed)).toHaveLength(1)
    for (const result of results)
      expect({ ...result, replayed: false }).toEqual({ ...results[0], replayed: false })
    expect(await lines(handles[0]!)).toHaveLength(2)
  })

  it('tries a failed turn again, and puts the new reply in the place of the old', async () => {
    const session = await opened({ onWarning: () => {} })
    const fail = (): never => {
      throw new Error('down')
    }
    expect((await session.turn('Hi', fail, { key: 'k' }).result).status).toBe('failed')
    expect((await session.turn('Hi', echo, { key: 'k' }).result).status).toBe('completed')
    expect(await lines(session)).toEqual(['user: Hi (complete)', 'assistant: You said Hi (complete)'])
    expect((await session.history({ branch: 'all' })).messages).toHaveLength(3)
  })

  it('may be the id of the message', async () => {
    const session = await opened()
    const input = { content: 'Hi', id: 'client-1' }
    const first = await session.turn(input, echo).result
    expect(first.message.id).toBe('client-1')
    expect(await session.turn(input, echo).result).toMatchObject({ replayed: true, turnId: first.turnId })
    expect(await codeOf(session.turn({ ...input, id: 'x'.repeat(151) }, echo).result)).toBe('invalid')
  })
})

describe('reuse', () => {
  it('answers the same question from history while nothing changed, and says so', async () => {
    const sessions = service({ turns: fast })
    const session = await sessions.for(alice).open('one')
    let asked = 0
    const ask = (question: string) =>
      session.turn(question, () => `answer ${++asked}`, { reuse: { ttlMs: 60_000 } }).result
    const first = await ask('Which phone?')
    expect(first).toMatchObject({ reused: false, text: 'answer 1' })
    expect(await ask('  which   PHONE? ')).toMatchObject({ reused: true, replayed: false, text: 'answer 1' })
    expect(await lines(session)).toHaveLength(4)
    await session.preferences.merge({ brand: 'X' })
    expect(await ask('Which phone?')).toMatchObject({ reused: false, text: 'answer 2' })
    expect(await session.turn('Which phone?', echo).result).toMatchObject({ reused: false })
    expect(await session.turn('Which phone?', echo, { reuse: { ttlMs: -1 } }).result).toMatchObject({
      reused: false,
    })
    expect(sessions.events.filter(({ type }) => type === 'turn.reused')).toHaveLength(1)
  })
})

describe('a store that falters', () => {
  it('does not cost a reply: the end of a turn is tried again', async () => {
    const inner = memoryStore()
    let failing = false
    const store: SessionStore = {
      ...inner,
      commit: async (ref, change) => {
        if (failing && ref.tenantId === 'acme') {
          failing = false
          throw new SessionError('unavailable', 'away')
        }
        return inner.commit(ref, change)
      },
    }
    const session = await createSessions({ store, turns: fast }).for(alice).open('one')
    const result = await session.turn('Hi', () => {
      failing = true
      return 'Hello'
    }).result
    expect(result.status).toBe('completed')
    expect(await lines(session)).toHaveLength(2)
    await until(async () => (await session.currentTurn()) === undefined)
  })
})
