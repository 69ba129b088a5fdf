import { expect, it } from 'vitest'
import { answered, broken, call } from './answered.js'

const chunk = (parts: object[], more: object = {}) => ({
  responseId: 'r',
  modelVersion: 'g',
  candidates: [{ index: 0, content: { role: 'model', parts }, ...more }],
  usageMetadata: { promptTokenCount: 8 },
})
const functionCall = { name: 'add', args: { a: 1 }, id: 'c' }

it('says that an answer has ended with calls, in each step', async () => {
  const stop = { finishReason: 'STOP' }
  expect(await answered([chunk([{ functionCall }]), chunk([], stop)])).toMatchObject({
    content: [[call('c')]],
    finishReason: 'tool-calls',
  })
  const next = { ...chunk([{ text: 'Hi' }], stop), responseId: 's' }
  expect(await answered([chunk([{ functionCall }], stop), next])).toMatchObject({ finishReason: 'stop' })
})

it('takes no half of an answer for a whole one', async () => {
  expect(await answered([chunk([{ text: 'Half' }])])).toMatchObject({ ...broken, content: ['Half'] })
  expect(await answered([chunk([{ functionCall }])])).toMatchObject({ status: 'completed' })
})

it('gives what an answer is grounded on an address that pages know', async () => {
  const groundingMetadata = { groundingChunks: [{ web: { uri: 'https://a', title: 'A' } }] }
  const events = [
    chunk([{ text: 'Hi' }], { groundingMetadata }),
    chunk([], { finishReason: 'STOP', groundingMetadata }),
  ]
  expect((await answered(events)).sources).toEqual([{ url: 'https://a', uri: 'https://a', title: 'A' }])
})

it('says that an image was refused', async () => {
  const events = [chunk([{ text: 'Hi' }], { finishReason: 'IMAGE_SAFETY' })]
  expect(await answered(events)).toMatchObject({ content: ['Hi'], finishReason: 'content-filter' })
})

it('joins a call whose arguments come one by one', async () => {
  const piece = (call: object, more: object = {}) => chunk([{ functionCall: call, ...more }])
  const partial = (...partialArgs: object[]) => piece({ partialArgs, willContinue: true })
  const events = [
    piece({ name: 'add', id: 'c', willContinue: true }, { thoughtSignature: 'S' }),
    partial(
      { jsonPath: '$.city', stringValue: 'Bos', willContinue: true },
      { jsonPath: '$.days', numberValue: 3 },
    ),
    partial({ jsonPath: '$.city', stringValue: 'ton' }, { jsonPath: "$['in']['°C']", boolValue: false }),
    partial(
      { jsonPath: '$.list[0].name', stringValue: 'a' },
      { jsonPath: '$.list[1]', nullValue: 'NULL_VALUE' },
    ),
    partial(
      { jsonPath: '$.list[4000000000]', numberValue: 1 },
      { jsonPath: '$.__proto__.polluted', boolValue: true },
    ),
    partial({ jsonPath: '$' + '.a'.repeat(31), numberValue: 1 }, { jsonPath: '$' }, {}),
    piece({}),
    chunk([{ functionCall: { name: 'add', args: { a: 1 }, id: 'd' } }], { finishReason: 'STOP' }),
  ]
  const { content, status } = await answered(events)
  expect(status).toBe('completed')
  const input = { city: 'Boston', days: 3, in: { '°C': false }, list: [{ name: 'a' }, null] }
  expect(content).toEqual([[call('c', input, { thoughtSignature: 'S' }), call('d')]])
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
})

const stop = { finishReason: 'STOP' }

it('keeps a part of any kind, and the signature of one that has nothing else', async () => {
  const toolCall = { id: 't', toolType: 'GOOGLE_SEARCH_WEB', args: { queries: ['q'] } }
  const toolResponse = { id: 't', toolType: 'GOOGLE_SEARCH_WEB', response: { found: 1 } }
  const parts = [
    { toolCall, thoughtSignature: 'S' },
    { toolResponse },
    { partMetadata: { a: 1 }, newKind: { b: 2 } },
  ]
  const events = [chunk([{ thought: true }]), chunk(parts), chunk([{ text: 'Hi' }]), chunk([{}])]
  expect(await answered([...events, chunk([{ thoughtSignature: 'T' }], stop)])).toMatchObject({
    status: 'completed',
    content: [
      [
        { type: 'toolCall', toolCall, thoughtSignature: 'S' },
        { type: 'toolResponse', toolResponse },
        { type: 'newKind', partMetadata: { a: 1 }, newKind: { b: 2 } },
        { type: 'text', text: 'Hi', thoughtSignature: 'T' },
      ],
    ],
  })
})

it('reads a chunk that has nothing to say, and keeps the count of those before', async () => {
  const [first, { candidates }] = [chunk([{ text: 'Hi' }]), chunk([], stop)]
  const bare = { responseId: 'r', modelVersion: 'g' }
  expect(await answered([bare, first, { responseId: 'r', candidates }, bare])).toMatchObject({
    status: 'completed',
    content: ['Hi'],
    finishReason: 'stop',
    usage: { inputTokens: 8, model: 'g' },
  })
})

it('tells a draft from a picture of the answer', async () => {
  const inlineData = { mimeType: 'image/png', data: 'AAAA' }
  const { content } = await answered([chunk([{ inlineData, thought: true }, { inlineData }], stop)])
  const file = { mediaType: 'image/png', data: 'AAAA' }
  expect(content).toEqual([
    [
      { type: 'reasoning-file', ...file },
      { type: 'file', ...file },
    ],
  ])
})

it('says whose words an answer has, and whose pictures', async () => {
  const image = { sourceUri: 'https://i', imageUri: 'https://i/i.png' }
  const citation = { uri: 'https://c', license: 'mit' }
  const more = {
    groundingMetadata: { groundingChunks: [{ image }] },
    citationMetadata: { citations: [citation] },
  }
  const events = [chunk([{ text: 'Hi' }], more), chunk([], { ...stop, ...more })]
  expect((await answered(events)).sources).toEqual([
    { url: 'https://i', ...image },
    { url: 'https://c', ...citation },
  ])
})
