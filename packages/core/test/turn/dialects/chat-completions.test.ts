import { expect, it } from 'vitest'
import { answered, broken, call, reasoning, text } from './answered.js'

const chunk = (delta: object, more: object = {}, beside: object = {}) => ({
  id: 'x',
  object: 'chat.completion.chunk',
  model: 'm',
  choices: [{ index: 0, delta, finish_reason: null, ...more }],
  ...beside,
})
const stop = chunk({}, { finish_reason: 'stop' })
const called = (fn: object, more: object = {}) => ({
  tool_calls: [{ index: 0, id: 'c', function: fn, ...more }],
})

it.each([
  ['a text', [chunk({ content: 'Half' })], 'Half'],
  ['a call without its arguments', [chunk(called({ name: 'add', arguments: '' }))], ''],
  ['a call', [chunk(called({ name: 'add', arguments: '{"a":1}' }))], ''],
])('takes no half of an answer for a whole one, and runs no tool of it: %s', async (_, events, content) => {
  const ran: unknown[] = []
  const outcome = await answered(events, { add: { execute: (input: unknown) => ran.push(input) } })
  expect(outcome).toMatchObject({ ...broken, content: [content] })
  expect(outcome.warnings[0]!.message).toContain('The stream of the model ended before its answer did.')
  expect(ran).toEqual([])
})

it('takes an answer that its provider broke off for a failure', async () => {
  const usage = { prompt_tokens: 3, completion_tokens: 1 }
  const events = [chunk({ content: 'Half' }), chunk({}, { finish_reason: 'error' }, { usage })]
  expect(await answered(events)).toMatchObject({ ...broken, content: ['Half'], usage: { inputTokens: 3 } })
})

it.each<[string, object[], object]>([
  [
    'with the choice',
    [chunk({}, { finish_reason: 'stop', usage: { prompt_tokens: 9, cached_tokens: 4 } })],
    { inputTokens: 9, cachedInputTokens: 4 },
  ],
  [
    'as Groq has them',
    [chunk({}, { finish_reason: 'stop' }, { x_groq: { usage: { prompt_tokens: 9 } } })],
    { inputTokens: 9 },
  ],
  [
    'in a chunk without choices',
    [stop, { object: 'chat.completion.chunk', choices: null, usage: { prompt_tokens: 9 } }],
    { inputTokens: 9 },
  ],
])('finds the counts %s', async (_, events, usage) => {
  expect(await answered([chunk({ content: 'Hi' }), ...events])).toMatchObject({ content: ['Hi'], usage })
})

const details = (...given: object[]) => ({ reasoning_details: given })
const detail = { type: 'reasoning.text', format: 'anthropic-claude-v1', index: 0 }
const sealed = { type: 'reasoning.encrypted', data: 'ENC', id: 'c', format: 'google-gemini-v1', index: 1 }
const whole = { ...detail, text: 'Let me', signature: 'S' }

it('keeps the thoughts of any model as OpenRouter wants them back', async () => {
  const events = [
    chunk({ content: '', reasoning: 'Let', ...details({ ...detail, text: 'Let' }) }),
    chunk({ reasoning: ' me', ...details({ ...detail, text: ' me', signature: null }) }),
    chunk({ ...details({ ...detail, signature: 'S' }) }),
    chunk({ content: 'Hi' }),
    chunk({ ...called({ name: 'add', arguments: '{"a":1}' }), ...details(sealed) }),
    chunk(details(sealed)),
    chunk({}, { finish_reason: 'tool_calls' }),
  ]
  const stored = [reasoning('Let me', { id: 'x', reasoning_details: [whole, sealed] }), text('Hi'), call('c')]
  expect((await answered(events)).content).toEqual([stored])
  const message = {
    content: 'Hi',
    reasoning: 'Let me',
    ...called({ name: 'add', arguments: '{"a":1}' }),
    ...details(whole, sealed),
  }
  const completion = {
    id: 'x',
    object: 'chat.completion',
    choices: [{ message, finish_reason: 'tool_calls' }],
  }
  expect((await answered(completion)).content).toEqual([stored])
})

it('keeps images', async () => {
  const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }
  const { content } = await answered([
    chunk({ content: 'Here' }),
    chunk({ content: '', images: [image, {}] }),
    stop,
  ])
  expect(content).toEqual([[text('Here'), image]])
})

