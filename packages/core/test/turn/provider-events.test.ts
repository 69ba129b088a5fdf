import { expect, it } from 'vitest'
import type { Tools, TurnPart } from '../../src/index.js'
import { opened } from './turns.js'

const chunk = (delta: object, more: object = {}, index = 0) => ({ choices: [{ index, delta, ...more }] })
const calling = (fn: object, more: object = {}, index = 0) =>
  chunk({ tool_calls: [{ index: 0, function: fn, ...more }] }, {}, index)
const item = (given: object) => ({ type: 'response.output_item.done', item: given })
const gemini = (candidate: object) => ({ candidates: [candidate] })

/** What is stored of an answer of these events. */
async function stored(events: readonly unknown[], tools: Tools = {}) {
  const session = await opened({ onWarning: () => {} })
  let asked = 0
  const turn = session.turn('Hi', () => (asked++ === 0 ? (events as TurnPart[]) : 'done'), { tools })
  const { status, finishReason, replies, usage } = await turn.result
  const content = replies.map((reply) => reply.content)
  return { status, finishReason, content, sources: replies.at(-1)!.metadata?.['sources'], usage }
}

it.each<[string, readonly object[], unknown]>([
  [
    'one of several choices',
    [
      chunk({ content: 'Hello' }),
      chunk({ content: 'Bonjour' }, {}, 1),
      chunk({ content: '!' }),
      chunk({}, { finish_reason: 'length' }, 1),
    ],
    'Hello!',
  ],
  [
    'one of several candidates',
    [
      gemini({ index: 0, content: { parts: [{ text: 'A' }] } }),
      gemini({ index: 1, content: { parts: [{ text: 'B' }] } }),
      gemini({ index: 0, content: { parts: [{ text: 'A' }] } }),
    ],
    'AA',
  ],
  [
    'a call of the form before tool_calls',
    [
      chunk({ function_call: { name: 't', arguments: '' } }),
      chunk({ function_call: { arguments: '{"q":1}' } }),
      chunk({}, { finish_reason: 'function_call' }),
    ],
    [{ type: 'tool-call', toolCallId: 't', toolName: 't', input: { q: 1 } }],
  ],
  [
    'a call of a custom tool',
    [
      chunk({ tool_calls: [{ index: 0, id: 'c', type: 'custom', custom: { name: 'run', input: '' } }] }),
      chunk({ tool_calls: [{ index: 0, custom: { input: '{"a":1}' } }] }),
    ],
    [{ type: 'tool-call', toolCallId: 'c', toolName: 'run', input: '{"a":1}' }],
  ],
  [
    'the signature of a call',
    [
      calling(
        { name: 't', arguments: '{}' },
        { id: 'c', extra_content: { google: { thought_signature: 'S' } } },
      ),
    ],
    [
      {
        type: 'tool-call',
        toolCallId: 'c',
        toolName: 't',
        input: {},
        extra_content: { google: { thought_signature: 'S' } },
      },
    ],
  ],
  [
    'lists of parts',
    [
      chunk({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'Hm' }] }] }),
      chunk({ content: [{ type: 'text', text: 'Hi' }] }),
      chunk({ content: ' you' }),
      chunk({ content: [{ type: 'reference', reference_ids: [1] }] }),
    ],
    [
      { type: 'reasoning', text: 'Hm' },
      { type: 'text', text: 'Hi you' },
      { type: 'reference', reference_ids: [1] },
    ],
  ],
  [
    'the words of what is spoken',
    [chunk({ audio: { id: 'a', transcript: 'He' } }), chunk({ audio: { data: 'AAAA', transcript: 'llo' } })],
    'Hello',
  ],
  [
    'paragraphs of a summary',
    [
      { type: 'response.reasoning_summary_part.added', item_id: 'r', summary_index: 0 },
      { type: 'response.reasoning_summary_text.delta', item_id: 'r', summary_index: 0, delta: 'A' },
      { type: 'response.reasoning_summary_part.added', item_id: 'r', summary_index: 1 },
      { type: 'response.reasoning_summary_text.delta', item_id: 'r', summary_index: 1, delta: 'B' },
    ],
    [{ type: 'reasoning', id: 'r', text: 'A\n\nB' }],
  ],
  [
    "a summary of Anthropic's own",
    [
      { type: 'content_block_start', index: 0, content_block: { type: 'compaction', content: null } },
      { type: 'content_block_delta', index: 0, delta: { type: 'compaction_delta', content: 'So ' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'compaction_delta', content: 'far' } },
      { type: 'content_block_stop', index: 0 },
    ],
    [{ type: 'compaction', content: 'So far' }],
  ],
])('keeps %s', async (_, events, content) => {
  expect(await stored(events)).toMatchObject({ status: 'completed', content: [content] })
})

it('ends as the choice that it keeps', async () => {
  const ends = [
    chunk({ content: 'Hi' }, { finish_reason: 'stop' }),
    chunk({}, { finish_reason: 'length' }, 1),
  ]
  expect(await stored(ends)).toMatchObject({ finishReason: 'stop' })
})

it.each<[string, readonly object[]]>([
  [
    'Chat Completions',
    [
      chunk({
        content: 'Hi',
        annotations: [{ type: 'url_citation', url_citation: { url: 'https://a', title: 'A' } }],
      }),
    ],
  ],
  [
    'Responses',
    [
      { type: 'response.output_text.delta', item_id: 'm', delta: 'Hi' },
      {
        type: 'response.output_text.annotation.added',
        item_id: 'm',
        annotation: { type: 'url_citation', url: 'https://a', title: 'A' },
      },
      item({ id: 'm', type: 'message', content: [{ type: 'output_text', text: 'Hi' }] }),
    ],
  ],
  [
    'Gemini',
    [0, 1].map(() =>
      gemini({
        content: { parts: [{ text: 'Hi' }] },
        groundingMetadata: { groundingChunks: [{ web: { url: 'https://a', title: 'A' } }] },
      }),
    ),
  ],
])('keeps what an answer cites: %s', async (_, events) => {
  expect(await stored(events)).toMatchObject({ sources: [{ url: 'https://a', title: 'A' }] })
})

