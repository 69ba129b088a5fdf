import { describe, expect, it, vi } from 'vitest'
import {
  createSessions,
  memoryStore,
  SessionError,
  type SessionStore,
  type SessionWarning,
  type TurnPart,
} from '../../src/index.js'
import { alice, service } from '../service.js'
import { all, echo, fast, lines, opened } from './turns.js'

const warned = async (options = {}) => {
  const warnings: SessionWarning[] = []
  const session = await opened({ onWarning: (warning) => warnings.push(warning), ...options })
  return { session, warnings }
}

describe('a failure of the host’s code', () => {
  it('is told each time, with its cause: the model', async () => {
    const { session, warnings } = await warned()
    const failures = [new Error('first'), new Error('second'), new SessionError('unavailable', 'of its own')]
    for (const failure of failures) {
      const fail = (): never => {
        throw failure
      }
      const { cause } = await session.turn('Hi', fail).result
      expect(cause).toBe(failure)
    }
    expect(warnings).toMatchObject(failures.map((cause) => ({ code: 'respond_failed', cause })))
  })

  it('is told each time, with its cause: a tool', async () => {
    const { session, warnings } = await warned()
    const failures = [new Error('sold out'), new Error('closed')]
    for (const failure of failures) {
      const respond = ({ steps }: { steps: readonly unknown[] }): string | TurnPart =>
        steps.length > 0 ? 'Sorry' : { type: 'tool-call', toolCallId: 'c', toolName: 'buy', input: {} }
      await session.turn('Hi', respond, { tools: { buy: { execute: () => Promise.reject(failure) } } }).result
    }
    expect(warnings).toMatchObject(failures.map((cause) => ({ code: 'tool_failed', cause })))
  })

  it('is told each time, with its cause: a listener, be it async', async () => {
    const failure = new Error('down')
    for (const onEvent of [
      () => {
        throw failure
      },
      () => Promise.reject(failure) as never,
    ]) {
      const { session, warnings } = await warned({ onEvent })
      await session.append({ role: 'user', content: 'Hi' })
      await session.append({ role: 'user', content: 'Ho' })
      const told = warnings.filter(({ code }) => code === 'listener_failed')
      expect(told.length).toBeGreaterThanOrEqual(2)
      expect(told.every(({ cause }) => cause === failure)).toBe(true)
    }
  })

  it('is told with its cause, and costs no answer: the counter of tokens', async () => {
    let isBroken = false
    const failure = new Error('no tokenizer')
    const countTokens = (): number => {
      if (isBroken) throw failure
      return 7
    }
    const { session, warnings } = await warned({ countTokens })
    const { status, reply } = await session.turn('Hi', () => {
      isBroken = true
      return 'Hello'
    }).result
    expect(status).toBe('completed')
    expect(reply.tokens).toBeGreaterThan(0)
    expect(warnings).toMatchObject([{ code: 'count_failed', cause: failure }])
  })

  it.each([
    ['nothing', () => undefined],
    ['no number', () => Number.NaN],
    ['less than nothing', () => -1],
    ['a text', () => '7'],
    ['a promise', () => Promise.reject(new Error('no tokenizer'))],
    [
      'an error',
      () => {
        throw new Error('no tokenizer')
      },
    ],
  ] as [string, () => unknown][])(
    'leaves every message readable: a counter of tokens that gives %s',
    async (_, count) => {
      const countTokens = count as () => number
      const { session, warnings } = await warned({ countTokens })
      await session.append({ role: 'user', content: 'Two phones, please' })
      await session.amend(1, { content: 'Three phones, please' })
      const { messages } = await session.history()
      expect(messages).toMatchObject([{ content: 'Three phones, please', status: 'completed' }])
      expect(messages[0]!.tokens).toBeGreaterThan(0)
      expect((await session.context({ maxTokens: 4000 })).messages).toHaveLength(1)
      expect(new Set(warnings.map(({ code }) => code))).toEqual(new Set(['count_failed']))
    },
  )

  it('is no failure of what it is told: onWarning', async () => {
    const told = vi.spyOn(console, 'error').mockImplementation(() => {})
    const sessions = service({
      onWarning: () => {
        throw new Error('nobody listens')
      },
    })
    const session = await sessions.for(alice).create()
    const result = await session.turn('Hi', () => Promise.reject(new Error('down'))).result
    expect(result.status).toBe('failed')
    expect(told).toHaveBeenCalled()
    told.mockRestore()
  })
})

describe('a part with a fault', () => {
  it.each([
    [{ type: 'text' }, /type text with the fields type: part\.text/],
    [{ type: 'tool-call', toolCallId: '', toolName: 'x' }, /type tool-call .*: part\.toolCallId/],
    [{ words: 'secret' }, /a part \(object\) with the fields words: part\.type/],
    [7, /a part \(number\)/],
    [{ type: 'usage', inputTokens: -1 }, /type usage .*: part\.inputTokens is below 0/],
    [{ type: 'document', document: {} }, /type document .*: part\.document\.id/],
  ])('is named in the log, and nothing that was said in it: %j', async (part, named) => {
    const { session, warnings } = await warned()
    const result = await session.turn('Hi', () => ['Hel', part] as TurnPart[]).result
    expect(result).toMatchObject({ status: 'failed', text: 'Hel', error: 'The model failed.' })
    expect(warnings).toHaveLength(1)
    expect(warnings[0]!.message).toMatch(named)
    expect(warnings[0]!.message).not.toContain('secret')
    expect(await session.currentTurn()).toBeUndefined()
  })
})

describe('a reply that the store refuses', () => {
  it('is told of, and the session is free at once', async () => {
    const inner = memoryStore()
    let isFull = false
    const store: SessionStore = {
      ...inner,
      commit: async (ref, change) => {
        if (isFull && ref.tenantId === 'acme' && change.messages?.length) {
          throw new SessionError('store_failed', 'This text cannot be kept.')
        }
        return inner.commit(ref, change)
      },
    }
    const warnings: SessionWarning[] = []
    const sessions = createSessions({ store, turns: fast, onWarning: (warning) => warnings.push(warning) })
    const session = await sessions.for(alice).open('one')
    const turn = session.turn('Hi', () => {
      isFull = true
      return 'Hello'
    })
    await expect(turn.result).rejects.toMatchObject({ code: 'store_failed' })
    expect((await all(turn)).at(-1)).toMatchObject({ type: 'aborted', code: 'turn_lost' })
    expect(warnings).toMatchObject([{ code: 'reply_unstored', cause: { code: 'store_failed' } }])
    isFull = false
    expect(await session.currentTurn()).toBeUndefined()
    expect((await session.turn('Ho', echo).result).status).toBe('completed')
    expect(await lines(session)).toHaveLength(3)
  })

  it('is none for what a turn itself adds to a body that is full', async () => {
    const session = await opened({ limits: { maxSessionLength: 4096 } })
    const { length } = JSON.stringify({ text: '' })
    await session.state.merge({ text: 'x'.repeat(3700 - length) })
    for (let n = 0; n < 20; n++) {
      const result = await session.turn(
        `q${n}`,
        () => [{ type: 'document', document: { id: `d${n}` } }, 'Hi'],
        {
          reuse: { ttlMs: 60_000 },
        },
      ).result
      expect(result.status).toBe('completed')
    }
    expect(await session.currentTurn()).toBeUndefined()
  })
})