it.each([
  ['results', { search_results: [{ title: 'A', url: 'https://a' }] }, [{ title: 'A', url: 'https://a' }]],
  ['addresses', { citations: ['https://a', 7] }, [{ url: 'https://a' }]],
])('keeps what a model has searched once, though each chunk tells it: %s', async (_, beside, sources) => {
  const events = [chunk({ content: 'Hi' }, {}, beside), chunk({}, { finish_reason: 'stop' }, beside)]
  expect(await answered(events)).toMatchObject({ content: ['Hi'], sources })
})

it("keeps what a tool of Groq's has found, once, whole or streamed", async () => {
  const results = [{ title: 'A', url: 'https://a' }]
  const tool = { index: 0, type: 'search', arguments: '{}' }
  const executed_tools = [{ ...tool, search_results: { results } }]
  const events = [
    chunk({ executed_tools: [tool] }),
    chunk({ executed_tools }),
    chunk({ content: 'Hi', executed_tools }),
    stop,
  ]
  const message = { content: 'Hi', executed_tools }
  const whole = { choices: [{ index: 0, message, finish_reason: 'stop' }] }
  for (const given of [events, whole])
    expect(await answered(given)).toMatchObject({ content: ['Hi'], sources: results })
})

it.each([
  ['arguments that are no text', called({ name: 'add', arguments: { a: 1 } }), 'c'],
  ['no id', called({ name: 'add', arguments: '{"a":1}' }, { id: '' }), 'add'],
])('reads a call with %s', async (_, delta, id) => {
  expect((await answered([chunk(delta), stop])).content).toEqual([[call(id)]])
})

it('knows the end of a call from a brace inside its arguments, where each piece has another id', async () => {
  const piece = (id: string, args: string) => chunk(called({ name: 'add', arguments: args }, { id }))
  const events = [
    piece('c', '{"a":{"b":"}'),
    piece('d', '\\"}"}'),
    piece('e', '}'),
    piece('f', '{"a":1}'),
    stop,
  ]
  expect((await answered(events)).content).toEqual([[call('c', { a: { b: '}"}' } }), call('f')]])
})

it('reads completions before there was a chat', async () => {
  const piece = (said: string, finish_reason: string | null) => ({
    object: 'text_completion',
    choices: [{ index: 0, text: said, finish_reason }],
  })
  expect(await answered([piece('Once', null), piece(' upon', 'length')])).toMatchObject({
    content: ['Once upon'],
    finishReason: 'length',
  })
})

it('takes what was said before a refusal for none', async () => {
  const { content } = await answered([
    chunk({ content: 'Well ' }),
    chunk({ refusal: 'I ' }),
    chunk({ refusal: "can't" }),
    stop,
  ])
  expect(content).toEqual([[text('Well '), text("I can't", { refusal: true })]])
})

it("reads what Mistral's SDK makes of it", async () => {
  const calls = [1, 2].map((a) => ({
    id: `c${a}`,
    index: 0,
    function: { name: 'add', arguments: JSON.stringify({ a }) },
  }))
  const usage = {
    promptTokens: 5,
    completionTokens: 4,
    totalTokens: 9,
    promptTokensDetails: { cachedTokens: 2 },
  }
  const given = (message: object) => ({ index: 0, ...message, finishReason: 'tool_calls' })
  const events = [
    { data: chunk({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'Hm' }] }] }) },
    { data: chunk({ content: [{ type: 'thinking', thinking: [], signature: 'S' }] }) },
    { data: chunk({ content: 'Hello' }) },
    {
      data: {
        object: 'chat.completion.chunk',
        model: 'm',
        usage,
        choices: [given({ delta: { toolCalls: calls } })],
      },
    },
  ]
  const outcome = {
    finishReason: 'tool-calls',
    usage: { inputTokens: 5, outputTokens: 4, cachedInputTokens: 2, model: 'm' },
  }
  const stored = [text('Hello'), call('c1'), call('c2', { a: 2 })]
  expect(await answered(events)).toMatchObject({
    ...outcome,
    content: [[reasoning('Hm', { signature: 'S' }), ...stored]],
  })
  const completion = {
    id: 'x',
    object: 'chat.completion',
    model: 'm',
    usage,
    choices: [given({ message: { content: 'Hello', toolCalls: calls } })],
  }
  expect(await answered(completion)).toMatchObject({ ...outcome, content: [stored] })
})
