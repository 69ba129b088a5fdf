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
