import { expect, it } from 'vitest'
import { told } from './turns.js'

const call = (input: unknown = { q: 1 }) => ({ type: 'tool-call', toolCallId: 'c', toolName: 't', input })
const text = (said: string) => ({ type: 'text', text: said })
const chunk = (delta: object, more: object = {}) => ({ choices: [{ delta, ...more }] })
const calling = (id: string, q: number) =>
  chunk({ tool_calls: [{ index: 0, id, function: { name: 't', arguments: JSON.stringify({ q }) } }] })
const used = (completion_tokens: number, id?: string) => ({
  id,
  usage: { prompt_tokens: 3, completion_tokens },
})

it.each<[string, readonly object[], readonly object[]]>([
  [
    'Anthropic: counts from the beginning in each of several ends, and several messages',
    [
      { type: 'message_start', message: { model: 'm', usage: { input_tokens: 3, output_tokens: 1 } } },
      { type: 'message_delta', delta: {}, usage: { output_tokens: 4 } },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 5 } },
      { type: 'message_start', message: { model: 'n', usage: { input_tokens: 8 } } },
      { type: 'message_delta', delta: { stop_reason: 'max_tokens' }, usage: { output_tokens: 2 } },
      { type: 'message_stop' },
    ],
    [
      { type: 'usage', inputTokens: 3, outputTokens: 5, model: 'm', provider: 'anthropic' },
      { type: 'finish', finishReason: 'stop' },
      { type: 'usage', inputTokens: 8, outputTokens: 2, model: 'n', provider: 'anthropic' },
      { type: 'finish', finishReason: 'length' },
    ],
  ],
  [
    'whole calls that all have one index',
    [calling('c', 1), calling('d', 2), calling('d', 2), chunk({}, { finish_reason: 'tool_calls' })],
    [call(), { ...call('{"q":2}{"q":2}'), toolCallId: 'd' }, { type: 'finish', finishReason: 'tool-calls' }],
  ],
  ...[undefined, 'one'].map((id): [string, readonly object[], readonly object[]] => [
    `counts from the beginning in each chunk of ${id}`,
    [
      { ...used(1, id), ...chunk({ content: 'Hi' }) },
      { ...used(2, id), ...chunk({}, { finish_reason: 'stop' }) },
      { ...used(2, id), choices: [] },
    ],
    [
      text('Hi'),
      { type: 'finish', finishReason: 'stop' },
      { type: 'usage', inputTokens: 3, outputTokens: 2 },
    ],
  ]),
  ...[[], ['one', 'two']].map(([one, two]): [string, readonly object[], readonly object[]] => [
    `several completions: ${one}, ${two}`,
    [
      { id: one, ...chunk({ content: 'Hi' }) },
      chunk({}, { finish_reason: 'stop' }),
      { ...used(2, one), choices: [] },
      { ...used(4, two), choices: [{ message: { content: 'Ho' }, finish_reason: 'stop' }] },
    ],
    [
      text('Hi'),
      { type: 'finish', finishReason: 'stop' },
      { type: 'usage', inputTokens: 3, outputTokens: 2 },
      text('Ho'),
      { type: 'finish', finishReason: 'stop' },
      { type: 'usage', inputTokens: 3, outputTokens: 4 },
    ],
  ]),
  [
    'Gemini: several answers',
    [
      { responseId: 'a', candidates: [{ finishReason: 'STOP' }], usageMetadata: { promptTokenCount: 1 } },
      { responseId: 'b', candidates: [], usageMetadata: { promptTokenCount: 3 } },
      { responseId: 'b', candidates: [], usageMetadata: { promptTokenCount: 4 } },
    ],
    [
      { type: 'usage', inputTokens: 1, provider: 'google' },
      { type: 'finish', finishReason: 'stop' },
      { type: 'usage', inputTokens: 4, provider: 'google' },
    ],
  ],
])('what a provider counts, and calls: %s', async (_, events, expected) => {
  expect(await told(events)).toEqual(expected)
})
