import { expect, it } from 'vitest'
import { answered, call, reasoning, text } from './answered.js'
import { chunk, piece, Serialized } from './serialized.js'

const whole = (kwargs: object) => new Serialized('AIMessage', { content: '', tool_calls: [], ...kwargs })
const called = (id: string | undefined, more: object = {}) => ({
  type: 'tool_call',
  name: 'add',
  args: { a: 1 },
  ...(id === undefined ? {} : { id }),
  ...more,
})
const signed = { thoughtSignature: 'S' }

it('keeps the signature of a thought with its call, wherever LangChain has it', async () => {
  const byId = { additional_kwargs: { __gemini_function_call_thought_signatures__: { c: 'S' } } }
  const byPlace = { additional_kwargs: { signatures: ['', 'S', ''] } }
  const pieces = [
    { index: 0, id: 'c', name: 'add', args: '{"a":1}' },
    { index: 1, id: 'd', name: 'add', args: '{"a":1}' },
  ]
  const messages = [
    whole({ tool_calls: [called('c'), called('d')], ...byId }),
    whole({ content: 'Hi', tool_calls: [called('c'), called('d')], ...byPlace }),
    whole({ tool_calls: [called('c', signed), called('d')] }),
    [chunk({ tool_call_chunks: pieces, ...byId })],
    [chunk({ content: 'Hi', tool_call_chunks: pieces, ...byPlace })],
    [chunk({ tool_calls: [called('c', signed), called('d')], tool_call_chunks: [] })],
  ]
  for (const message of messages) {
    const { content } = await answered(message)
    expect((content[0] as object[]).slice(-2)).toEqual([call('c', { a: 1 }, signed), call('d')])
  }
})

it('keeps the signature of a text, and shows a thought of Gemini as none of the answer', async () => {
  const block = (said: object) => chunk({ content: [{ type: 'text', ...said }] })
  const chunks = [
    block({ text: 'H', thought: true }),
    block({ text: 'm', thought: true }),
    block({ text: 'Hel' }),
    chunk({ content: 'lo', additional_kwargs: { originalTextContentBlock: { type: 'text', ...signed } } }),
    chunk({ additional_kwargs: { finishReason: 'STOP' } }),
  ]
  expect(await answered(chunks)).toMatchObject({
    content: [[reasoning('Hm'), text('Hello', signed)]],
    finishReason: 'stop',
  })
  const thought = { type: 'reasoning', reasoning: 'Hm', thought: true, reasoningContentBlock: { text: 'Hm' } }
  expect((await answered(whole({ content: [thought] }))).content).toEqual([[reasoning('Hm')]])
})

it('runs a call once that comes whole in a stream, or again without its id', async () => {
  const twice = { tool_calls: [called('c'), called(undefined)], content: [called(undefined), called('c')] }
  for (const given of [whole(twice), [chunk({ tool_call_chunks: [], ...twice })]]) {
    let runs = 0
    const tools = { add: { execute: () => ++runs } }
    const { content } = await answered(given, tools)
    expect(content[0]).toEqual([call('c')])
    expect(runs).toBe(1)
  }
  const told = { additional_kwargs: { finishReason: 'STOP' } }
  expect(await answered([chunk({ tool_calls: [called('c')], ...told })])).toMatchObject({
    finishReason: 'tool-calls',
  })
  expect((await answered(whole({ tool_calls: [called(undefined)] }))).content).toEqual([[call('add')]])
})

it('gives a tool of Google its picture as a file', async () => {
  const content = [{ type: 'inlineData', inlineData: { mimeType: 'image/png', data: 'AAAA' } }]
  const file = { type: 'file', mediaType: 'image/png', data: 'AAAA' }
  expect((await answered(whole({ content }))).content).toEqual([[file]])
})

const input = (args: string) => ({ tool_call_chunks: [{ index: 2, args }] })

