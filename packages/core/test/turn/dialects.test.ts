import { expect, it } from 'vitest'
import { told } from './turns.js'

const call = (input: unknown = { q: 1 }) => ({ type: 'tool-call', toolCallId: 'c', toolName: 't', input })
const result = (output: unknown, more: object = {}) => ({
  type: 'tool-result',
  toolCallId: 'c',
  toolName: 't',
  output,
  ...more,
})
const named = { toolCallId: 'c', toolName: 't' }
const text = (said: string) => ({ type: 'text', text: said })

it.each<[string, readonly object[], readonly object[]]>([
  [
    'what is only about the stream',
    'start start-step stream-start step-start raw abort text-end tool-input-start tool-input-delta tool-input-end message-metadata'
      .split(' ')
      .map((type) => ({ type, id: 'i', delta: 'd' })),
    [],
  ],
  [
    'texts',
    [
      { type: 'text-start', id: 't' },
      { type: 'text-delta', id: 't', delta: 'He' },
      { type: 'text-delta', id: 't', text: 'llo' },
      { type: 'reasoning-start', id: 'r' },
      { type: 'reasoning-delta', id: 'r', text: 'hm', delta: 'no' },
      { type: 'reasoning-end', id: 'r', providerMetadata: { p: { signature: 's' } } },
      { type: 'reasoning-end', id: 'r' },
    ],
    [
      { ...text('He'), id: 't' },
      { ...text('llo'), id: 't' },
      { type: 'reasoning', id: 'r', text: 'hm' },
      { type: 'reasoning', id: 'r', text: '', providerMetadata: { p: { signature: 's' } } },
    ],
  ],
  [
    'tools of a stream',
    [
      call(),
      { type: 'tool-result', ...named, output: 'soon', preliminary: true },
      { type: 'tool-result', ...named, result: 'found' },
      call(),
      { type: 'tool-result', ...named, output: 'found', preliminary: false },
      call(),
      { type: 'tool-result', ...named, result: null },
      call(),
      { type: 'tool-error', ...named, error: 'sold out', input: {} },
      call(),
      { type: 'tool-error', ...named },
      call(),
      { type: 'tool-output-denied', ...named },
    ],
    ['found', { output: 'found', preliminary: false }, null, 'sold out', null, 'denied'].flatMap(
      (output, n) => {
        const toolCallId = n === 0 ? 'c' : `c-${n + 1}`
        const more =
          n === 1 ? { preliminary: false } : n > 2 ? { isError: true, ...(n === 3 ? { input: {} } : {}) } : {}
        const said = n === 1 ? 'found' : n === 5 ? { type: 'execution-denied' } : output
        return [
          { ...call(), toolCallId },
          { ...result(said, more), toolCallId },
        ]
      },
    ),
  ],
  [
    'tools of a stream of UI messages',
    [
      { type: 'tool-input-available', ...named, input: { q: 1 } },
      { type: 'tool-output-available', ...named, output: 'soon', preliminary: true },
      { type: 'tool-output-available', ...named, output: 'found' },
      { type: 'tool-input-error', ...named, input: { q: 1 } },
      { type: 'tool-output-error', ...named, errorText: 'sold out' },
      { type: 'tool-input-available', ...named, input: { q: 1 } },
      { type: 'tool-output-error', ...named },
    ],
    [
      call(),
      result('found'),
      { ...call(), toolCallId: 'c-2' },
      { ...result('sold out', { errorText: 'sold out', isError: true }), toolCallId: 'c-2' },
      { ...call(), toolCallId: 'c-3' },
      { ...result(null, { isError: true }), toolCallId: 'c-3' },
    ],
  ],
  [
    'calls whose input is wrong, of which version 6 tells twice',
    [
      { type: 'tool-input-error', ...named, input: { q: 1 }, errorText: 'no number' },
      { type: 'tool-output-error', ...named, errorText: 'no number' },
      { type: 'tool-input-error', ...named, input: { q: 1 }, errorText: 'no text' },
      { type: 'tool-input-available', ...named, input: { q: 1 } },
      { type: 'tool-output-error', ...named, errorText: 'sold out' },
    ],
    [
      call(),
      { ...call(), toolCallId: 'c-2' },
      { ...call(), toolCallId: 'c-3' },
      ...['no number', 'no text', 'sold out'].map((errorText, n) => ({
        ...result(errorText, { errorText, isError: true }),
        toolCallId: n === 0 ? 'c' : `c-${n + 1}`,
      })),
    ],
  ],
  [
    'questions to a person',
    [
      call(),
      { type: 'tool-approval-request', approvalId: 'x', toolCall: call() },
      call(),
      { type: 'tool-approval-request', approvalId: 'y', toolCall: call(), signature: 's' },
      { type: 'tool-approval-request', approvalId: 'z', toolCallId: 'c-2' },
      { type: 'tool-approval-request', approvalId: 'w', toolCallId: 'd' },
    ],
    [
      call(),
      { type: 'tool-approval-request', approvalId: 'x', toolCallId: 'c' },
      { ...call(), toolCallId: 'c-2' },
      { type: 'tool-approval-request', approvalId: 'y', toolCallId: 'c-2', signature: 's' },
      { type: 'tool-approval-request', approvalId: 'z', toolCallId: 'c-2' },
      { type: 'tool-approval-request', approvalId: 'w', toolCallId: 'd' },
    ],
  ],
  [
    'sources, models and ends',
    [
      { type: 'source-url', url: 'https://a.test' },
      { type: 'source-document', title: 'Guide' },
      { type: 'response-metadata', modelId: 'm' },
      { type: 'response-metadata', id: 'x' },
      { type: 'finish-step', usage: { inputTokens: 2 }, response: { modelId: 'n' }, finishReason: 'stop' },
      { type: 'finish-step', response: {} },
    ],
    [
      { type: 'source', url: 'https://a.test' },
      { type: 'source', title: 'Guide' },
      { type: 'usage', model: 'm' },
      { type: 'usage', inputTokens: 2, model: 'n' },
      { type: 'finish', finishReason: 'stop' },
    ],
  ],
])('of the AI SDK: %s', async (_, events, expected) => {
  expect(await told(events)).toEqual(expected)
})

