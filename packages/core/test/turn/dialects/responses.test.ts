import { expect, it } from 'vitest'
import { answered, broken, text } from './answered.js'

const annotation = { type: 'url_citation', url: 'https://a', title: 'A', start_index: 0, end_index: 3 }
const message = (id: string, said: string, more: object = {}, annotations: object[] = []) => ({
  id,
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text: said, annotations, logprobs: [] }],
  ...more,
})
const created = { type: 'response.created', response: { object: 'response', status: 'in_progress' } }
const response = (output: object[]) => ({ object: 'response', status: 'completed', model: 'gpt', output })

type Item = ReturnType<typeof message>
const events = (items: readonly Item[], isTold: boolean) => [
  created,
  ...items.flatMap((item, output_index) => [
    { type: 'response.output_item.added', output_index, item: { ...item, content: [] } },
    ...item.content.flatMap((part) => [
      { type: 'response.output_text.delta', output_index, item_id: item.id, delta: part.text.slice(0, 2) },
      { type: 'response.output_text.delta', output_index, item_id: item.id, delta: part.text.slice(2) },
      ...(isTold
        ? part.annotations.map((annotation) => ({
            type: 'response.output_text.annotation.added',
            item_id: item.id,
            annotation,
          }))
        : []),
    ]),
    { type: 'response.output_item.done', output_index, item },
  ]),
  { type: 'response.completed', response: response([...items]) },
]

it.each<[string, Item[], unknown]>([
  ['one message', [message('m1', 'Hello')], 'Hello'],
  [
    'several messages',
    [message('m1', 'Hello'), message('m2', 'World')],
    [text('Hello'), text('World', { id: 'm2' })],
  ],
  [
    'messages that say which one is the answer',
    [message('m1', 'I look', { phase: 'commentary' }), message('m2', 'It is 5', { phase: 'final_answer' })],
    [text('I look', { id: 'm1', phase: 'commentary' }), text('It is 5', { id: 'm2', phase: 'final_answer' })],
  ],
])('keeps %s, streamed or whole', async (_, items, content) => {
  expect((await answered(events(items, true))).content).toEqual([content])
  expect((await answered(response(items))).content).toEqual([content])
})

it.each([
  ['streamed', events([message('m', 'See A', {}, [annotation])], true)],
  ['streamed, and told at the end alone', events([message('m', 'See A', {}, [annotation])], false)],
  ['whole', response([message('m', 'See A', {}, [annotation])])],
])('keeps what an answer cites, once: %s', async (_, given) => {
  const { type: _type, ...source } = annotation
  expect(await answered(given)).toMatchObject({ content: ['See A'], sources: [source] })
  expect((await answered(given)).sources).toHaveLength(1)
})

it('says that an answer has ended with calls', async () => {
  const item = { id: 'fc', type: 'function_call', call_id: 'c', name: 'add', arguments: '{}' }
  const done = { type: 'response.output_item.done', item }
  expect(
    await answered([created, done, { type: 'response.completed', response: response([]) }]),
  ).toMatchObject({ finishReason: 'tool-calls' })
  expect(await answered(response([item]))).toMatchObject({ finishReason: 'tool-calls' })
})

it('takes no half of an answer for a whole one', async () => {
  const [begun, added, piece] = events([message('m', 'Half')], true)
  expect(await answered([begun, added, piece])).toMatchObject({ ...broken, content: ['Ha'] })
})

it('keeps the id of the message that follows a thought, without which its provider takes neither', async () => {
  const thought = { id: 'rs', type: 'reasoning', summary: [], encrypted_content: 'ENC' }
  const said = message('m', 'Hello')
  const content = [[{ ...thought, text: '' }, text('Hello', { id: 'm' })]]
  const [begun, ...rest] = events([said], true)
  const thinking = ['added', 'done'].map((end) => ({ type: `response.output_item.${end}`, item: thought }))
  expect((await answered([begun, ...thinking, ...rest])).content).toEqual(content)
  expect((await answered(response([thought, said]))).content).toEqual(content)
})

it.each(['queued', 'in_progress', 'cancelled'])(
  'takes a response that is %s for no answer',
  async (status) => {
    const given = { ...response([]), status }
    expect(await answered(given)).toMatchObject({ ...broken, cause: { cause: { status } } })
  },
)