it('joins the input of a tool that the provider runs, and fails for none that LangChain left out', async () => {
  for (const [type, field, empty] of [
    ['server_tool_use', 'input', ''],
    ['server_tool_call', 'args', { query: '' }],
  ] as const) {
    const block = { index: 2, type, id: 's', name: 'web_search' }
    const found = { type: 'web_search_tool_result', tool_use_id: 's', content: [] }
    const chunks = [
      chunk({ content: [{ ...block, [field]: empty }] }),
      chunk(input('')),
      chunk({ content: [{ index: 2, type: 'input_json_delta', input: '{"query":' }], ...input('{"query":') }),
      chunk(input('"q"}')),
      chunk({ content: [{ index: 3, ...found }] }),
      chunk({ content: 'Hello' }),
      chunk(piece('{"a":', { index: 4, id: 'c', name: 'add' })),
      chunk(piece('1}', { index: 4 })),
    ]
    const { content, status } = await answered(chunks)
    expect(status).toBe('completed')
    const { index: _, ...kept } = block
    expect(content).toEqual([[{ ...kept, [field]: { query: 'q' } }, found, text('Hello'), call('c')]])
    expect((await answered(chunks.slice(0, 4))).content).toEqual([[{ ...kept, [field]: { query: 'q' } }]])
    expect((await answered(chunks.slice(0, 1))).content).toEqual([
      [{ ...kept, [field]: typeof empty === 'string' ? {} : empty }],
    ])
  }
  expect(
    (await answered([chunk(input('{"x":')), chunk({ content: 'Hi' }), chunk(input('1}'))])).content,
  ).toEqual(['Hi'])
})

const summary = ['Hm', 'So'].map((said) => ({ type: 'summary_text', text: said }))
const thought = { type: 'reasoning', id: 'rs', summary, encrypted_content: 'E' }
const search = { type: 'web_search_call', id: 'ws', status: 'completed' }
const custom = { type: 'custom_tool_call', id: 'ct', call_id: 'c', name: 'add', input: '1' }
const message = {
  type: 'message',
  id: 'm',
  phase: 'commentary',
  content: [{ type: 'output_text', text: 'Hello', annotations: [] }],
}
const response = (output: object[]) => ({
  response_metadata: { object: 'response', status: 'completed', output },
})

it("keeps what OpenAI's Responses say beside the content: sealed thoughts, tools of the provider, ids", async () => {
  const thinking = (more: object) => ({ additional_kwargs: { reasoning: { type: 'reasoning', ...more } } })
  const words = (said: string, index: number) =>
    chunk({ content: [{ type: 'reasoning', reasoning: said, index }], ...thinking({ summary: [] }) })
  const output = [thought, search, message, custom]
  const chunks = [
    chunk(thinking({ id: 'rs', summary: [] })),
    words('H', 0),
    words('m', 0),
    words('So', 1),
    chunk({ additional_kwargs: { tool_outputs: [search] } }),
    chunk({ content: [{ type: 'text', text: '', phase: 'commentary', index: 0 }] }),
    chunk({ content: [{ type: 'text', text: 'Hel', index: 0 }] }),
    chunk({ content: [{ type: 'text', text: 'lo', index: 0 }] }),
    chunk({
      tool_call_chunks: [{ index: 3, id: 'c', name: 'add', args: '', isCustomTool: true }],
      additional_kwargs: { __openai_custom_tool_call_ids__: { c: 'ct' } },
    }),
    chunk({ tool_call_chunks: [{ index: 3, args: '1', isCustomTool: true }] }),
    chunk({ additional_kwargs: { tool_outputs: [custom] } }),
    chunk(response(output)),
  ]
  const cited = { url: 'https://a' }
  const parts = [
    { ...thought, text: 'Hm\n\nSo' },
    search,
    text('Hello', { phase: 'commentary' }),
    call('c', '1', { id: 'ct', custom: true }),
  ]
  expect(await answered(chunks)).toMatchObject({ content: [parts], finishReason: 'tool-calls' })
  const content = [
    { type: 'reasoning', reasoning: 'HmSo' },
    { type: 'text', text: 'Hello', annotations: [cited] },
  ]
  const calls = [called('c', { args: { input: '1' }, isCustomTool: true })]
  expect(await answered(whole({ content, tool_calls: calls, ...response(output) }))).toMatchObject({
    content: [parts.map((part) => (part === parts[2] ? { ...part, id: 'm' } : part))],
    sources: [cited],
    finishReason: 'tool-calls',
  })
  expect((await answered(whole({ content, tool_calls: calls }))).content).toEqual([
    [reasoning('HmSo'), text('Hello'), call('c', '1', { custom: true })],
  ])
})

it('keeps a thought without words before its call', async () => {
  const sealed = { ...thought, summary: [] }
  const chunks = [
    chunk({ additional_kwargs: { reasoning: { type: 'reasoning', id: 'rs', summary: [] } } }),
    chunk({ content: 'Hello' }),
    chunk(response([sealed, message])),
  ]
  expect((await answered(chunks)).content).toEqual([[{ ...sealed, text: '' }, text('Hello')]])
})

