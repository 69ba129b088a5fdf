import { expect, it } from 'vitest'
import { answered, broken, call, reasoning, text } from './answered.js'

const delta = (contentBlockIndex: number, given: object) => ({
  contentBlockDelta: { contentBlockIndex, delta: given },
})
const begin = (contentBlockIndex: number, given: object) => ({
  contentBlockStart: { contentBlockIndex, start: given },
})
const stop = (contentBlockIndex: number) => ({ contentBlockStop: { contentBlockIndex } })
const start = { messageStart: { role: 'assistant' } }
const usage = {
  inputTokens: 10,
  outputTokens: 5,
  totalTokens: 50,
  cacheReadInputTokens: 30,
  cacheWriteInputTokens: 5,
}
// Bedrock counts what its cache knows beside the input.
const counted = {
  inputTokens: 45,
  outputTokens: 5,
  cachedInputTokens: 30,
  cacheWriteTokens: 5,
  provider: 'bedrock',
}

const streamed = [
  start,
  delta(0, { reasoningContent: { text: 'Let me ' } }),
  delta(0, { reasoningContent: { text: 'see' } }),
  delta(0, { reasoningContent: { signature: 'S' } }),
  stop(0),
  delta(1, { reasoningContent: { redactedContent: new Uint8Array([1, 2]) } }),
  stop(1),
  delta(2, { text: 'Hel' }),
  delta(2, { text: 'lo' }),
  delta(2, { citation: { title: 'A', location: { web: { url: 'https://a' } } } }),
  stop(2),
  ...['c', 'd'].flatMap((toolUseId, n) => [
    { contentBlockStart: { contentBlockIndex: 3 + n, start: { toolUse: { toolUseId, name: 'add' } } } },
    delta(3 + n, { toolUse: { input: '{"a"' } }),
    delta(3 + n, { toolUse: { input: ':1}' } }),
    stop(3 + n),
  ]),
  { messageStop: { stopReason: 'tool_use' } },
  { metadata: { usage, metrics: { latencyMs: 3 } } },
]
const stored = [
  reasoning('Let me see', { signature: 'S' }),
  reasoning('', { redactedContent: 'AQI=' }),
  text('Hello'),
  call('c'),
  call('d'),
]

const iterated = async function* (events: readonly object[]) {
  yield* events
}

it.each([
  ['a stream', () => iterated(streamed)],
  ['a response with a stream', () => ({ $metadata: { httpStatusCode: 200 }, stream: iterated(streamed) })],
  [
    'a whole answer',
    () => ({
      $metadata: {},
      output: {
        message: {
          role: 'assistant',
          content: [
            { reasoningContent: { reasoningText: { text: 'Let me see', signature: 'S' } } },
            { reasoningContent: { redactedContent: new Uint8Array([1, 2]) } },
            { text: 'Hel' },
            {
              citationsContent: {
                content: [{ text: 'lo' }],
                citations: [{ title: 'A', location: { web: { url: 'https://a' } } }],
              },
            },
            { toolUse: { toolUseId: 'c', name: 'add', input: { a: 1 } } },
            { toolUse: { toolUseId: 'd', name: 'add', input: { a: 1 } } },
          ],
        },
      },
      stopReason: 'tool_use',
      usage,
    }),
  ],
])('reads %s', async (_, given) => {
  expect(await answered(given())).toMatchObject({
    status: 'completed',
    finishReason: 'tool-calls',
    content: [stored],
    sources: [{ title: 'A', url: 'https://a' }],
    usage: counted,
  })
})

it('keeps blocks of any other kind', async () => {
  const image = { image: { format: 'png', source: { bytes: new Uint8Array([1]) } } }
  const given = { output: { message: { content: [image, {}] } }, stopReason: 'end_turn' }
  expect((await answered(given)).content).toEqual([
    [{ type: 'image', image: { format: 'png', source: { bytes: 'AQ==' } } }],
  ])
})

const grounded = {
  toolUse: { toolUseId: 's', name: 'nova_grounding', input: { q: 'x' }, type: 'server_tool_use' },
}
const found = {
  toolResult: { toolUseId: 's', status: 'success', content: [{ text: 'found' }, { json: { a: 1 } }] },
}
const image = { image: { format: 'png', source: { bytes: new Uint8Array([1, 2, 3]) } } }

it.each([
  [
    'whole',
    {
      output: { message: { content: [grounded, found, { text: 'It is.' }, image] } },
      stopReason: 'end_turn',
    },
  ],
  [
    'streamed',
    [
      start,
      begin(0, { toolUse: { toolUseId: 's', name: 'nova_grounding', type: 'server_tool_use' } }),
      delta(0, { toolUse: { input: '{"q":' } }),
      delta(0, { toolUse: { input: '"x"}' } }),
      stop(0),
      begin(1, { toolResult: { toolUseId: 's', status: 'success' } }),
      delta(1, { toolResult: [{ text: 'fo' }] }),
      delta(1, { toolResult: [{ text: 'und' }, { json: { a: 1 } }] }),
      stop(1),
      delta(2, { text: 'It is.' }),
      stop(2),
      begin(3, { image: { format: 'png' } }),
      delta(3, { image: { source: { bytes: new Uint8Array([1]) } } }),
      delta(3, { image: { source: { bytes: new Uint8Array([2, 3]) } } }),
      stop(3),
      { messageStop: { stopReason: 'end_turn' } },
    ],
  ],
])('keeps images, and what tools of the provider did, as it takes them back: %s', async (_, given) => {
  const run = () => expect.unreachable('the provider runs it')
  expect(await answered(given, { nova_grounding: { execute: run } })).toMatchObject({
    status: 'completed',
    content: [
      [
        { type: 'toolUse', ...grounded },
        { type: 'toolResult', ...found },
        text('It is.'),
        { type: 'image', image: { format: 'png', source: { bytes: 'AQID' } } },
      ],
    ],
  })
})

it('takes no half of an answer for a whole one', async () => {
  expect(await answered(streamed.slice(0, 8))).toMatchObject(broken)
})

it('runs no tool with a part of its input', async () => {
  const cut = [
    start,
    { contentBlockStart: { contentBlockIndex: 0, start: { toolUse: { toolUseId: 'c', name: 'add' } } } },
    stop(0),
    { messageStop: { stopReason: 'model_context_window_exceeded' } },
  ]
  const { content } = await answered(cut, { add: { execute: () => 'ran' } })
  expect(content[1]).toMatchObject([{ toolCallId: 'c', isError: true }])
})
