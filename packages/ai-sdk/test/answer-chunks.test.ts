import { expect, it } from 'vitest'
import { AnswerChunks } from '../src/answer-chunks.js'

const a = (content: unknown, more: object = {}) => ({ id: 'x.r1', role: 'assistant', content, ...more })
const t = (content: unknown) => ({ id: 'x.r1.2', role: 'tool', content })
const call = (toolCallId: string) => ({ type: 'tool-call', toolCallId, toolName: 'pay', input: { n: 1 } })
const res = (toolCallId: string, output: unknown, more = {}) => ({
  type: 'tool-result',
  toolCallId,
  output,
  ...more,
})
const lineOf = ({ type, ...rest }: { type: string }) =>
  Object.keys(rest).length === 0 ? type : `${type} ${JSON.stringify(rest)}`

it.each<[string, object[], string[]]>([
  [
    'a text that goes on in the next message is one text',
    [a('A'), a('B', { metadata: { continues: true } })],
    [
      'start-step',
      'text-start {"id":"part-1"}',
      'text-delta {"id":"part-1","delta":"A"}',
      'text-delta {"id":"part-1","delta":"B"}',
      'text-end {"id":"part-1"}',
      'finish-step',
    ],
  ],
  [
    'two messages are two steps',
    [a('A'), a('B')],
    [
      'start-step',
      'text-start {"id":"part-1"}',
      'text-delta {"id":"part-1","delta":"A"}',
      'text-end {"id":"part-1"}',
      'finish-step',
      'start-step',
      'text-start {"id":"part-1"}',
      'text-delta {"id":"part-1","delta":"B"}',
      'text-end {"id":"part-1"}',
      'finish-step',
    ],
  ],
  [
    'of several texts the last goes on with the first of the next message',
    [
      a([
        { type: 'text', text: 'A' },
        { type: 'text', text: 'B' },
      ]),
      a(
        [
          { type: 'text', text: 'C' },
          { type: 'text', text: 'D' },
        ],
        { metadata: { continues: true } },
      ),
    ],
    [
      'start-step',
      'text-start {"id":"part-1"}',
      'text-delta {"id":"part-1","delta":"A"}',
      'text-end {"id":"part-1"}',
      'text-start {"id":"part-2"}',
      'text-delta {"id":"part-2","delta":"B"}',
      'text-delta {"id":"part-2","delta":"C"}',
      'text-end {"id":"part-2"}',
      'text-start {"id":"part-3"}',
      'text-delta {"id":"part-3","delta":"D"}',
      'text-end {"id":"part-3"}',
      'finish-step',
    ],
  ],
  [
    'a text with a signature ends with it',
    [
      a([
        { type: 'text', text: 'A', providerOptions: { p: { s: 1 } } },
        { type: 'text', text: 'B' },
      ]),
    ],
    [
      'start-step',
      'text-start {"id":"part-1"}',
      'text-delta {"id":"part-1","delta":"A","providerMetadata":{"p":{"s":1}}}',
      'text-end {"id":"part-1"}',
      'text-start {"id":"part-2"}',
      'text-delta {"id":"part-2","delta":"B"}',
      'text-end {"id":"part-2"}',
      'finish-step',
    ],
  ],
  [
    'thoughts are apart, and empty texts are none',
    [
      a([
        { type: 'reasoning', text: 'T' },
        { type: 'reasoning', text: 'U' },
        { type: 'text', text: '' },
        { type: 'text', text: 'A' },
      ]),
    ],
    [
      'start-step',
      'reasoning-start {"id":"part-1"}',
      'reasoning-delta {"id":"part-1","delta":"T"}',
      'reasoning-end {"id":"part-1"}',
      'reasoning-start {"id":"part-2"}',
      'reasoning-delta {"id":"part-2","delta":"U"}',
      'text-start {"id":"part-3"}',
      'text-delta {"id":"part-3","delta":"A"}',
      'reasoning-end {"id":"part-2"}',
      'text-end {"id":"part-3"}',
      'finish-step',
    ],
  ],
  [
    'a text that broke off stays open',
    [a('A', { status: 'failed' })],
    ['start-step', 'text-start {"id":"part-1"}', 'text-delta {"id":"part-1","delta":"A"}', 'finish-step'],
  ],
  [
    'files have addresses, or are none',
    [
      a([
        { type: 'file', data: 'AAAA', mediaType: 'text/plain', filename: 'a.txt' },
        { type: 'image', image: 'AAAA' },
        { type: 'file', data: 'AAAA' },
        { type: 'file', url: 'https://x.example/a' },
        { type: 'file', data: '' },
        { type: 'file', data: 5 },
      ]),
    ],
    [
      'start-step',
      'file {"filename":"a.txt","mediaType":"text/plain","url":"data:text/plain;base64,AAAA"}',
      'file {"mediaType":"image/*","url":"data:image/*;base64,AAAA"}',
      'file {"mediaType":"application/octet-stream","url":"data:application/octet-stream;base64,AAAA"}',
      'file {"mediaType":"application/octet-stream","url":"https://x.example/a"}',
      'finish-step',
    ],
  ],
  [
    'sources come at the end, and those that have no name are none',
    [
      a(
        [
          { type: 'source', url: 'https://a.example/', id: 's1', title: 'A' },
          { type: 'text', text: 'T' },
          { type: 'source-url', url: 'https://b.example/' },
          { type: 'source-document', sourceId: 'd', mediaType: 'a/b', title: 'D', filename: 'f' },
          { type: 'source-document', sourceId: 'd2', mediaType: 'a/b' },
          { type: 'source', title: 'none' },
        ],
        { metadata: { sources: [{ url: 'https://m.example/', title: 'M' }, 5] } },
      ),
    ],
    [
      'start-step',
      'text-start {"id":"part-1"}',
      'text-delta {"id":"part-1","delta":"T"}',
      'source-url {"url":"https://b.example/","sourceId":"https://b.example/"}',
      'source-document {"mediaType":"a/b","filename":"f","sourceId":"d","title":"D"}',
      'text-end {"id":"part-1"}',
      'source-url {"url":"https://m.example/","sourceId":"https://m.example/","title":"M"}',
      'source-url {"url":"https://a.example/","sourceId":"s1","title":"A"}',
      'finish-step',
    ],
  ],
  [
    'data has its id, and what nobody knows is nothing',
    [
      a([
        { type: 'data-x', id: 'i', data: { a: 1 } },
        { type: 'data-y', id: 5, data: undefined },
        { type: 'thing' },
      ]),
    ],
    ['data-x {"id":"i","data":{"a":1}}', 'data-y {"data":null}'],
  ],
  [
    'custom parts have a kind',
    [a([{ type: 'custom', kind: 'k' }, { type: 'custom' }])],
    ['start-step', 'custom {"kind":"k"}', 'finish-step'],
  ],
  [
    'chunks of the SDK are themselves',
    [
      a([
        { type: 'ui-chunk', chunk: { type: 'message-metadata', messageMetadata: { a: 1 } } },
        { type: 'ui-chunk', chunk: { type: 'start-step' } },
        { type: 'text', text: 'A' },
      ]),
    ],
    [
      'message-metadata {"messageMetadata":{"a":1}}',
      'start-step',
      'text-start {"id":"part-1"}',
      'text-delta {"id":"part-1","delta":"A"}',
      'text-end {"id":"part-1"}',
      'finish-step',
    ],
  ],
  [
    'what tools gave is unwrapped, and failures are failures',
    [
      a([call('1'), call('2'), call('3'), call('4'), call('5'), call('6'), call('7')]),
      t([
        res('1', { type: 'text', value: 'T' }),
        res('2', { type: 'json', value: { a: 1 } }),
        res('3', { type: 'error-text', value: 'E' }),
        res('4', { type: 'error-json', value: { e: 1 } }),
        res('5', 'plain', { isError: true }),
        res('6', { type: 'content', value: [1] }),
        res('7', { type: 'text', value: 'T', extra: 1 }),
        res('9', 'orphan'),
      ]),
    ],
    [
      'start-step',
      'tool-input-available {"toolCallId":"1","toolName":"pay","input":{"n":1}}',
      'tool-input-available {"toolCallId":"2","toolName":"pay","input":{"n":1}}',
      'tool-input-available {"toolCallId":"3","toolName":"pay","input":{"n":1}}',
      'tool-input-available {"toolCallId":"4","toolName":"pay","input":{"n":1}}',
      'tool-input-available {"toolCallId":"5","toolName":"pay","input":{"n":1}}',
      'tool-input-available {"toolCallId":"6","toolName":"pay","input":{"n":1}}',
      'tool-input-available {"toolCallId":"7","toolName":"pay","input":{"n":1}}',
      'tool-output-available {"toolCallId":"1","output":"T"}',
      'finish-step',
      'tool-output-available {"toolCallId":"2","output":{"a":1}}',
      'tool-output-error {"toolCallId":"3","errorText":"E"}',
      'tool-output-error {"toolCallId":"4","errorText":"{\\"e\\":1}"}',
      'tool-output-error {"toolCallId":"5","errorText":"plain"}',
      'tool-output-available {"toolCallId":"6","output":{"type":"content","value":[1]}}',
      'tool-output-available {"toolCallId":"7","output":{"type":"text","value":"T","extra":1}}',
    ],
  ],
  [
    'what a provider ran is of the same step',
    [
      a([
        { ...call('1'), providerExecuted: true },
        res('1', 'x', { providerExecuted: true }),
        { type: 'text', text: 'A' },
      ]),
    ],
    [
      'start-step',
      'tool-input-available {"toolCallId":"1","toolName":"pay","providerExecuted":true,"input":{"n":1}}',
      'tool-output-available {"toolCallId":"1","providerExecuted":true,"output":"x"}',
      'text-start {"id":"part-1"}',
      'text-delta {"id":"part-1","delta":"A"}',
      'text-end {"id":"part-1"}',
      'finish-step',
    ],
  ],
  [
    'a result ends its step',
    [a([{ type: 'text', text: 'A' }, call('1')]), t([res('1', null)]), a('B')],
    [
      'start-step',
      'text-start {"id":"part-1"}',
      'text-delta {"id":"part-1","delta":"A"}',
      'tool-input-available {"toolCallId":"1","toolName":"pay","input":{"n":1}}',
      'tool-output-available {"toolCallId":"1","output":null}',
      'text-end {"id":"part-1"}',
      'finish-step',
      'start-step',
      'text-start {"id":"part-1"}',
      'text-delta {"id":"part-1","delta":"B"}',
      'text-end {"id":"part-1"}',
      'finish-step',
    ],
  ],
  [
    'what a person denied is denied',
    [
      a([call('1'), { type: 'tool-approval-request', approvalId: 'q', toolCallId: '1' }]),
      t([{ type: 'tool-approval-response', approvalId: 'q', approved: false, reason: 'no' }]),
      t([res('1', { type: 'execution-denied' })]),
    ],
    [
      'start-step',
      'tool-input-available {"toolCallId":"1","toolName":"pay","input":{"n":1}}',
      'tool-approval-request {"toolCallId":"1","approvalId":"q"}',
      'tool-approval-response {"approved":false,"approvalId":"q","reason":"no"}',
      'finish-step',
      'tool-output-denied {"toolCallId":"1"}',
    ],
  ],
  [
    'a question is about a call that waits',
    [
      a([
        call('1'),
        { type: 'tool-approval-request', approvalId: 'q', toolCallId: '1' },
        { type: 'tool-approval-request', approvalId: 5, toolCallId: '1' },
        { type: 'tool-approval-request', approvalId: 'z', toolCallId: '8' },
      ]),
    ],
    [
      'start-step',
      'tool-input-available {"toolCallId":"1","toolName":"pay","input":{"n":1}}',
      'tool-approval-request {"toolCallId":"1","approvalId":"q"}',
      'finish-step',
    ],
  ],
  [
    'an answer to a question ends the step',
    [
      a([call('1'), { type: 'tool-approval-request', approvalId: 'q', toolCallId: '1' }]),
      t([{ type: 'tool-approval-response', approvalId: 'q', approved: true }]),
    ],
    [
      'start-step',
      'tool-input-available {"toolCallId":"1","toolName":"pay","input":{"n":1}}',
      'tool-approval-request {"toolCallId":"1","approvalId":"q"}',
      'tool-approval-response {"approved":true,"approvalId":"q"}',
      'finish-step',
    ],
  ],
  [
    'a result needs no answer',
    [
      a([call('1'), { type: 'tool-approval-request', approvalId: 'q', toolCallId: '1' }]),
      t([res('1', 'paid')]),
    ],
    [
      'start-step',
      'tool-input-available {"toolCallId":"1","toolName":"pay","input":{"n":1}}',
      'tool-approval-request {"toolCallId":"1","approvalId":"q"}',
      'tool-output-available {"toolCallId":"1","output":"paid"}',
      'finish-step',
    ],
  ],
  [
    'a denial needs no question',
    [a([call('1')]), t([res('1', { type: 'execution-denied' })])],
    [
      'start-step',
      'tool-input-available {"toolCallId":"1","toolName":"pay","input":{"n":1}}',
      'tool-output-denied {"toolCallId":"1"}',
      'finish-step',
    ],
  ],
])('%s', (_, history, expected) => {
  expect(new AnswerChunks().messages(history as never).map(lineOf)).toEqual(expected)
})