it('keeps the two phases of an answer apart', async () => {
  const block = (said: string, phase?: string) => chunk({ content: [{ type: 'text', text: said, phase }] })
  const chunks = [
    block('', 'commentary'),
    block('Look'),
    chunk({ content: [{ type: 'text', text: '', extras: { phase: 'final_answer' } }] }),
    block('Do'),
    block('ne'),
  ]
  expect((await answered(chunks)).content).toEqual([
    [text('Look', { phase: 'commentary' }), text('Done', { phase: 'final_answer' })],
  ])
})

it('joins the details of a thought, which OpenRouter wants back', async () => {
  const detail = (said: string, more: object = {}) => ({
    additional_kwargs: {
      reasoning_content: said,
      reasoning_details: [{ type: 'reasoning.text', index: 0, text: said, ...more }],
    },
  })
  const details = [{ type: 'reasoning.text', index: 0, text: 'Hmm', signature: 'S' }]
  const kept = [reasoning('Hmm', { id: 'run', reasoning_details: details }), text('Hello')]
  const chunks = [chunk(detail('H')), chunk(detail('mm', { signature: 'S' })), chunk({ content: 'Hello' })]
  expect((await answered(chunks)).content).toEqual([kept])
  const message = whole({ id: 'run', content: 'Hello', ...detail('Hmm', { signature: 'S' }) })
  expect((await answered(message)).content).toEqual([kept])
})

it('counts what LangChain has not read of the usage, once', async () => {
  const counts = { prompt_tokens: 5, completion_tokens: 4 }
  const unread = { response_metadata: { usage: counts, model_name: 'gpt' } }
  const read = { usage_metadata: { input_tokens: 5, output_tokens: 4 } }
  const told = { inputTokens: 5, outputTokens: 4 }
  const answers = [
    [chunk(unread), chunk({ content: 'Hi', response_metadata: { usage: {} } })],
    [chunk({ response_metadata: { usage: { prompt_tokens: 50 } } }), chunk({ content: 'Hi', ...read })],
    [chunk({ content: 'Hi', ...unread, ...read })],
    whole({ content: 'Hi', ...unread }),
    whole({ content: 'Hi', response_metadata: { tokenUsage: { promptTokens: 5, completionTokens: 4 } } }),
    whole({ content: 'Hi', response_metadata: { usageMetadata: read.usage_metadata } }),
  ]
  for (const answer of answers) expect((await answered(answer)).usage).toMatchObject(told)
  const several = [chunk(unread), chunk({ content: 'Hi', ...read }, 'other'), chunk(unread, 'third')]
  expect((await answered(several)).usage).toMatchObject({ inputTokens: 15, outputTokens: 12 })
})

it('counts what later pieces take back, also of an answer that breaks off', async () => {
  const counts = (output_tokens: number, cache_read?: number) =>
    chunk({
      content: 'Hi',
      usage_metadata: { input_tokens: 0, output_tokens, input_token_details: { cache_read } },
    })
  const pieces = [counts(9, 3), counts(-4), counts(2, 1)]
  const told = { outputTokens: 7, cachedInputTokens: 4 }
  expect(await answered(pieces)).toMatchObject({ status: 'completed', usage: told })
  const broken = function* () {
    yield* pieces
    throw new Error('broken')
  }
  expect(await answered(broken())).toMatchObject({ status: 'failed', usage: told })
})

it('joins calls of agents that run at once, whatever of the others comes between', async () => {
  const begun = (id: string) => piece('{"a":', { id, name: 'add' })
  const result = new Serialized('ToolMessage', { tool_call_id: 'e', name: 'add', content: '2' })
  const chunks = [
    chunk(begun('c'), 'one'),
    chunk({ content: 'Hi', ...piece('', { id: 'e', name: 'add' }) }, 'two'),
    chunk(piece('1'), 'one'),
    result,
    chunk(piece('}'), 'one'),
    chunk(piece(''), 'one'),
    chunk({ content: 'Done' }, 'three'),
  ]
  const { status, content } = await answered(chunks)
  expect(status).toBe('completed')
  expect(content).toEqual([
    [text('Hi'), call('e', {})],
    [{ type: 'tool-result', toolCallId: 'e', toolName: 'add', output: '2' }],
    [call('c'), text('Done')],
  ])
})

it('reads many messages, each with its own', async () => {
  const thought = { type: 'reasoning', reasoning: 'Hm', id: 'rs' }
  const chunks = Array.from({ length: 150 }, (_, index) => chunk({ content: [thought] }, String(index)))
  const { content, status } = await answered([...chunks, chunk({ content: 'Hi' }, '149')])
  expect(status).toBe('completed')
  expect(content[0]!.at(-1)).toEqual(text('Hi', { id: '149' }))
})
