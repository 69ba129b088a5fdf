import { describe, expect, it } from 'vitest'
import type { Respond, SessionError, TurnPart, TurnUsage } from '../../src/index.js'
import { startGate } from '../service.js'
import { all, fast, opened } from './turns.js'

const none = { inputTokens: 0, outputTokens: 0, costMicros: 0 }
const ended = async (...parts: readonly object[]) => {
  const session = await opened({ onWarning: () => {} })
  return session.turn('Hi', () => ['Hello', ...parts] as TurnPart[]).result
}
const used = (...usages: readonly object[]) => ended(...usages.map((usage) => ({ type: 'usage', ...usage })))

it.each<[object, Partial<TurnUsage>]>([
  [{}, {}],
  [{ inputTokens: 3 }, { inputTokens: 3 }],
  [
    { inputTokens: { total: 3, cacheRead: 1, cacheWrite: 2 } },
    { inputTokens: 3, cachedInputTokens: 1, cacheWriteTokens: 2 },
  ],
  [{ prompt_tokens: 3 }, { inputTokens: 3 }],
  [{ input_tokens: 3 }, { inputTokens: 3 }],
  [{ promptTokenCount: 3 }, { inputTokens: 3 }],
  [{ outputTokens: 4 }, { outputTokens: 4 }],
  [{ outputTokens: { total: 4, reasoning: 1 } }, { outputTokens: 4, reasoningTokens: 1 }],
  [{ completion_tokens: 4 }, { outputTokens: 4 }],
  [{ output_tokens: 4 }, { outputTokens: 4 }],
  [{ candidatesTokenCount: 4 }, { outputTokens: 4 }],
  [{ costMicros: 7 }, { costMicros: 7 }],
  [{ cachedInputTokens: 1 }, { cachedInputTokens: 1 }],
  [
    { inputTokenDetails: { cacheReadTokens: 1, cacheWriteTokens: 2 } },
    { cachedInputTokens: 1, cacheWriteTokens: 2 },
  ],
  [{ prompt_tokens_details: { cached_tokens: 1 } }, { cachedInputTokens: 1 }],
  [{ input_tokens_details: { cached_tokens: 1 } }, { cachedInputTokens: 1 }],
  [{ cachedContentTokenCount: 1 }, { cachedInputTokens: 1 }],
  [{ cacheWriteTokens: 2 }, { cacheWriteTokens: 2 }],
  [{ reasoningTokens: 1 }, { reasoningTokens: 1 }],
  [{ outputTokenDetails: { reasoningTokens: 1 } }, { reasoningTokens: 1 }],
  [{ completion_tokens_details: { reasoning_tokens: 1 } }, { reasoningTokens: 1 }],
  [{ output_tokens_details: { reasoning_tokens: 1 } }, { reasoningTokens: 1 }],
  // Anthropic counts what is cached, and Gemini what was thought, beside the others.
  [
    { input_tokens: 3, cache_read_input_tokens: 5 },
    { inputTokens: 8, cachedInputTokens: 5 },
  ],
  [
    { input_tokens: 3, cache_creation_input_tokens: 6 },
    { inputTokens: 9, cacheWriteTokens: 6 },
  ],
  [
    { cache_read_input_tokens: 5, cache_creation_input_tokens: 6 },
    { inputTokens: 11, cachedInputTokens: 5, cacheWriteTokens: 6 },
  ],
  [
    { candidatesTokenCount: 4, thoughtsTokenCount: 2 },
    { outputTokens: 6, reasoningTokens: 2 },
  ],
  [{ thoughtsTokenCount: 2 }, { outputTokens: 2, reasoningTokens: 2 }],
  [
    { inputTokens: 3, cacheReadInputTokens: 5, cacheWriteInputTokens: 6, totalTokens: 14 },
    { inputTokens: 14, cachedInputTokens: 5, cacheWriteTokens: 6 },
  ],
  // A gateway that serves Anthropic's models as Chat Completions counts them with the others.
  [
    { prompt_tokens: 9, cache_read_input_tokens: 5, cache_creation_input_tokens: 2, total_tokens: 9 },
    { inputTokens: 9, cachedInputTokens: 5, cacheWriteTokens: 2 },
  ],
  // Thoughts that are in the sum alone.
  [
    {
      prompt_tokens: 32,
      completion_tokens: 9,
      total_tokens: 135,
      completion_tokens_details: { reasoning_tokens: 94 },
    },
    { inputTokens: 32, outputTokens: 103, reasoningTokens: 94 },
  ],
  [
    { prompt_tokens: 10, completion_tokens: 5, total_tokens: 100 },
    { inputTokens: 10, outputTokens: 90 },
  ],
  [
    {
      prompt_tokens: 10,
      completion_tokens: 5,
      total_tokens: 15,
      completion_tokens_details: { reasoning_tokens: 4 },
    },
    { inputTokens: 10, outputTokens: 5, reasoningTokens: 4 },
  ],
  [{ prompt_cache_hit_tokens: 1 }, { cachedInputTokens: 1 }],
  [{ prompt_tokens_details: { cache_write_tokens: 2 } }, { cacheWriteTokens: 2 }],
  [{ input_tokens_details: { cache_write_tokens: 2 } }, { cacheWriteTokens: 2 }],
  [
    { inputTokens: 2.6, outputTokens: 1e300 },
    { inputTokens: 3, outputTokens: Number.MAX_SAFE_INTEGER },
  ],
  [{ inputTokens: '3', outputTokens: null, costMicros: {} }, {}],
  [
    { model: 'm', provider: 'p', inputTokens: 1 },
    { model: 'm', provider: 'p', inputTokens: 1 },
  ],
  [{ model: 7, provider: {}, inputTokens: 1 }, { inputTokens: 1 }],
])('%j is %j', async (usage, expected) => {
  expect((await used(usage)).usage).toStrictEqual({ ...none, ...expected })
})

