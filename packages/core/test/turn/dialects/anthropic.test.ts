import { expect, it } from 'vitest'
import { answered, broken, call, reasoning, text } from './answered.js'

const start = {
  type: 'message_start',
  message: { model: 'm', usage: { input_tokens: 10, output_tokens: 1 } },
}
const begin = (index: number, content_block: object) => ({
  type: 'content_block_start',
  index,
  content_block,
})
const delta = (index: number, given: object) => ({ type: 'content_block_delta', index, delta: given })
const stop = (index: number) => ({ type: 'content_block_stop', index })
const end = (stop_reason: string, usage: object = { output_tokens: 4 }) => [
  { type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage },
  { type: 'message_stop' },
]

it('keeps what the beginning of a block says already', async () => {
  const events = [
    start,
    begin(0, { type: 'thinking', thinking: 'Hm', signature: 'S' }),
    stop(0),
    begin(1, { type: 'thinking', thinking: '', signature: '' }),
    delta(1, { type: 'thinking_delta', thinking: 'So' }),
    stop(1),
    begin(2, { type: 'text', text: 'Begin ', citations: [{ type: 'x', url: 'https://a' }] }),
    delta(2, { type: 'text_delta', text: 'end' }),
    stop(2),
    ...end('end_turn'),
  ]
  expect(await answered(events)).toMatchObject({
    content: [[reasoning('Hm', { signature: 'S' }), reasoning('So'), text('Begin end')]],
    sources: [{ url: 'https://a' }],
  })
})

it('keeps what a whole answer cites as it keeps that of a stream', async () => {
  const citation = { type: 'web_search_result_location', url: 'https://a', title: 'A' }
  const content = [text('See ', { citations: null }), text('A', { citations: [citation] }), text('.')]
  const given = {
    type: 'message',
    role: 'assistant',
    content,
    stop_reason: 'end_turn',
    usage: { input_tokens: 3 },
  }
  expect(await answered(given)).toMatchObject({
    content: ['See A.'],
    sources: [{ url: 'https://a', title: 'A' }],
  })
})

it('takes no half of an answer for a whole one', async () => {
  const events = [start, begin(0, { type: 'text', text: '' }), delta(0, { type: 'text_delta', text: 'Half' })]
  expect(await answered(events)).toMatchObject({ ...broken, content: ['Half'], usage: { inputTokens: 10 } })
})

it('runs no tool with a part of its input, when the window of the model was full', async () => {
  const events = [
    start,
    begin(0, { type: 'tool_use', id: 'c', name: 'add', input: {} }),
    stop(0),
    ...end('model_context_window_exceeded'),
  ]
  const { content } = await answered(events, { add: { execute: () => 'ran' } })
  expect(content).toMatchObject([[call('c', {})], [{ toolCallId: 'c', isError: true }], 'done'])
})

it("keeps and counts a summary of Anthropic's own", async () => {
  const steps = [
    {
      type: 'compaction',
      input_tokens: 1000,
      output_tokens: 50,
      cache_read_input_tokens: 20,
      cache_creation_input_tokens: 0,
    },
    { type: 'message', input_tokens: 10, output_tokens: 4 },
  ]
  const events = [
    start,
    begin(0, { type: 'compaction', content: null, encrypted_content: null }),
    delta(0, { type: 'compaction_delta', content: 'So far', encrypted_content: 'ENC' }),
    stop(0),
    ...end('end_turn', {
      output_tokens: 4,
      output_tokens_details: { thinking_tokens: 3 },
      iterations: steps,
    }),
  ]
  expect(await answered(events)).toMatchObject({
    content: [[{ type: 'compaction', content: 'So far', encrypted_content: 'ENC' }]],
    usage: { inputTokens: 1030, outputTokens: 54, reasoningTokens: 3 },
  })
})
