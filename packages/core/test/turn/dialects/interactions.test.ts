import { expect, it } from 'vitest'
import { answered, broken, call, reasoning } from './answered.js'

const usage = {
  total_input_tokens: 10,
  total_cached_tokens: 4,
  total_output_tokens: 5,
  total_thought_tokens: 7,
  total_tool_use_tokens: 2,
}
const interaction = { id: 'i', object: 'interaction', model: 'g' }
const counted = {
  inputTokens: 12,
  outputTokens: 12,
  cachedInputTokens: 4,
  reasoningTokens: 7,
  model: 'g',
  provider: 'google',
}
const cited = { type: 'url_citation', url: 'https://a', title: 'A' }
const image = { type: 'image', mime_type: 'image/png', data: 'AAAA' }
const found = {
  type: 'google_search_result',
  call_id: 'g1',
  result: [{ search_suggestions: '1' }, { search_suggestions: '2' }],
  signature: 'S',
}
const steps = [
  { type: 'user_input', content: [{ type: 'text', text: 'Hi' }] },
  { type: 'thought', signature: 'T', summary: [{ type: 'text', text: 'Think' }] },
  { type: 'google_search_call', id: 'g1', arguments: { queries: ['x'] } },
  found,
  { type: 'model_output', content: [{ type: 'text', text: 'Hello', annotations: [cited] }, image] },
  { type: 'function_call', id: 'c1', name: 'add', arguments: { a: 1 } },
  { type: 'function_call', id: 'c2', name: 'add', arguments: { a: 2 } },
]
const begun = { event_type: 'interaction.created', interaction: { ...interaction, status: 'in_progress' } }
const ended = (status: string) => ({
  event_type: 'interaction.completed',
  interaction: { ...interaction, status, usage },
})
const step = (index: number, given: object, ...deltas: object[]) => [
  { event_type: 'step.start', index, step: given },
  ...deltas.map((delta) => ({ event_type: 'step.delta', index, delta })),
  { event_type: 'step.stop', index },
]
const streamed = [
  begun,
  { event_type: 'interaction.status_update', interaction_id: 'i', status: 'in_progress' },
  ...step(
    0,
    { type: 'thought' },
    { type: 'thought_summary', content: { type: 'text', text: 'Thi' } },
    { type: 'thought_summary', content: { type: 'text', text: 'nk' } },
    { type: 'thought_signature', signature: 'T' },
  ),
  ...step(
    1,
    { type: 'google_search_call', id: 'g1' },
    { type: 'google_search_call', arguments: { queries: ['x'] } },
  ),
  ...step(
    2,
    { type: 'google_search_result', call_id: 'g1', result: [] },
    { type: 'google_search_result', result: [{ search_suggestions: '1' }] },
    { type: 'google_search_result', result: [{ search_suggestions: '2' }], signature: 'S' },
  ),
  ...step(
    3,
    { type: 'model_output' },
    { type: 'text', text: 'Hel' },
    { type: 'text', text: 'lo' },
    { type: 'text_annotation_delta', annotations: [cited] },
    image,
  ),
  ...step(
    4,
    { type: 'function_call', id: 'c1', name: 'add', arguments: {} },
    { type: 'arguments_delta', arguments: '{"a":' },
    { type: 'arguments_delta', arguments: '1}' },
  ),
  ...step(5, { type: 'function_call', id: 'c2', name: 'add', arguments: { a: 2 } }),
  ended('requires_action'),
]

it.each([
  ['a whole answer', [{ ...interaction, status: 'requires_action', steps, usage }]],
  ['a stream', streamed],
])('keeps all of %s', async (_, given) => {
  const told = await answered(given)
  expect(told).toMatchObject({
    status: 'completed',
    finishReason: 'tool-calls',
    usage: counted,
    warnings: [],
  })
  expect(told.content).toEqual([
    [
      reasoning('Think', { signature: 'T' }),
      { type: 'google_search_call', id: 'g1', arguments: { queries: ['x'] } },
      found,
      { type: 'text', text: 'Hello' },
      { type: 'file', mediaType: 'image/png', data: 'AAAA' },
      call('c1'),
      call('c2', { a: 2 }),
    ],
  ])
  const { type: __, ...source } = cited
  expect(told.sources).toEqual([source])
})

it('takes no half of an answer for a whole one', async () => {
  expect(await answered(streamed.slice(0, 20))).toMatchObject(broken)
  expect(await answered([{ ...interaction, status: 'in_progress' }])).toMatchObject(broken)
})

it('counts what an interaction has used that failed', async () => {
  const used = { inputTokens: 12, outputTokens: 12 }
  expect(await answered([begun, ended('failed')])).toMatchObject({ ...broken, usage: used })
  const [first] = step(0, { type: 'model_output' })
  const counts = { ...first, metadata: { total_usage: usage } }
  const error = { event_type: 'error', error: { code: 503, message: 'Overloaded' } }
  expect(await answered([begun, counts, error])).toMatchObject({ ...broken, usage: used })
})

it.each([
  ['completed', 'stop'],
  ['incomplete', 'length'],
  ['cancelled', 'cancelled'],
])('says why an interaction that is %s has ended', async (status, finishReason) => {
  expect(await answered([begun, ended(status)])).toMatchObject({ finishReason })
})
