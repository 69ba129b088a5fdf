import { expect, it } from 'vitest'
import { answered, broken, call, reasoning, text } from './answered.js'

const event = (type: string, message: object, more: object = {}) => ({ type, delta: { message }, ...more })
const said = (given: object) => event('content-delta', { content: given }, { index: 0 })
const usage = { inputTokens: 70, outputTokens: 9, provider: 'cohere' }
const begun = event('message-start', { role: 'assistant', content: [] }, { id: 'm' })

it.each([
  [
    'its SDK',
    'toolPlan',
    'toolCalls',
    { finishReason: 'TOOL_CALL', usage: { tokens: { inputTokens: 70, outputTokens: 9 } } },
  ],
  [
    'its server',
    'tool_plan',
    'tool_calls',
    { finish_reason: 'TOOL_CALL', usage: { tokens: { input_tokens: 70, output_tokens: 9 } } },
  ],
])('reads a stream with the names of %s', async (_, plan, calls, end) => {
  const events = [
    begun,
    event('tool-plan-delta', { [plan]: 'I add' }),
    event('content-start', { content: { type: 'text', text: '' } }, { index: 0 }),
    said({ thinking: ' them' }),
    said({ text: 'Hel' }),
    said({ text: 'lo' }),
    event(
      'citation-start',
      { citations: { start: 0, end: 5, sources: [{ type: 'tool', id: 's' }] } },
      { index: 0 },
    ),
    { type: 'citation-end', index: 0 },
    { type: 'content-end', index: 0 },
    event(
      'tool-call-start',
      { [calls]: { id: 'c', type: 'function', function: { name: 'add', arguments: '' } } },
      { index: 0 },
    ),
    event('tool-call-delta', { [calls]: { function: { arguments: '{"a":1}' } } }, { index: 0 }),
    { type: 'tool-call-end', index: 0 },
    { type: 'message-end', delta: end },
  ]
  expect(await answered(events)).toMatchObject({
    status: 'completed',
    finishReason: 'tool-calls',
    content: [[reasoning('I add them'), text('Hello'), call('c')]],
    sources: [{ start: 0, end: 5 }],
    usage,
  })
})

it('reads a whole answer', async () => {
  const given = {
    id: 'm',
    message: {
      role: 'assistant',
      content: [{ type: 'thinking', thinking: 'Hm' }, text('Hello')],
      toolCalls: [{ id: 'c', type: 'function', function: { name: 'add', arguments: '{"a":1}' } }],
      citations: [{ start: 0 }],
    },
    finishReason: 'COMPLETE',
    usage: { billedUnits: { inputTokens: 1 }, tokens: { inputTokens: 70, outputTokens: 9 } },
  }
  expect(await answered(given)).toMatchObject({
    finishReason: 'stop',
    content: [[reasoning('Hm'), text('Hello'), call('c')]],
    sources: [{ start: 0 }],
    usage,
  })
})

it.each([
  [
    'toolCalls',
    'toolPlan',
    'finishReason',
    { tokens: { inputTokens: 70, outputTokens: 9 }, cachedTokens: 4 },
  ],
  [
    'tool_calls',
    'tool_plan',
    'finish_reason',
    { tokens: { input_tokens: 70, output_tokens: 9 }, cached_tokens: 4 },
  ],
])('reads a whole answer that has no content, only %s', async (calls, plan, reason, used) => {
  const given = {
    id: 'm',
    message: {
      role: 'assistant',
      [plan]: 'I add',
      [calls]: [{ id: 'c', type: 'function', function: { name: 'add', arguments: '{"a":1}' } }],
    },
    [reason]: 'TOOL_CALL',
    usage: used,
  }
  expect(await answered(given)).toMatchObject({
    finishReason: 'tool-calls',
    content: [[reasoning('I add'), call('c')]],
    usage: { ...usage, cachedInputTokens: 4 },
  })
})

it('counts what a failed answer has used', async () => {
  const failed = { finishReason: 'ERROR', usage: { tokens: { inputTokens: 70, outputTokens: 9 } } }
  expect(await answered([begun, { type: 'message-end', delta: failed }])).toMatchObject({ ...broken, usage })
})

it('takes no failed answer, and no half of one, for a whole one', async () => {
  expect(await answered([begun, said({ text: 'Hal' })])).toMatchObject({ ...broken, content: ['Hal'] })
  const failed = { type: 'message-end', delta: { finish_reason: 'ERROR', error: 'secret' } }
  expect(await answered([begun, failed])).toMatchObject({ ...broken, cause: { cause: { error: 'secret' } } })
})

it('leaves parts of the application alone that only look like one', async () => {
  const given = [{ type: 'content-delta', words: 'Hi' }]
  expect((await answered(given)).content).toEqual([given])
})

it('does not show the prompt of an application that looks for a mistake', async () => {
  const events = [
    begun,
    { type: 'debug', prompt: 'secret' },
    said({ text: 'Hi' }),
    { type: 'message-end', delta: { finish_reason: 'COMPLETE' } },
  ]
  expect((await answered(events)).content).toEqual(['Hi'])
})

it('takes the answer of Genkit for none of its own: its calls and counts would be lost', async () => {
  const content = [{ text: 'Hello' }, { toolRequest: { name: 'add', ref: 'c', input: { a: 1 } } }]
  const whole = { message: { role: 'model', content }, finishReason: 'stop', usage: { inputTokens: 5 } }
  const { status, warnings } = await answered(whole)
  expect(status).toBe('failed')
  expect(warnings[0]!.message).toContain('a part (object) with the fields message, finishReason, usage')
})