it.each<[object, string[]]>([
  [
    { type: 'completed', finishReason: 'stop' },
    ['text-end {"id":"part-1"}', 'finish-step', 'finish {"finishReason":"stop"}'],
  ],
  [
    { type: 'completed', finishReason: 'length' },
    ['text-end {"id":"part-1"}', 'finish-step', 'finish {"finishReason":"length"}'],
  ],
  [
    { type: 'completed', finishReason: 'content-filter' },
    ['text-end {"id":"part-1"}', 'finish-step', 'finish {"finishReason":"content-filter"}'],
  ],
  [
    { type: 'completed', finishReason: 'tool-calls' },
    ['text-end {"id":"part-1"}', 'finish-step', 'finish {"finishReason":"tool-calls"}'],
  ],
  [
    { type: 'completed', finishReason: 'error' },
    ['text-end {"id":"part-1"}', 'finish-step', 'finish {"finishReason":"error"}'],
  ],
  [
    { type: 'completed', finishReason: 'odd' },
    ['text-end {"id":"part-1"}', 'finish-step', 'finish {"finishReason":"other"}'],
  ],
  [{ type: 'completed' }, ['text-end {"id":"part-1"}', 'finish-step', 'finish']],
  [{ type: 'failed' }, ['finish-step', 'error {"errorText":"The model failed."}']],
  [{ type: 'failed', message: 'Too dear.' }, ['finish-step', 'error {"errorText":"Too dear."}']],
  [{ type: 'aborted' }, ['finish-step', 'abort']],
  [
    { type: 'aborted', code: 'timed_out', message: 'Too late.' },
    ['finish-step', 'error {"errorText":"Too late."}'],
  ],
])('a turn ends as it says: %j', (event, expected) => {
  const chunks = new AnswerChunks()
  expect(chunks.event({ type: 'text', text: 'A' } as never).map(lineOf)).toEqual([
    'start-step',
    'text-start {"id":"part-1"}',
    'text-delta {"id":"part-1","delta":"A"}',
  ])
  expect(chunks.event(event as never).map(lineOf)).toEqual(expected)
})
