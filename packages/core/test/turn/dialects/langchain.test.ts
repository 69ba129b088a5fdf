import { expect, it } from 'vitest'
import { answered, call, reasoning, text } from './answered.js'

/** As the classes of LangChain serialize. */
class Serialized {
  readonly #name: string
  readonly #kwargs: object
  constructor(name: string, kwargs: object) {
    this.#name = name
    this.#kwargs = kwargs
  }
  toJSON() {
    const id = ['langchain_core', 'messages', this.#name]
    return { lc: 1, type: 'constructor', id, kwargs: this.#kwargs }
  }
}
const chunk = (kwargs: object, id = 'run') => new Serialized('AIMessageChunk', { content: '', id, ...kwargs })
const piece = (args: string, more: object = {}) => ({
  tool_call_chunks: [{ index: 0, args, type: 'tool_call_chunk', ...more }],
  // What can be read of the arguments so far.
  tool_calls: [{ name: '', args: {}, type: 'tool_call' }],
})
const counts = {
  input_tokens: 9,
  output_tokens: 5,
  total_tokens: 14,
  input_token_details: { cache_read: 3, cache_creation: 2 },
  output_token_details: { reasoning: 1 },
}
const usage = {
  inputTokens: 9,
  outputTokens: 5,
  cachedInputTokens: 3,
  cacheWriteTokens: 2,
  reasoningTokens: 1,
  model: 'gpt',
}
const end = { finish_reason: 'tool_calls', model_name: 'gpt' }

it('reads chunks of a message', async () => {
  const chunks = [
    chunk({ additional_kwargs: { reasoning_content: 'Hm' } }),
    chunk({ content: 'Hel' }),
    chunk({ content: 'lo' }),
    chunk(piece('', { id: 'c', name: 'add' })),
    chunk(piece('{"a":')),
    chunk(piece('1}')),
    chunk({ response_metadata: end }),
    chunk({ usage_metadata: counts }),
  ]
  expect(await answered(chunks)).toMatchObject({
    status: 'completed',
    finishReason: 'tool-calls',
    content: [[reasoning('Hm'), text('Hello'), call('c')]],
    usage,
  })
})

it('reads a whole message', async () => {
  const message = new Serialized('AIMessage', {
    content: 'Hello',
    tool_calls: [{ id: 'c', name: 'add', args: { a: 1 }, type: 'tool_call' }],
    response_metadata: end,
    usage_metadata: counts,
  })
  expect(await answered(message)).toMatchObject({
    finishReason: 'tool-calls',
    content: [[text('Hello'), call('c')]],
    usage,
  })
})

it("reads blocks of Anthropic's, whose calls come apart", async () => {
  const chunks = [
    chunk({ content: [{ index: 0, type: 'thinking', thinking: 'Hm' }] }),
    chunk({ content: [{ index: 0, type: 'thinking', signature: 'S' }] }),
    chunk({ content: [{ index: 1, type: 'text', text: 'Hel' }] }),
    chunk({ content: [{ index: 1, type: 'text', text: 'lo' }] }),
    chunk({ content: [{ index: 1, type: 'text', text: '', citations: [{ url: 'https://a' }] }] }),
    chunk({
      content: [{ index: 2, type: 'tool_use', id: 'c', name: 'add', input: '' }],
      ...piece('', { index: 2, id: 'c', name: 'add' }),
    }),
    chunk({
      content: [{ index: 2, type: 'input_json_delta', input: '{"a":1}' }],
      ...piece('{"a":1}', { index: 2 }),
    }),
    chunk({ additional_kwargs: { stop_reason: 'tool_use' } }),
  ]
  expect(await answered(chunks)).toMatchObject({
    finishReason: 'tool-calls',
    content: [[reasoning('Hm', { signature: 'S' }), text('Hello'), call('c')]],
    sources: [{ url: 'https://a' }],
  })
})

it('reads several messages, and what a tool gave between them', async () => {
  const chunks = [
    chunk(piece('{"a":1}', { id: 'c', name: 'add' }), 'one'),
    new Serialized('ToolMessage', { tool_call_id: 'c', name: 'add', content: '2', status: 'error' }),
    chunk({ content: 'Two' }, 'two'),
    new Serialized('HumanMessage', { content: 'never' }),
  ]
  expect((await answered(chunks)).content).toEqual([
    [call('c')],
    [{ type: 'tool-result', toolCallId: 'c', toolName: 'add', output: '2', isError: true }],
    'Two',
  ])
})

it('leaves parts of the application alone that only look like one', async () => {
  const given = [{ type: 'constructor', id: 'a', kwargs: {} }]
  expect((await answered(given)).content).toEqual([given])
})
