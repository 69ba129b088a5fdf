import { expect, it } from 'vitest'
import { answered, call, reasoning, text } from './answered.js'
import { chunk, piece, Serialized } from './serialized.js'

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

it('keeps what a text cites, though the piece has no text, and a thought without the empty signature of its beginning', async () => {
  const chunks = [
    chunk({ content: [{ index: 0, type: 'thinking', thinking: '', signature: '' }] }),
    chunk({ content: [{ index: 0, type: 'thinking', thinking: 'Hm' }] }),
    chunk({ content: [{ index: 0, type: 'thinking', signature: 'S' }] }),
    chunk({ content: 'Hello' }),
    chunk({ content: [{ index: 1, type: 'text', citations: [{ url: 'https://a' }] }] }),
    chunk({ content: [{ index: 1, type: 'text', text: '', annotations: [{ url: 'https://b' }] }] }),
  ]
  expect(await answered(chunks)).toMatchObject({
    status: 'completed',
    content: [[reasoning('Hm', { signature: 'S' }), text('Hello')]],
    sources: [{ url: 'https://a' }, { url: 'https://b' }],
  })
})

it('reads blocks in the form that LangChain has for all providers', async () => {
  const other = (value: object) => ({ content: [{ type: 'non_standard', value }] })
  const anthropic = [
    chunk({ content: [{ type: 'reasoning', reasoning: 'H' }] }),
    chunk({ content: [{ type: 'reasoning', reasoning: 'm' }] }),
    chunk(other({ index: 0, type: 'thinking', signature: 'S' })),
    chunk(other({ index: 1, type: 'redacted_thinking', data: 'R' })),
    chunk({ content: [{ type: 'text', text: 'Hello' }] }),
    chunk(other({ index: 2, type: 'text', citations: [{ url: 'https://a' }] })),
  ]
  expect(await answered(anthropic)).toMatchObject({
    content: [[reasoning('Hm', { signature: 'S' }), reasoning('', { data: 'R' }), text('Hello')]],
    sources: [{ url: 'https://a' }],
  })
})

const ofResponses = (more: object = {}) => ({
  response_metadata: { object: 'response', status: 'completed', ...more },
})

it("tells a thought of OpenAI's Responses once, and why the answer ended", async () => {
  const whole = { type: 'reasoning', reasoning: 'Hmm', id: 'rs', encrypted_content: 'E' }
  const chunks = [
    chunk({}),
    chunk({ content: [{ type: 'reasoning', reasoning: '', id: 'rs' }], id: undefined }),
    chunk({ content: [{ type: 'reasoning', reasoning: 'Hm' }], id: undefined }),
    chunk({ content: [{ type: 'reasoning', reasoning: 'm' }], id: undefined }),
    chunk({ ...piece('{"a":', { id: 'c', name: 'add' }), id: undefined }),
    chunk({ ...piece('1}'), id: undefined }),
    chunk({ content: [whole], ...ofResponses() }),
  ]
  const thought = reasoning('Hmm', { id: 'rs', encrypted_content: 'E' })
  expect(await answered(chunks)).toMatchObject({
    finishReason: 'tool-calls',
    content: [[thought, call('c')]],
  })
  const message = new Serialized('AIMessage', {
    content: [whole, text('Hel')],
    ...ofResponses({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }),
  })
  expect(await answered(message)).toMatchObject({ finishReason: 'length', content: [[thought, text('Hel')]] })
})

it('keeps a refusal, and a call whose arguments were cut off', async () => {
  const refused = chunk({ additional_kwargs: { refusal: 'No.' }, ...ofResponses() })
  expect((await answered([refused])).content).toEqual([[text('No.', { refusal: true })]])
  const message = new Serialized('AIMessage', {
    content: '',
    tool_calls: [],
    invalid_tool_calls: [{ id: 'c', name: 'add', args: '{"a":', type: 'invalid_tool_call' }],
    response_metadata: { stopReason: 'max_tokens' },
  })
  const { content, finishReason } = await answered(message)
  expect(content).toEqual([[call('c', '{"a":')]])
  expect(finishReason).toBe('length')
})

it('runs the words of several messages not together, and joins calls whose pieces come by turns', async () => {
  const begun = (name: string) => piece('{"a":', { id: name, name: 'add' })
  const chunks = [
    chunk({ content: 'Hello' }, 'one'),
    chunk({ content: 'Wor' }, 'two'),
    chunk(begun('c'), 'one'),
    chunk({ content: 'ld', ...begun('d') }, 'two'),
    chunk(piece('1}'), 'one'),
    chunk(piece('2}'), 'two'),
    new Serialized('ToolMessage', { tool_call_id: 'c', name: 'add', content: '2' }),
    chunk({ content: 'Done' }, 'three'),
  ]
  const { content } = await answered(chunks)
  expect(content[0]).toEqual([text('Hello'), text('World', { id: 'two' }), call('c'), call('d', { a: 2 })])
  expect(content.at(-1)).toBe('Done')
})

it('reads chunks that have no id at all', async () => {
  const chunks = [
    chunk({ content: 'Hello', id: undefined }),
    chunk({ ...piece('{"a":', { id: 'c', name: 'add' }), id: undefined }),
    chunk({ ...piece('1}'), id: null }),
  ]
  expect((await answered(chunks)).content).toEqual([[text('Hello'), call('c')]])
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

it('reads what a server says without a role', async () => {
  const said = (content: string, more: object = {}) =>
    new Serialized('ChatMessageChunk', { content, id: 'run', ...more })
  const events = [said('Hel'), said('lo', { role: 'assistant' }), said('', { response_metadata: end })]
  expect(await answered(events)).toMatchObject({ content: ['Hello'], finishReason: 'tool-calls' })
  const whole = [
    new Serialized('ChatMessage', { content: 'Ask', role: 'user' }),
    new Serialized('ChatMessage', { content: 'Hi' }),
  ]
  expect((await answered(whole)).content).toEqual(['Hi'])
})

it('reads the calls of each step where neither chunks nor messages have ids', async () => {
  const nameless = (kwargs: object) => new Serialized('AIMessageChunk', { content: '', ...kwargs })
  const result = (toolCallId: string) =>
    new Serialized('ToolMessage', { tool_call_id: toolCallId, content: '2' })
  // A call without arguments may have no text of them; and some models count their calls anew in each step.
  for (const [id, args] of [
    ['d', ''],
    ['d', '{}'],
    ['c', '{}'],
  ] as const) {
    const { content } = await answered([
      nameless(piece('', { id, name: 'now' })),
      nameless(piece(args)),
      result(id),
      nameless(piece('', { id: 'c', name: 'add' })),
      nameless(piece('{"a":1}')),
      result('c'),
      nameless({ content: 'Two' }),
    ])
    const calls = content.flat().filter((part) => (part as { type?: string }).type === 'tool-call')
    expect(calls).toMatchObject([{ toolName: 'now' }, { toolName: 'add', input: { a: 1 } }])
  }
})

it('reads the next call of a place whose first one was told before its result', async () => {
  const nameless = (kwargs: object) => new Serialized('AIMessageChunk', { content: '', ...kwargs })
  const other = new Serialized('ToolMessage', { tool_call_id: 'of another', content: '2' })
  const { content } = await answered([
    nameless(piece('{}', { id: 'd', name: 'now' })),
    other,
    nameless(piece('{"a":', { name: 'add' })),
    nameless(piece('1}')),
    other,
  ])
  const calls = content.flat().filter((part) => (part as { type?: string }).type === 'tool-call')
  expect(calls).toMatchObject([{ toolName: 'now' }, { toolName: 'add', input: { a: 1 } }])
})