it.each<[string, readonly object[], readonly object[]]>([
  [
    'a stream',
    [
      { type: 'message_start', message: { model: 'm', usage: { input_tokens: 3, output_tokens: 1 } } },
      { type: 'ping' },
      { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'hm' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 's' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'other_delta' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'Hi' } },
      {
        type: 'content_block_delta',
        index: 1,
        delta: { type: 'citations_delta', citation: { url: 'u', type: 'x' } },
      },
      {
        type: 'content_block_start',
        index: 2,
        content_block: { type: 'tool_use', id: 'c', name: 't', input: {} },
      },
      {
        type: 'content_block_start',
        index: 3,
        content_block: { type: 'tool_use', id: 'd', name: 't', input: { q: 2 } },
      },
      { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '{"q"' } },
      { type: 'content_block_delta', index: 9, delta: { type: 'input_json_delta', partial_json: 'lost' } },
      { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: ':1}' } },
      { type: 'content_block_stop', index: 2 },
      { type: 'content_block_stop', index: 3 },
      { type: 'content_block_stop', index: 3 },
      {
        type: 'message_delta',
        delta: { stop_reason: 'tool_use' },
        usage: { input_tokens: null, output_tokens: 4 },
      },
      { type: 'message_stop' },
    ],
    [
      { type: 'reasoning', text: 'hm' },
      { type: 'reasoning', text: '', signature: 's' },
      text('Hi'),
      { type: 'source', url: 'u' },
      call(),
      { ...call({ q: 2 }), toolCallId: 'd' },
      { type: 'usage', inputTokens: 3, outputTokens: 4, model: 'm', provider: 'anthropic' },
      { type: 'finish', finishReason: 'tool-calls' },
    ],
  ],
  [
    'a stream that broke off',
    [{ type: 'message_start', message: { usage: { input_tokens: 3 } } }],
    [{ type: 'usage', inputTokens: 3, provider: 'anthropic' }],
  ],
  [
    'deltas that say nothing',
    ['text_delta', 'thinking_delta'].map((type) => ({
      type: 'content_block_delta',
      index: 0,
      delta: { type },
    })),
    [text(''), { type: 'reasoning', text: '' }],
  ],
  [
    'a whole message',
    [
      {
        type: 'message',
        model: 'm',
        content: [text('Hi')],
        stop_reason: 'end_turn',
        usage: { input_tokens: 3 },
      },
    ],
    [
      text('Hi'),
      { type: 'usage', inputTokens: 3, model: 'm', provider: 'anthropic' },
      { type: 'finish', finishReason: 'stop' },
    ],
  ],
])('of Anthropic: %s', async (_, events, expected) => {
  expect(await told(events)).toEqual(expected)
})

const chunk = (delta: object, more: object = {}) => ({ choices: [{ delta, ...more }] })

