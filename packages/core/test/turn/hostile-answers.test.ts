import { describe, expect, it } from 'vitest'
import { codeOf } from '../service.js'
import type { TurnPart } from '../../src/index.js'
import { all, lines, opened } from './turns.js'

describe('an answer that no model gives', () => {
  it('is refused where next gives no object', async () => {
    const session = await opened({ onWarning: () => {} })
    const odd = { [Symbol.asyncIterator]: () => ({ next: () => 'a' as never }) }
    const { status } = await session.turn('Hi', () => odd).result
    expect(status).toBe('failed')
  })

  it('can be stopped though it has no end, and waits for nobody', async () => {
    const session = await opened()
    const turn = session.turn('Hi', async function* () {
      for (;;) yield ''
    })
    await turn.started
    expect(await session.cancel()).toBe((await turn.started).turnId)
    expect((await turn.result).status).toBe('aborted')
    expect(await lines(session)).toEqual(['user: Hi (completed)', 'assistant:  (aborted)'])
  })
})

describe('what code of the application throws', () => {
  const revoked = (): object => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  }
  const trapped = (): object =>
    new Proxy(new Error('x'), {
      has: () => {
        throw new Error('trap')
      },
      get: () => {
        throw new Error('trap')
      },
    })

  it.each([
    ['a proxy that was revoked', revoked],
    ['an object that refuses to be looked at', trapped],
    ['an object without a prototype', () => Object.create(null) as object],
    ['nothing', () => undefined],
  ])('ends the turn and frees the session, though it is %s', async (_, thrown) => {
    const causes: unknown[] = []
    const session = await opened({ onWarning: ({ cause }) => causes.push(cause) })
    const value = thrown()
    const turn = session.turn('Hi', async function* () {
      yield 'Hel'
      throw value
    })
    expect((await all(turn)).at(-1)).toMatchObject({ type: 'failed', code: 'model_failed' })
    expect((await turn.result).text).toBe('Hel')
    expect(causes.some((cause) => cause === value)).toBe(true)
    expect((await session.turn('Again', () => 'Hello').result).status).toBe('completed')
  })

  it.each([
    ['a proxy that was revoked', revoked],
    ['an error that refuses to be looked at', trapped],
    ['an error whose message is no text', () => Object.assign(new Error('x'), { message: { a: 1 } })],
  ])('is a failed result for the model when a tool throws it, though it is %s', async (_, thrown) => {
    const causes: unknown[] = []
    const session = await opened({ onWarning: ({ cause }) => causes.push(cause) })
    const value = thrown()
    const answer = ({ steps }: { steps: readonly unknown[] }): string | TurnPart =>
      steps.length > 0 ? 'Sorry' : { type: 'tool-call', toolCallId: 'c', toolName: 'buy', input: {} }
    const fail = (): never => {
      throw value
    }
    const { status, replies } = await session.turn('Hi', answer, { tools: { buy: { execute: fail } } }).result
    expect(status).toBe('completed')
    expect(replies[1]).toMatchObject({ content: [{ output: 'The tool failed.', isError: true }] })
    expect(causes).toHaveLength(1)
    expect(causes[0] === value).toBe(true)
  })
})

it.each(['started', 'completed', 'failed', 'aborted'])(
  'a part of the type %s, which is an event of the turn itself, ends no reading before the turn has ended',
  async (type) => {
    const session = await opened({ onWarning: () => {} })
    const turn = session.turn('Hi', () => ['Hello', { type, from: 7 }, ' again'])
    const events = await all(turn)
    expect(events).toMatchObject([{ type: 'started' }, { text: 'Hello' }, { type: 'failed', from: 2 }])
    const { cause } = await turn.result
    expect(cause).toMatchObject({ code: 'invalid', message: expect.stringContaining(type) as string })
  },
)

it('a message of a failure of any length fits into the log', async () => {
  const session = await opened({ onWarning: () => {} })
  const turn = session.turn('Hi', () => ({ type: 'error', message: 'x'.repeat(2_000_000) }))
  const events = await all(turn)
  expect(JSON.stringify(events).length).toBeLessThan(20_000)
  const { reply, error } = await turn.result
  expect(error).toBe('x'.repeat(8000))
  expect(JSON.stringify(reply).length).toBeLessThan(10_000)
})

