import { expect, it } from 'vitest'
import { answered, broken, call, reasoning, text } from './answered.js'

const event = (type: string, payload: object) => ({ type, runId: 'r', from: 'AGENT', payload })
const usage = { inputTokens: 20, outputTokens: 10, totalTokens: 30, cachedInputTokens: 8 }
const ofCall = { toolCallId: 'c', toolName: 'add', args: { a: 1 } }
const source = { id: 's', sourceType: 'url', url: 'https://a', title: 'A' }
const ended = (type: string, reason: string) =>
  event(type, { stepResult: { reason }, output: { usage }, metadata: { modelId: 'm' } })

it('reads what an agent of Mastra says and does', async () => {
  const fullStream = [
    event('start', { id: 'a' }),
    event('step-start', { request: {} }),
    event('reasoning-start', { id: '0' }),
    event('reasoning-delta', { id: '0', text: 'Think' }),
    event('reasoning-end', { id: '0', signature: 'S' }),
    event('text-start', { id: '1' }),
    event('text-delta', { id: '1', text: 'Let me ' }),
    event('text-delta', { id: '1', text: 'look.' }),
    event('text-end', { id: '1' }),
    event('source', source),
    event('tool-call-delta', { toolCallId: 'c', argsTextDelta: '{' }),
    event('tool-call', ofCall),
    event('tool-result', { ...ofCall, result: 'r1' }),
    ended('step-finish', 'tool-calls'),
    event('text-delta', { id: '1', text: 'Done.' }),
    event('file', { data: 'AAAA', mimeType: 'image/png' }),
    ended('step-finish', 'stop'),
    ended('finish', 'stop'),
  ]
  const { content, sources, ...told } = await answered({ fullStream })
  expect(content).toEqual([
    [reasoning('Think', { id: '0', signature: 'S' }), text('Let me look.', { id: '1' }), call('c')],
    [{ type: 'tool-result', toolCallId: 'c', toolName: 'add', output: 'r1' }],
    [text('Done.', { id: '1' }), { type: 'file', data: 'AAAA', mediaType: 'image/png' }],
  ])
  expect(sources).toEqual([source])
  expect(told).toMatchObject({
    status: 'completed',
    finishReason: 'stop',
    usage: { inputTokens: 20, outputTokens: 10, cachedInputTokens: 8, model: 'm' },
  })
})

it.each([
  ['an error', event('error', { error: { message: 'x' } })],
  ['a guard', event('tripwire', { tripwireReason: 'x' })],
])('fails with %s of Mastra', async (_, last) => {
  const told = await answered([event('text-delta', { id: '1', text: 'Half' }), last])
  expect(told).toMatchObject({ ...broken, content: [[text('Half', { id: '1' })]] })
})

it('keeps an object that comes piece by piece once', async () => {
  const so = (type: string, x: string) => ({ type, runId: 'r', from: 'AGENT', object: { x } })
  const fullStream = [
    event('text-start', { id: '1' }),
    so('object', 'a'),
    event('text-delta', { id: '1', text: '{"x":"a' }),
    so('object', 'ab'),
    event('text-delta', { id: '1', text: 'b"}' }),
    so('object-result', 'ab'),
    ended('finish', 'stop'),
  ]
  expect((await answered({ fullStream })).content).toEqual([
    [text('{"x":"ab"}', { id: '1' }), so('object-result', 'ab')],
  ])
})

it('keeps what a person is asked about a call, with the run that waits for the answer', async () => {
  const fullStream = [
    event('tool-call', ofCall),
    event('tool-call', { ...ofCall, toolCallId: 'd' }),
    event('tool-call-approval', { ...ofCall, resumeSchema: '{}' }),
    event('tool-call-suspended', {
      ...ofCall,
      toolCallId: 'd',
      suspendPayload: { q: 'Sure?' },
      resumeSchema: '{}',
    }),
  ]
  expect(await answered({ fullStream })).toMatchObject({
    status: 'completed',
    content: [
      [
        call('c'),
        call('d'),
        { type: 'tool-approval-request', approvalId: 'c', toolCallId: 'c', runId: 'r' },
        {
          type: 'tool-call-suspended',
          toolCallId: 'd',
          toolName: 'add',
          suspendPayload: { q: 'Sure?' },
          resumeSchema: '{}',
          runId: 'r',
        },
      ],
    ],
  })
})

it('keeps that a person has refused a call', async () => {
  const denied = event('tool-output-denied', { ...ofCall, approval: { id: 'c', approved: false } })
  const { content } = await answered({
    fullStream: [event('tool-call', ofCall), denied, ended('finish', 'stop')],
  })
  expect(content.slice(0, 2)).toEqual([
    [call('c')],
    [
      {
        type: 'tool-result',
        toolCallId: 'c',
        toolName: 'add',
        output: { type: 'execution-denied' },
        isError: true,
      },
    ],
  ])
})

it('keeps the bytes of a file once, a file that was thought of, and what only a provider knows', async () => {
  const file = { data: 'AAAA', base64: 'AAAA', mimeType: 'image/png' }
  const custom = { kind: 'openai.compaction', providerMetadata: { openai: { itemId: 'i' } } }
  const fullStream = [event('file', file), event('reasoning-file', file), event('custom', custom)]
  const kept = { mediaType: 'image/png', data: 'AAAA' }
  expect((await answered({ fullStream })).content).toEqual([
    [
      { type: 'file', ...kept },
      { type: 'reasoning-file', ...kept },
      { type: 'custom', ...custom },
    ],
  ])
})
