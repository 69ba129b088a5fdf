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