describe('a model that gives its name', () => {
  it('at great length leaves room in the session for the next turn', async () => {
    const session = await opened()
    for (const model of ['x'.repeat(200_000), '\ud800'.repeat(50_000)]) {
      const answer = () => [
        'Hello',
        { type: 'usage', inputTokens: 1, outputTokens: 1, model, provider: model },
      ]
      const { status, usage } = await session.turn('Hi', answer as never).result
      expect(status).toBe('completed')
      expect(usage.model).toBe(model.slice(0, 200))
      expect(usage.provider).toBe(model.slice(0, 200))
    }
    expect((await session.turn('Hi', () => 'Hello').result).status).toBe('completed')
  })
})

describe('a part of an answer that never ends', () => {
  const much = 'x'.repeat(1024 * 1024)
  const argumentsOf = (call: object) => ({ choices: [{ index: 0, delta: { tool_calls: [call] } }] })

  it.each<[string, object[], object]>([
    [
      'arguments of Chat Completions',
      [argumentsOf({ index: 0, id: 'c', function: { name: 'f', arguments: '' } })],
      argumentsOf({ index: 0, function: { arguments: much } }),
    ],
    [
      'ever new calls of Chat Completions',
      [],
      argumentsOf({ id: much, function: { name: 'f', arguments: '{}' } }),
    ],
    [
      'an input of Anthropic',
      [
        {
          type: 'content_block_start',
          index: 0,
          content_block: { type: 'tool_use', id: 'c', name: 'f', input: {} },
        },
      ],
      { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: much } },
    ],
    [
      'a compaction of Anthropic',
      [{ type: 'content_block_start', index: 0, content_block: { type: 'compaction', content: '' } }],
      { type: 'content_block_delta', index: 0, delta: { type: 'compaction_delta', content: much } },
    ],
    [
      'thoughts of OpenRouter',
      [],
      {
        choices: [
          { index: 0, delta: { reasoning_details: [{ type: 'reasoning.text', index: 0, text: much }] } },
        ],
      },
    ],
    [
      'arguments of Gemini',
      [],
      {
        candidates: [
          {
            content: {
              parts: [
                {
                  functionCall: {
                    name: 'f',
                    willContinue: true,
                    partialArgs: [{ jsonPath: '$.a', stringValue: much }],
                  },
                },
              ],
            },
          },
        ],
      },
    ],
    [
      'an input of Bedrock',
      [{ contentBlockStart: { contentBlockIndex: 0, start: { toolUse: { toolUseId: 'c', name: 'f' } } } }],
      { contentBlockDelta: { contentBlockIndex: 0, delta: { toolUse: { input: much } } } },
    ],
  ])('%s: the turn fails when no reply could hold it', async (_, begin, piece) => {
    const session = await opened()
    let given = 0
    const result = await session.turn('Hi', async function* () {
      yield* begin
      for (; given < 100; given++) yield piece
    } as never).result
    expect([result.status, result.code]).toEqual(['failed', 'too_large'])
    expect(given).toBeLessThan(20)
  })
})

describe('what JavaScript calls a turn with', () => {
  const echo = () => 'echo'

  it.each<[string, unknown, unknown]>([
    ['a message that is null', null, undefined],
    ['options that are none', 'Hi', 'x'],
    ['a key that is no text', 'Hi', { key: 1 }],
    ['a policy that nobody knows', 'Hi', { policy: 'x' }],
    ['a signal that is none', 'Hi', { signal: 1 }],
    ['a signal that only looks like one', 'Hi', { signal: {} }],
    ['tools that are none', 'Hi', { tools: 1 }],
  ])('%s is refused', async (_, input, options) => {
    const session = await opened()
    expect(await codeOf(session.turn(input as never, echo, options as never).result)).toBe('invalid')
    expect(await lines(session)).toEqual([])
  })

  it.each([undefined, null, 'echo', {}])(
    'what is no function to answer with is refused: %j',
    async (respond) => {
      const session = await opened()
      const turn = session.turn('Hi', respond as never)
      await expect(turn.result).rejects.toMatchObject({ code: 'invalid', path: 'respond' })
      expect(await lines(session)).toEqual([])
    },
  )

  it('a place of events that is no number is refused', async () => {
    const turn = (await opened()).turn('Hi', echo)
    expect(await codeOf(turn.events({} as never).next())).toBe('invalid')
    expect((await turn.result).status).toBe('completed')
  })
})