it.each<[string, readonly object[], readonly object[]]>([
  [
    'chunks of Chat Completions',
    [
      { model: 'm', ...chunk({ reasoning_content: 'h' }) },
      chunk({ reasoning: 'm', content: '' }),
      chunk({ reasoning: '', content: 'Hi', refusal: '' }),
      chunk({ refusal: 'no' }),
      chunk({
        tool_calls: [
          { index: 1, id: 'c', function: { name: 't' } },
          { index: 0, id: 'd', function: { name: 'u', arguments: '{}' } },
        ],
      }),
      chunk({ tool_calls: [{ index: 1, id: 'never', function: { name: 'nor', arguments: '{"q":' } }] }),
      chunk({ tool_calls: [{ index: 1, function: { arguments: '1}' } }] }),
      chunk({}, { finish_reason: 'tool_calls' }),
      { choices: [], usage: {} },
      { choices: [], usage: { prompt_tokens: 3 } },
    ],
    [
      { type: 'reasoning', text: 'h' },
      { type: 'reasoning', text: 'm' },
      text('Hi'),
      { ...text('no'), refusal: true },
      call(),
      { ...call({}), toolCallId: 'd', toolName: 'u' },
      { type: 'finish', finishReason: 'tool-calls' },
      { type: 'usage', inputTokens: 3, model: 'm' },
    ],
  ],
  [
    'a completion, whose calls have no index',
    [
      {
        choices: [
          {
            message: {
              content: 'Hi',
              tool_calls: ['c', 'd'].map((id) => ({ id, function: { name: 't', arguments: '{"q":1}' } })),
            },
            finish_reason: 'stop',
          },
        ],
      },
    ],
    [text('Hi'), call(), { ...call(), toolCallId: 'd' }, { type: 'finish', finishReason: 'stop' }],
  ],
  [
    'calls that broke off',
    [chunk({ tool_calls: [{ index: 0, id: 'c', function: { name: 't', arguments: '{"q":1}' } }] })],
    [call()],
  ],
  [
    'events of Responses',
    [
      { type: 'response.created' },
      { type: 'response.reasoning_text.delta', item_id: 'r', delta: 'h' },
      { type: 'response.reasoning_summary_text.delta', delta: 'm' },
      { type: 'response.output_text.delta', item_id: 'i', delta: 'Hi' },
      { type: 'response.refusal.delta', item_id: 'j', delta: 'no' },
      { type: 'response.output_item.done', item: { type: 'reasoning', id: 'r', encrypted_content: 'e' } },
      { type: 'response.output_item.done', item: { type: 'message', id: 'i', content: [text('Hi')] } },
      { type: 'response.output_item.done', item: { type: 'file', id: 'k' } },
      {
        type: 'response.incomplete',
        response: {
          model: 'm',
          usage: { input_tokens: 3 },
          incomplete_details: { reason: 'max_output_tokens' },
          status: 'incomplete',
        },
      },
    ],
    [
      { type: 'reasoning', id: 'r', text: 'h' },
      { type: 'reasoning', text: 'm' },
      { ...text('Hi'), id: 'i' },
      { ...text('no'), refusal: true },
      { type: 'reasoning', id: 'r', text: '', encrypted_content: 'e' },
      { type: 'file', id: 'k' },
      { type: 'usage', inputTokens: 3, model: 'm', provider: 'openai' },
      { type: 'finish', finishReason: 'length' },
    ],
  ],
  [
    'a whole response',
    [{ object: 'response', output: [text('Hi'), 7], usage: { input_tokens: 3 }, status: 'completed' }],
    [
      text('Hi'),
      { type: 'usage', inputTokens: 3, provider: 'openai' },
      { type: 'finish', finishReason: 'stop' },
    ],
  ],
])('of OpenAI: %s', async (_, events, expected) => {
  expect(await told(events)).toEqual(expected)
})

it.each<[string, readonly object[], readonly object[]]>([
  [
    'chunks',
    [
      { candidates: [{ content: { parts: [{ text: 'He' }] } }], modelVersion: 'g' },
      {
        candidates: [{ content: { parts: [{ text: 'llo' }] }, finishReason: 'STOP' }],
        usageMetadata: { promptTokenCount: 1 },
      },
      { usageMetadata: { promptTokenCount: 3 }, modelVersion: 'g' },
    ],
    [
      text('He'),
      text('llo'),
      { type: 'usage', inputTokens: 3, model: 'g', provider: 'google' },
      { type: 'finish', finishReason: 'stop' },
    ],
  ],
  [
    'what only looks like one',
    [{ type: 'custom', candidates: [], usageMetadata: {} }],
    [{ type: 'custom', candidates: [], usageMetadata: {} }],
  ],
])('of Gemini: %s', async (_, events, expected) => {
  expect(await told(events)).toEqual(expected)
})
