import { describe, expect, it } from 'vitest'
import { estimateTokens, stepsOf } from '../../src/context/token-count.js'
import {
  decodeMessage,
  encodeCopy,
  encodingMessage,
  type MessageInput,
  textOf,
} from '../../src/domain/message.js'
import type { NewMessage } from '../../src/contract/session-store.js'
import { atOnce } from '../../src/async/slices.js'

const options = { maxLength: 65_536, counting: stepsOf(estimateTokens) }
const encode = (input: unknown): NewMessage => atOnce(encodingMessage(input as MessageInput, options))
const stored = (input: unknown) => decodeMessage({ ...encode(input), seq: 1, at: 5 })

describe('encodingMessage', () => {
  it.each([
    'Hello',
    '\u0000 \ud800 \u2028 __proto__ 😀',
    [{ type: 'text', text: 'Hi' }],
    [
      {
        type: 'tool-call',
        toolCallId: 'c1',
        toolName: 'search',
        input: { tags: [], n: 0.30000000000000004 },
      },
    ],
    [{ type: 'tool-result', toolCallId: 'c1', output: {}, isError: false }],
    [{ type: 'reasoning', text: 'Hm', providerMetadata: { openai: { itemId: 'rs_1' } } }],
    [{ type: 'what-a-provider-invents', anything: [{ deep: null }] }],
  ])('keeps content word for word: %j', (content) => {
    expect(stored({ role: 'assistant', content }).content).toEqual(content)
  })

  it.each<[string, object[], object[]]>([
    [
      'a call and a result of AI SDK 4',
      [
        { type: 'tool-call', toolCallId: 'c', toolName: 'add', args: { a: 1 } },
        { type: 'tool-result', toolCallId: 'c', toolName: 'add', result: 0, isError: true },
      ],
      [
        { type: 'tool-call', toolCallId: 'c', toolName: 'add', input: { a: 1 } },
        { type: 'tool-result', toolCallId: 'c', toolName: 'add', output: 0, isError: true },
      ],
    ],
    [
      'calls of assistant-ui, with and without a result',
      [
        {
          type: 'tool-call',
          toolCallId: 'c',
          toolName: 'add',
          args: { a: 1 },
          argsText: '{"a":1}',
          result: 2,
        },
        { type: 'tool-call', toolCallId: 'd', toolName: 'add', args: {}, argsText: '{}' },
        { type: 'tool-call', toolCallId: 'e', toolName: 'add', args: {}, result: 'no', isError: true },
      ],
      [
        { type: 'tool-call', toolCallId: 'c', toolName: 'add', input: { a: 1 } },
        { type: 'tool-result', toolCallId: 'c', toolName: 'add', output: 2 },
        { type: 'tool-call', toolCallId: 'd', toolName: 'add', input: {} },
        { type: 'tool-call', toolCallId: 'e', toolName: 'add', input: {} },
        { type: 'tool-result', toolCallId: 'e', toolName: 'add', output: 'no', isError: true },
      ],
    ],
    [
      'a call and a result that have these fields beside their own',
      [
        { type: 'tool-call', toolCallId: 'c', toolName: 'add', input: 1, args: 2, result: 3 },
        { type: 'tool-result', toolCallId: 'c', output: null, result: 3 },
      ],
      [
        { type: 'tool-call', toolCallId: 'c', toolName: 'add', input: 1, args: 2, result: 3 },
        { type: 'tool-result', toolCallId: 'c', output: null, result: 3 },
      ],
    ],
    [
      'a thought of Mistral',
      [
        {
          type: 'thinking',
          thinking: [
            { type: 'text', text: 'H' },
            { type: 'text', text: 'm' },
          ],
          signature: 'S',
        },
      ],
      [{ type: 'reasoning', text: 'Hm', signature: 'S' }],
    ],
  ])('keeps %s in its own form', (_, content, kept) => {
    expect(stored({ role: 'assistant', content }).content).toEqual(kept)
  })

  it('stamps tokens, and keeps name, metadata and status', () => {
    const message = stored({
      role: 'user',
      content: 'x'.repeat(40),
      name: 'Ann',
      metadata: { a: [] },
      status: 'aborted',
    })
    expect(message).toMatchObject({
      tokens: estimateTokens({ role: 'user', content: 'x'.repeat(40) }),
      name: 'Ann',
      metadata: { a: [] },
      status: 'aborted',
      seq: 1,
      at: 5,
    })
    expect(stored({ role: 'user', content: 'Hi' }).status).toBe('completed')
  })

  it('gives the same payload for the same message, so that a retry is known as one', () => {
    const input = { id: 'm1', role: 'user', content: 'Hi', metadata: { a: 1 } }
    expect(encode(input)).toEqual(encode({ ...input, status: 'completed' }))
  })

  it.each([
    [{ role: 'robot', content: 'x' }, 'message.role'],
    [{ role: 'user' }, 'message.content'],
    [{ role: 'user', content: 7 }, 'message.content'],
    [{ role: 'user', content: [] }, 'message.content'],
    [{ role: 'user', content: [{ words: 'no type' }] }, 'message.content[0].type'],
    [{ role: 'user', content: '' }, 'message.content'],
    [{ role: 'user', content: ' \n\t\u200b\ufeff\u00a0\u3164' }, 'message.content'],
    [{ role: 'user', content: [{ type: 'text', text: '  ' }] }, 'message.content'],
    [{ role: 'assistant', content: [{ type: 'reasoning', text: '' }] }, 'message.content'],
    [{ role: 'user', content: [{ type: 'text' }] }, 'message.content[0].text'],
    [
      { role: 'user', content: [{ type: 'tool-call', toolCallId: 'a', input: {} }] },
      'message.content[0].toolName',
    ],
    [{ role: 'user', content: 'x', seq: 1 }, 'message.seq'],
    [{ role: 'user', content: 'x', id: '' }, 'message.id'],
    [{ role: 'user', content: 'x', metadata: { when: new Date() } }, 'message.metadata.when'],
    [
      { role: 'user', content: [{ type: 'x', y: JSON.parse('{"__proto__":1}') }] },
      'message.content[0].y.__proto__',
    ],
    [null, 'message'],
  ])('refuses %j and says where', (input, path) => {
    expect(() => encode(input)).toThrow(expect.objectContaining({ code: 'invalid', path }))
  })

  it('refuses a message over the limit', () => {
    expect(() => encode({ role: 'user', content: 'x'.repeat(65_536) })).toThrow(
      expect.objectContaining({ code: 'too_large', path: 'message' }),
    )
  })
})

describe('decodeMessage', () => {
  it.each(['', 'no json', 'null', '[]', '{}', '{"role":"user","content":7,"tokens":1}'])(
    'marks what it cannot read as corrupt, and fails nobody else: %j',
    (payload) => {
      expect(decodeMessage({ seq: 3, id: 'm', at: 9, payload })).toMatchObject({
        seq: 3,
        id: 'm',
        status: 'corrupt',
      })
    },
  )
})

describe('encodeCopy', () => {
  it('keeps the id and the time a message was first said', () => {
    const original = decodeMessage({
      ...encode({ role: 'user', content: 'Hi', name: 'Ann' }),
      seq: 4,
      at: 1000,
    })
    const copy = decodeMessage({ ...encodeCopy(original), seq: 1, at: 2000 })
    expect(copy).toEqual({ ...original, seq: 1 })
  })
})

describe('textOf', () => {
  it('joins the text of the parts and leaves out the rest', () => {
    const content = [
      { type: 'reasoning', text: 'Hm' },
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ]
    expect(textOf({ content })).toBe('ab')
    expect(textOf({ content: 'c' })).toBe('c')
  })
})
