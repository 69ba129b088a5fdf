import { convertArrayToReadableStream } from 'ai/test'
import { expect, it } from 'vitest'
import { answered, text } from './answered.js'

const cited = { openai: { itemId: 'msg_1', annotations: [{ type: 'url_citation' }] } }
const finish = { type: 'finish', finishReason: 'stop' }

it.each([
  ['streamText', 'text' as const],
  ['a stream of UI messages', 'delta' as const],
])('keeps what a provider tells at the end of a text: %s', async (_, said) => {
  const { content } = await answered([
    { type: 'text-start', id: '1', providerMetadata: { openai: { itemId: 'msg_1' } } },
    { type: 'text-delta', id: '1', [said]: 'See ' },
    { type: 'text-delta', id: '1', [said]: 'there' },
    { type: 'text-end', id: '1', providerMetadata: cited },
    { type: 'text-start', id: '2' },
    { type: 'text-delta', id: '2', [said]: 'Bye' },
    { type: 'text-end', id: '2', citations: [{ start: 0, end: 3 }] },
    finish,
  ])
  expect(content).toEqual([
    [
      text('See there', { id: '1', providerMetadata: cited }),
      text('Bye', { id: '2', citations: [{ start: 0, end: 3 }] }),
    ],
  ])
})

it('asks for one stream alone, as a result may have no other, and keeps its answer for each that is asked for', async () => {
  let taken = 0
  const take = () => {
    if (taken++ > 0) throw new Error('This result supports one stream consumer.')
    return convertArrayToReadableStream([{ type: 'text-delta', id: '1', text: 'Hello' }, finish])
  }
  const result = {
    get fullStream() {
      return take()
    },
    get stream() {
      return take()
    },
  }
  expect(await answered(result)).toMatchObject({ status: 'completed', content: [[text('Hello')]] })
})