it.each<[string, readonly object[], object]>([
  [
    'failed',
    [
      {
        type: 'response.failed',
        response: { status: 'failed', usage: { input_tokens: 9, output_tokens: 5 } },
      },
    ],
    { inputTokens: 9, outputTokens: 5, provider: 'openai' },
  ],
  [
    'whole',
    [
      {
        object: 'response',
        status: 'failed',
        error: { message: 'x' },
        output: [],
        usage: { input_tokens: 9 },
      },
    ],
    { inputTokens: 9 },
  ],
  ['of a gateway', [chunk({}, { finish_reason: 'error' }), { error: { message: 'x' }, choices: [] }], {}],
  ['that is no event', [{ error: { code: 503 } }], {}],
  ['of the AI SDK', [{ type: 'text-delta', id: '0', text: 'x' }, { type: 'abort' }], {}],
])('takes no failed answer for a whole one: %s', async (_, events, usage) => {
  expect(await stored([chunk({ content: 'Hi' }), ...events])).toMatchObject({ status: 'failed', usage })
})

it.each([
  [{ promptFeedback: { blockReason: 'SAFETY' } }],
  [{ candidates: [], promptFeedback: { blockReason: 'OTHER' }, usageMetadata: { promptTokenCount: 4 } }],
])('says that a prompt was blocked: %j', async (response) => {
  expect(await stored([response])).toMatchObject({ status: 'completed', finishReason: 'content-filter' })
})

it("counts what Gemini's own tools found", async () => {
  const usageMetadata = { promptTokenCount: 4, toolUsePromptTokenCount: 7, candidatesTokenCount: 2 }
  expect(await stored([{ candidates: [], usageMetadata }])).toMatchObject({
    usage: { inputTokens: 11, outputTokens: 2 },
  })
})

const schema = { type: 'object', properties: { q: { type: 'string' } } } as const
it.each([
  ['{"q":"de', schema, 'length', false],
  ['{"q":"de', schema, 'tool_calls', false],
  ['{"q":"de', undefined, 'length', false],
  ['', undefined, 'length', false],
  ['', schema, 'tool_calls', true],
  ['{"q":"del"}', schema, 'length', true],
])('runs no tool with a part of its input: %s, %j, %s', async (args, inputSchema, end, runs) => {
  const ran: unknown[] = []
  const execute = (input: unknown) => ran.push(input)
  const tools = { t: { execute, ...(inputSchema === undefined ? {} : { inputSchema }) } }
  const events = [
    calling({ name: 't', arguments: '{"q":"first"}' }, { id: 'a' }),
    chunk({ tool_calls: [{ index: 1, id: 'b', function: { name: 't', arguments: args } }] }),
    chunk({}, { finish_reason: end }),
  ]
  const { content } = await stored(events, tools)
  expect(ran).toHaveLength(runs ? 2 : 1)
  expect(content[1]).toMatchObject([{ output: 1 }, runs ? { output: 2 } : { isError: true }])
})

it('shows a call whose arguments were cut off as providers take it', async () => {
  const session = await opened({ onWarning: () => {} })
  const events = [calling({ name: 't', arguments: '{"q":"de' }, { id: 'a' })]
  await session.turn('Hi', () => events as object[] as TurnPart[]).result
  const { messages, report } = await session.context({ maxTokens: 4000 })
  expect(messages[1]!.content).toEqual([{ type: 'tool-call', toolCallId: 'a', toolName: 't', input: {} }])
  expect(report.repairs).toContainEqual({ seq: 2, why: 'cut-input', toolCallId: 'a' })
})

it.each<object>([
  item({ id: 'ctc', type: 'custom_tool_call', call_id: 'c', name: 'run', input: '{ let a = 1 }' }),
  chunk({ tool_calls: [{ index: 0, id: 'c', custom: { name: 'run', input: '{ let a = 1 }' } }] }),
])('shows the input of a custom tool as its model wrote it, %#', async (event) => {
  const session = await opened()
  await session.turn('Hi', () => [event] as TurnPart[]).result
  const { messages } = await session.context({ maxTokens: 4000 })
  expect(messages[1]!.content).toMatchObject([
    { type: 'tool-call', toolCallId: 'c', toolName: 'run', input: '{ let a = 1 }', custom: true },
  ])
})

it.each<object>([
  { type: 'file', mediaType: 'image/png', data: 'A'.repeat(600_000) },
  item({ type: 'image_generation_call', id: 'i', status: 'completed', result: 'A'.repeat(600_000) }),
])(
  'names an image that was too large to be kept, where a provider would want its bytes, %#',
  async (event) => {
    const session = await opened({ onWarning: () => {} })
    await session.turn('Hi', () => [event, 'Here'] as TurnPart[]).result
    const { messages, report } = await session.context({ maxTokens: 4000 })
    const text = expect.stringMatching(/^\[image.*: too large to be kept\]$/)
    expect(messages[1]!.content).toEqual([
      { type: 'text', text },
      { type: 'text', text: 'Here' },
    ])
    expect(report.repairs).toEqual([{ seq: 2, why: 'left-out-media' }])
    expect((await session.history()).messages[1]!.content).toMatchObject([
      { omitted: [expect.any(String)] },
      {},
    ])
  },
)