it('is the sum of all that is told, by the last model that is named', async () => {
  const most = Number.MAX_SAFE_INTEGER
  expect(
    (
      await used(
        { inputTokens: 1, outputTokens: 2, model: 'one', provider: 'first' },
        { inputTokens: most, cachedInputTokens: 3, model: 'two' },
        { costMicros: 5, reasoningTokens: 0 },
        { cacheWriteTokens: 4, provider: 'x'.repeat(300), model: 'y'.repeat(300) },
      )
    ).usage,
  ).toStrictEqual({
    inputTokens: most,
    outputTokens: 2,
    costMicros: 5,
    cachedInputTokens: 3,
    cacheWriteTokens: 4,
    reasoningTokens: 0,
    model: 'y'.repeat(200),
    provider: 'x'.repeat(200),
  })
})

it.each([
  [{ inputTokens: -1 }, 'part.inputTokens'],
  [{ outputTokens: { total: -1 } }, 'part.outputTokens.total'],
])('%j is no usage, and fails the turn', async (usage, path) => {
  const { status, cause } = await used(usage)
  const { code, message, path: at, cause: inner } = cause as SessionError
  expect([status, code, at]).toEqual(['failed', 'invalid', path])
  expect(message).toContain(`${path} is below 0`)
  expect(inner).toMatchObject({ path })
})

it('tells why a model stopped, in one spelling for all', async () => {
  const spellings = {
    stop: ['stop', 'end_turn', 'stop_sequence', 'STOP', 'completed', { unified: 'stop', raw: 'end_turn' }],
    length: ['length', 'max_tokens', 'max_output_tokens', 'MAX_TOKENS', { raw: 'max_tokens' }],
    'tool-calls': ['tool-calls', 'tool_use', 'tool_calls', 'function_call'],
    'content-filter': [
      'content-filter',
      'content_filter',
      'refusal',
      'SAFETY',
      'RECITATION',
      'PROHIBITED_CONTENT',
      'BLOCKLIST',
      'SPII',
    ],
    toString: ['toString'],
    ['z'.repeat(100)]: ['z'.repeat(101)],
  }
  for (const [expected, told] of Object.entries(spellings)) {
    for (const finishReason of told)
      expect((await ended({ type: 'finish', finishReason })).finishReason).toBe(expected)
  }
  for (const nothing of ['', 7, null, {}]) {
    const result = await ended({ type: 'finish', finishReason: nothing })
    expect(Object.keys(result)).not.toContain('finishReason')
  }
})

describe('of an answer that breaks off', () => {
  const text = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } }
  it.each<[string, object[], object]>([
    [
      'Anthropic',
      [
        { type: 'message_start', message: { model: 'm', usage: { input_tokens: 30, output_tokens: 1 } } },
        text,
      ],
      { inputTokens: 30, outputTokens: 1, model: 'm' },
    ],
    [
      'Gemini',
      [{ candidates: [{ content: { parts: [{ text: 'Hi' }] } }], usageMetadata: { promptTokenCount: 30 } }],
      { inputTokens: 30, provider: 'google' },
    ],
    [
      'Chat Completions',
      [
        {
          choices: [
            { delta: { tool_calls: [{ index: 0, id: 'c', function: { name: 't', arguments: '{"q' } }] } },
          ],
          usage: { prompt_tokens: 30, completion_tokens: 2 },
        },
        { choices: [{ delta: { content: 'Hi' } }], usage: { prompt_tokens: 30, completion_tokens: 4 } },
      ],
      { inputTokens: 30, outputTokens: 4 },
    ],
  ])('counts as far as %s said, when it fails and when it is stopped', async (_, events, usage) => {
    for (const options of [{}, { redact: (said: string) => said }]) {
      const session = await opened({ turns: fast, onWarning: () => {}, ...options })
      const failing: Respond = async function* () {
        yield* events
        throw new Error('The connection is gone.')
      }
      const failed = await session.turn('Hi', failing).result
      expect(failed).toMatchObject({ status: 'failed', text: 'Hi', usage })
      const begun = startGate()
      const turn = session.turn('Hi', async function* () {
        yield* events
        begun.open()
        await new Promise(() => {})
      })
      await begun.opened
      await turn.cancel()
      const stopped = await turn.result
      expect(stopped).toMatchObject({ status: 'aborted', text: 'Hi', usage })
      // Half a call is none.
      expect([...failed.replies, ...stopped.replies].map(({ content }) => content)).toEqual(['Hi', 'Hi'])
      const told = (await all(turn)).filter(({ type }) => type === 'usage' || type === 'aborted')
      expect(told).toMatchObject([
        { type: 'usage', ...usage },
        { type: 'aborted', usage },
      ])
    }
  })
})
