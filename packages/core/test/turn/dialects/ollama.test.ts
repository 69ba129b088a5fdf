import { expect, it } from 'vitest'
import { answered, broken, call, reasoning, text } from './answered.js'

const piece = (message: object, more: object = {}) => ({
  model: 'llama3.2',
  created_at: '2026-01-01T00:00:00Z',
  message: { role: 'assistant', content: '', ...message },
  done: false,
  ...more,
})
const end = { done: true, done_reason: 'stop', total_duration: 5, prompt_eval_count: 26, eval_count: 10 }
const usage = { inputTokens: 26, outputTokens: 10, costMicros: 0, model: 'llama3.2', provider: 'ollama' }
const called = (a: number, more: object = {}) => ({ function: { name: 'add', arguments: { a } }, ...more })

it('reads a chat that streams', async () => {
  const events = [
    piece({ thinking: 'Hm' }),
    piece({ content: 'Hel' }),
    piece({ content: 'lo' }),
    piece({ tool_calls: [called(1), called(2)] }),
    piece({ tool_calls: [called(3, { id: 'call_3' })] }),
    piece({}, end),
  ]
  expect(await answered(events)).toMatchObject({
    status: 'completed',
    finishReason: 'tool-calls',
    content: [
      [reasoning('Hm'), text('Hello'), call('add'), call('add-2', { a: 2 }), call('call_3', { a: 3 })],
    ],
    usage,
  })
})

it('runs the tools that it calls, and asks again', async () => {
  const tools = { add: { execute: ({ a }: { a: number }) => a + 1 } }
  const { content } = await answered([piece({ tool_calls: [called(1), called(2)] }), piece({}, end)], tools)
  expect(content).toMatchObject([
    [{ toolCallId: 'add' }, { toolCallId: 'add-2' }],
    [
      { toolCallId: 'add', output: 2 },
      { toolCallId: 'add-2', output: 3 },
    ],
    'done',
  ])
})

it.each([
  ['a whole answer', piece({ content: 'Hi' }, end)],
  ['an answer to a prompt', { model: 'llama3.2', response: 'Hi', ...end }],
  [
    'a prompt that streams',
    [
      { model: 'llama3.2', response: 'Hi', done: false },
      { model: 'llama3.2', response: '', ...end },
    ],
  ],
])('reads %s', async (_, given) => {
  expect(await answered(given)).toMatchObject({ finishReason: 'stop', content: ['Hi'], usage })
})

it('takes no half of an answer for a whole one', async () => {
  expect(await answered([piece({ content: 'Hal' })])).toMatchObject({ ...broken, content: ['Hal'] })
})

it.each([{ done: true, status: 'ready' }, { message: { content: 'Hi' } }])(
  'is no answer of it: %j',
  async (given) => {
    expect(await answered([given])).toMatchObject({ status: 'failed', cause: { code: 'invalid' } })
  },
)

it('keeps the pictures that a model draws', async () => {
  const made = { model: 'z', created_at: '2026-01-01T00:00:00Z', response: '', done: false }
  const events = [
    { ...made, completed: 1, total: 4 },
    { ...made, image: 'AAAA', ...end },
  ]
  const file = (data: string) => ({ type: 'file', mediaType: 'image/png', data })
  expect(await answered(events)).toMatchObject({ status: 'completed', content: [[file('AAAA')]] })
  const chat = [piece({ content: 'Look', images: ['AAAA', 'BBBB'] }), piece({}, end)]
  expect((await answered(chat)).content).toEqual([[text('Look'), file('AAAA'), file('BBBB')]])
})
