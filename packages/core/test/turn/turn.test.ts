import { describe, expect, it } from 'vitest'
import {
  type Respond,
  SessionError,
  type SessionStore,
  type TurnPart,
  createSessions,
  memoryStore,
  textOf,
} from '../../src/index.js'
import { until } from '../../src/testing/until.js'
import { alice, codeOf, service, startGate } from '../service.js'
import { all, echo, fast, gated, lines, opened } from './turns.js'

describe('a turn', () => {
  it('stores the message, the answer, and says completed after that', async () => {
    const sessions = service()
    const session = await sessions.for(alice).open('one')
    const turn = session.turn('Hi', async function* () {
      expect(await lines(session)).toEqual(['user: Hi (completed)'])
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
    expect(await lines(session)).toEqual(['user: Hi (completed)', 'assistant: Hello there (completed)'])
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
    expect(await lines(session)).toEqual(['user: Hi (completed)', 'assistant: Hel (failed)'])
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

  it('goes on in a further message when an answer is too long for one', async () => {
    const session = await opened({ limits: { maxMessageLength: 1000 } })
    const result = await session.turn('Hi', () => Array.from({ length: 10 }, (_, n) => `${n}`.repeat(100)))
      .result
    expect(result).toMatchObject({ status: 'completed' })
    expect(result.replies.length).toBeGreaterThan(1)
    expect(result.text).toBe(Array.from({ length: 10 }, (_, n) => `${n}`.repeat(100)).join(''))
    expect(await codeOf(session.turn('y'.repeat(1600), echo).result)).toBe('too_large')
    expect(await lines(session)).toHaveLength(1 + result.replies.length)
  })

  it('is waited for by the service, also after its reader has stopped', async () => {
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
    expect(await lines(session)).toEqual(['user: Hi (completed)', 'assistant: He (aborted)'])
    expect(await session.cancel()).toBeUndefined()
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
