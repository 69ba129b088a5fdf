import { describe, expect, it } from 'vitest'
import type { TurnPart } from '../../src/index.js'
import { opened } from './turns.js'

const pieces = 24_000
const each = (make: (n: number) => object) => Array.from({ length: pieces }, (_, n) => make(n))
const chunk = (delta: object) => ({
  id: 'x',
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta, finish_reason: null }],
})
const called = (args: string, more: object) => ({
  tool_calls: [{ index: 0, ...more, function: { name: 'a', arguments: args } }],
})
const begun = { type: 'message_start', message: { usage: {} } }
const summary = (type: string, more: object) => ({ type: `content_block_${type}`, index: 0, ...more })
const many = Object.fromEntries(each((n) => ({ n })).map((_, n) => [`k${n}`, 1]))

// Joined anew with each piece, any of these takes minutes.
describe('an answer of very many pieces takes no longer for each', () => {
  it.each<[string, object[]]>([
    ['fields of a text', each((n) => ({ type: 'text', id: 'a', text: 'x', [`k${n}`]: 1 }))],
    ['texts with ids', each((n) => ({ type: n % 2 ? 'text' : 'reasoning', id: `i${n}`, text: 'x' }))],
    [
      'calls that never end',
      each((n) => chunk(called(`${n === 0 ? '{"a":"' : ''}${'x'.repeat(600)}}`, { id: `c${n}` }))),
    ],
    ['fields of a call', each((n) => chunk(called('x', { id: 'c', [`k${n}`]: 1 })))],
    [
      'thoughts in detail',
      each((n) => chunk({ reasoning_details: [{ type: 'r', index: 0, [`k${n}`]: 1 }] })),
    ],
    ['counts', [begun, ...each((n) => ({ type: 'message_delta', delta: {}, usage: { [`k${n}`]: 1 } }))]],
    [
      'a summary',
      [
        begun,
        summary('start', { content_block: { type: 'compaction', ...many } }),
        ...each(() => summary('delta', { delta: { type: 'compaction_delta', content: 'x' } })),
      ],
    ],
    [
      'arguments with their places',
      each((n) => ({
        candidates: [
          { content: { parts: [{ [`k${n}`]: 1, functionCall: { willContinue: true, [`z${n}`]: 1 } }] } },
        ],
      })),
    ],
  ])('%s', async (_, answer) => {
    for (const redact of [undefined, (text: string) => text]) {
      const session = await opened({ ...(redact === undefined ? {} : { redact }), onWarning: () => {} })
      const { status } = await session.turn('Hi', () => answer as TurnPart[]).result
      expect(['completed', 'failed']).toContain(status)
    }
  })
})

it.each([{}, { id: 'a' }])('fields alone make no message longer than one may be: %j', async (id) => {
  const session = await opened({ limits: { maxMessageLength: 4096 } })
  const fields = Array.from({ length: 30 }, (_, n) => ({
    type: 'text',
    text: '',
    ...id,
    [`k${n}`]: 'x'.repeat(900),
  }))
  const { replies } = await session.turn('Hi', () => fields as TurnPart[]).result
  const kept = replies.flatMap(({ content }) => content as object[])
  expect(Object.assign({}, ...kept)).toMatchObject(Object.assign({}, ...fields))
  for (const { role, content } of replies)
    expect(JSON.stringify({ role, content }).length).toBeLessThanOrEqual(4096)
})
