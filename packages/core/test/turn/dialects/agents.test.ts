import { expect, it } from 'vitest'
import { answered, broken, call, text } from './answered.js'

const raw = (event: object) => ({ type: 'raw_model_stream_event', data: { type: 'model', event } })
const item = (rawItem: object, name: string) => ({
  type: 'run_item_stream_event',
  name,
  item: { type: name, rawItem },
})
const created = raw({ type: 'response.created', response: { object: 'response', status: 'in_progress' } })
const completed = (output: number) =>
  raw({
    type: 'response.completed',
    response: { status: 'completed', model: 'gpt', usage: { input_tokens: 2, output_tokens: output } },
  })
const called = { id: 'fc', type: 'function_call', call_id: 'c', name: 'add', arguments: '{"a":1}' }

it('reads a run with its tools', async () => {
  const events = [
    { type: 'agent_updated_stream_event', agent: { name: 'A' } },
    { type: 'raw_model_stream_event', data: { type: 'response_started' } },
    created,
    raw({ type: 'response.output_item.done', item: called }),
    completed(3),
    item({ type: 'function_call', callId: 'c' }, 'tool_called'),
    item(
      { type: 'function_call_result', callId: 'c', name: 'add', output: { type: 'text', text: '2' } },
      'tool_output',
    ),
    created,
    { type: 'raw_model_stream_event', data: { type: 'output_text_delta', delta: 'Two' } },
    raw({ type: 'response.output_text.delta', item_id: 'm', delta: 'Two' }),
    completed(4),
  ]
  expect(await answered(events)).toMatchObject({
    status: 'completed',
    finishReason: 'stop',
    content: [[call('c')], [{ type: 'tool-result', toolCallId: 'c', toolName: 'add', output: '2' }], 'Two'],
    usage: { inputTokens: 4, outputTokens: 7, model: 'gpt' },
  })
})

it('keeps a result that is no text', async () => {
  const output = { type: 'image', data: 'A' }
  const events = [
    raw({ type: 'response.output_item.done', item: called }),
    item({ type: 'function_call_result', callId: 'c', name: 'add', output }, 'tool_output'),
  ]
  expect((await answered(events)).content[1]).toMatchObject([{ output }])
})

it('reads the items of a run that has ended, and keeps each result under its call', async () => {
  const providerData = { id: 'fc' }
  const items = [
    { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Let me' }] },
    { type: 'function_call', id: 'fc', callId: 'c', name: 'add', arguments: '{"a":1}', providerData },
    { type: 'function_call_result', callId: 'c', name: 'add', output: { type: 'text', text: '2' } },
    { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Two' }] },
  ]
  const content = [
    [text('Let me'), call('c', { a: 1 }, { id: 'fc', providerData })],
    [{ type: 'tool-result', toolCallId: 'c', toolName: 'add', output: '2' }],
    'Two',
  ]
  expect(await answered(items)).toMatchObject({ content })
  const told = items.map((rawItem) => ({ type: `${rawItem.type}_item`, rawItem, agent: { name: 'A' } }))
  const asked = { type: 'tool_approval_item', rawItem: items[1] }
  const request = { type: 'tool-approval-request', approvalId: 'c', toolCallId: 'c' }
  expect(await answered([...told.slice(0, 2), asked, ...told.slice(2)])).toMatchObject({
    content: [[...content[0]!, request], content[1], content[2]],
  })
})

it('takes a failure of the model for one', async () => {
  const failed = raw({ type: 'error', message: 'secret', sequence_number: 1 })
  expect(await answered([created, failed])).toMatchObject({ status: 'failed', error: 'The model failed.' })
  expect(await answered([created])).toMatchObject({ status: 'failed', error: 'The model failed.' })
})

it('reads a model that tells no events of its own, answer by answer', async () => {
  const data = (type: string, more: object) => ({ type: 'raw_model_stream_event', data: { type, ...more } })
  const done = (outputTokens: number, ...output: object[]) =>
    data('response_done', { response: { id: 'r', usage: { inputTokens: 2, outputTokens }, output } })
  const said = (words: string) => ({
    type: 'message',
    role: 'assistant',
    content: [{ type: 'output_text', text: words }],
  })
  const output = { type: 'text', text: '2' }
  const events = [
    data('response_started', {}),
    data('output_text_delta', { delta: 'Let me' }),
    done(3, said('Let me'), { type: 'function_call', callId: 'c', name: 'add', arguments: '{"a":1}' }),
    item({ type: 'function_call', callId: 'c' }, 'tool_called'),
    item({ type: 'function_call_result', callId: 'c', name: 'add', output }, 'tool_output'),
    done(4, said('Two')),
    item(said('Two'), 'message_output_created'),
  ]
  expect(await answered(events)).toMatchObject({
    status: 'completed',
    content: [[text('Let me'), call('c')], [{ type: 'tool-result', toolCallId: 'c', output: '2' }], 'Two'],
    usage: { inputTokens: 4, outputTokens: 7 },
  })
})

it('takes no half of an answer for a whole one, where the run goes on', async () => {
  const ofChat = (delta: object, id: string, more: object = {}) =>
    raw({ id, object: 'chat.completion.chunk', choices: [{ index: 0, delta, ...more }] })
  const tool_calls = [{ index: 0, id: 'c', function: { name: 'add', arguments: '{"a":1}' } }]
  const next = [
    { type: 'raw_model_stream_event', data: { type: 'response_started' } },
    ofChat({ content: 'Two' }, 'b', { finish_reason: 'stop' }),
  ]
  const result = { type: 'function_call_result', callId: 'c', name: 'add', output: '2' }
  const run = [ofChat({ content: 'Half' }, 'a'), ofChat({ tool_calls }, 'a')]
  expect(await answered([...run, item(result, 'tool_output'), ...next])).toMatchObject({
    ...broken,
    content: ['Half'],
  })
  expect(await answered([...run, ...next])).toMatchObject({ ...broken, content: ['Half'] })
})

it('keeps that a person is asked about a call, streamed or not', async () => {
  const rawItem = { type: 'function_call', callId: 'c', name: 'add', arguments: '{"a":1}' }
  const asking = { type: 'tool_approval_item', rawItem }
  const ofServer = { type: 'tool_approval_item', rawItem: { type: 'hosted_tool_call', name: 'mcp' } }
  const asked = { type: 'tool-approval-request', approvalId: 'c', toolCallId: 'c' }
  const streamed = [
    created,
    raw({ type: 'response.output_item.done', item: called }),
    completed(3),
    { type: 'run_item_stream_event', name: 'tool_approval_requested', item: asking },
    { type: 'run_item_stream_event', name: 'tool_approval_requested', item: ofServer },
  ]
  const items = [{ type: 'tool_call_item', rawItem }, asking, ofServer]
  for (const events of [streamed, items])
    expect((await answered(events)).content).toMatchObject([[call('c'), asked]])
})
