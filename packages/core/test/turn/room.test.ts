import { describe, expect, it } from 'vitest'
import { type JsonValue, type MessagePart, textOf, type TurnPart } from '../../src/index.js'
import { opened } from './turns.js'

const size = (value: unknown) => Buffer.byteLength(JSON.stringify(value)) + 1
// A message of 4096 bytes keeps 1024 for itself.
const room = 3072
const place = () => opened({ limits: { maxMessageLength: 4096 }, onWarning: () => {} })

/** What is stored of an answer of these parts. */
async function stored(parts: readonly unknown[]) {
  const { replies, status } = await (await place()).turn('?', () => parts as TurnPart[]).result
  expect(status).toBe('completed')
  return replies
}
const partsOf = (replies: readonly { content: string | readonly MessagePart[] }[]) =>
  replies.flatMap(({ content }) => (typeof content === 'string' ? [] : content))

const result = (output: JsonValue, more: object = {}) => ({
  type: 'tool-result',
  toolCallId: 'c',
  toolName: 'find',
  ...more,
  output,
})
const call = (input: JsonValue) => ({ type: 'tool-call', toolCallId: 'c', toolName: 'find', input })

describe('a part that is too long for a message', () => {
  it('stays whole while it fits, to the byte', async () => {
    const bare = size(result(''))
    const [kept] = partsOf(await stored([result('x'.repeat(room - bare))]))
    expect(kept).toEqual(result('x'.repeat(room - bare)))
    const [cut] = partsOf(await stored([result('x'.repeat(room - bare + 1))]))
    expect(cut).toMatchObject({ shortened: true })
    expect(size(cut)).toBeLessThanOrEqual(room)
    expect(size(cut)).toBeGreaterThan(room / 2)
  })

  it.each<[string, object, (kept: MessagePart) => JsonValue | undefined]>([
    ['a result', result('abc'.repeat(3000)), ({ output }) => output],
    ['a result with other fields', result('abc'.repeat(3000), { title: 't' }), ({ output }) => output],
    ['a call', call('abc'.repeat(3000)), ({ input }) => input],
  ])('keeps the beginning of what it says, and says how much is missing: %s', async (_, part, of) => {
    const [kept] = partsOf(await stored([part]))
    const told = of(kept!) as string
    const [, begin, left] = /^([abc]+)… \[(\d+) more characters left out\]$/.exec(told)!
    expect('abc'.repeat(3000).startsWith(begin!)).toBe(true)
    expect(begin!.length + Number(left)).toBe(9000)
    expect({ ...kept, shortened: undefined, output: 0, input: 0 }).toEqual({
      ...part,
      shortened: undefined,
      output: 0,
      input: 0,
    })
    expect(kept!['shortened']).toBe(true)
  })

  it('writes what is no text as JSON, keeps the form of the AI SDK, and cuts no character in two', async () => {
    const rows = Array.from({ length: 2000 }, (_, id) => ({ id }))
    for (const [output, expected] of [
      [rows, expect.stringMatching(/^\[\{"id":0\},\{"id":1\}.*left out\]$/)],
      [
        { type: 'json', value: rows },
        { type: 'text', value: expect.stringMatching(/^\[\{"id":0\}/) },
      ],
      [
        { type: 'text', value: 'x'.repeat(9000) },
        { type: 'text', value: expect.stringMatching(/^xxx/) },
      ],
      [
        { type: 'error-json', value: rows },
        { type: 'error-text', value: expect.stringMatching(/^\[\{"id":0\}/) },
      ],
      // No output of the AI SDK.
      [{ type: 7, value: rows }, expect.stringMatching(/^\{"type":7,"value":\[/)],
      [{ type: 'phone', value: 5, rows }, expect.stringMatching(/^\{"type":"phone","value":5,"rows":\[/)],
      [
        { type: 'json', result: 5, value: rows },
        { type: 'text', value: expect.stringMatching(/^\[\{"id":0\}/) },
      ],
      [
        { type: 'content', value: rows },
        { type: 'text', value: expect.stringMatching(/^\[\{"id":0\}/) },
      ],
      ['😀'.repeat(3000), expect.stringMatching(/^(😀)+… \[\d+ more characters left out\]$/u)],
      ['\u0001'.repeat(3000), expect.stringMatching(/left out\]$/)],
    ] as [JsonValue, unknown][]) {
      const [kept] = partsOf(await stored([result(output)]))
      expect(kept!.output).toEqual(expected)
      expect(size(kept)).toBeLessThanOrEqual(room)
      const text = JSON.stringify(kept!.output)
      const left = Number(/\[(\d+) more/.exec(text)![1])
      expect(left).toBeGreaterThan(0)
    }
  })

  it('leaves out its longest other fields, as many as it has to, and names them', async () => {
    const file = {
      type: 'file',
      url: 'https://a.test/x',
      a: 'a'.repeat(2000),
      b: 'b'.repeat(2500),
      c: 'c'.repeat(900),
    }
    const [kept] = partsOf(await stored([file]))
    expect(kept).toEqual({ type: 'file', url: file.url, a: file.a, c: file.c, omitted: ['b'] })
    const many = Object.fromEntries(
      Array.from({ length: 30 }, (_, n) => [`${'k'.repeat(120)}${n}`, 'v'.repeat(3000 + n)]),
    )
    const [few] = partsOf(await stored([{ type: 'file', ...many }]))
    expect(Object.keys(few!)).toEqual(['type', 'omitted'])
    expect(few!['omitted']).toEqual(Array.from({ length: 20 }, () => 'k'.repeat(100)))
  })

  it('keeps a result whose other fields are long, and what it says', async () => {
    const [kept] = partsOf(await stored([result('short', { log: 'l'.repeat(5000) })]))
    expect(kept).toMatchObject({ toolCallId: 'c', toolName: 'find', omitted: ['log'], shortened: true })
    expect(JSON.stringify(kept)).toContain('short')
    expect(kept).not.toHaveProperty('log')
  })

  it('keeps the names of a call, however many other fields it has', async () => {
    const fields = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`f${n}`, 'v'.repeat(80)]))
    const names = { toolCallId: 'c'.repeat(190), toolName: 't'.repeat(190) }
    const [kept] = partsOf(await stored([{ ...call('i'.repeat(9000)), ...fields, ...names }]))
    expect(kept).toMatchObject({ type: 'tool-call', ...names, shortened: true })
    expect(size(kept)).toBeLessThanOrEqual(room)
    expect((kept!['omitted'] as string[]).length).toBeGreaterThan(10)
    const wrapped = { type: 'error-text', value: 'x'.repeat(9000) }
    const [failed] = partsOf(await stored([result(wrapped)]))
    expect(failed!.output).toEqual({ type: 'error-text', value: expect.stringMatching(/^x+… /) })
  })

  it('keeps a text, and of its other fields those that fit', async () => {
    for (const type of ['text', 'reasoning']) {
      const signed = { type, text: 'Hi', signature: 's', providerMetadata: { big: 'p'.repeat(2000) } }
      const [kept] = partsOf(await stored([signed]))
      expect(kept).toEqual({ type, text: 'Hi', signature: 's', omitted: ['providerMetadata'] })
      const small = { type, text: 'Hi', signature: 's'.repeat(1000) }
      expect(partsOf(await stored([small]))).toEqual([small])
    }
  })
})

describe('an answer that is too long for a message', () => {
  it('goes on in the next, which says so, and is one text', async () => {
    const replies = await stored(['x'.repeat(2000), 'y'.repeat(2000), 'z'.repeat(3000)])
    expect(replies.map(({ metadata }) => metadata?.['continues'])).toEqual([undefined, true, true])
    expect(replies.map((reply) => textOf(reply)).join('')).toBe(
      'x'.repeat(2000) + 'y'.repeat(2000) + 'z'.repeat(3000),
    )
    for (const { content } of replies) expect(size(content)).toBeLessThanOrEqual(room)
    // Full to the last byte that there is room for.
    expect(size(replies[0]!.content)).toBeGreaterThan(room - 100)
  })

  it('has results of tools in as many messages as they need, and parts with ids where they began', async () => {
    const results = [1, 2, 3].map((n) => ({ ...result('r'.repeat(1800)), toolCallId: `c${n}` }))
    const replies = await stored([
      ...results.map(({ toolCallId }) => ({ ...call({}), toolCallId })),
      ...results,
      'Done',
    ])
    expect(replies.map(({ role }) => role)).toEqual(['assistant', 'tool', 'tool', 'tool', 'assistant'])
    expect(replies.map(({ metadata }) => metadata?.['continues'])).toEqual(Array.from({ length: 5 }))
    const files = [1, 2].map((n) => ({ type: 'file', n, data: 'd'.repeat(2000) }))
    const two = await stored(files)
    expect(two.map(({ content }) => content)).toEqual(files.map((file) => [file]))
    expect(two.map(({ metadata }) => metadata?.['continues'])).toEqual([undefined, true])
    const mixed = await stored([
      { type: 'reasoning', id: 'r', text: 'a' },
      { type: 'text', id: 't', text: 'b' },
      { type: 'reasoning', id: 'r', text: 'c' },
      { type: 'text', id: 'r', text: 'd' },
      { type: 'text', text: 'e' },
      { type: 'text', text: 'f' },
      { type: 'text', text: 'g', signature: 's' },
      { type: 'text', text: 'h' },
    ])
    expect(mixed[0]!.content).toEqual([
      { type: 'reasoning', id: 'r', text: 'ac' },
      { type: 'text', id: 't', text: 'b' },
      { type: 'text', id: 'r', text: 'd' },
      { type: 'text', text: 'efg', signature: 's' },
      { type: 'text', text: 'h' },
    ])
  })

  it('fills each message to the byte, and begins a part that does not fit in the next', async () => {
    const [one, two] = await stored(['x'.repeat(4000)])
    expect(size([{ type: 'text', text: one!.content }])).toBe(room)
    expect(`${textOf(one!)}${textOf(two!)}`).toBe('x'.repeat(4000))
    const [first, second] = [
      { type: 'text', id: 'a', text: 'x'.repeat(2000) },
      { type: 'text', id: 'b', text: 'y'.repeat(2000) },
    ]
    const apart = await stored([first, second])
    expect(apart.map(({ content }) => content)).toEqual([[first], [second]])
    expect(apart.map(({ role, metadata }) => [role, metadata?.['continues']])).toEqual([
      ['assistant', undefined],
      ['assistant', true],
    ])
    // A signature takes room, too.
    const signed = await stored([
      { type: 'text', id: 't', text: 'x'.repeat(1000) },
      { type: 'text', id: 't', text: '', signature: 's'.repeat(1000) },
      { type: 'text', id: 't', text: 'y'.repeat(1500) },
    ])
    expect(size(signed[0]!.content)).toBe(room)
    expect(signed.map((reply) => textOf(reply)).join('')).toBe('x'.repeat(1000) + 'y'.repeat(1500))
  })

  it('goes on with what has the same signature, and has no message of nothing', async () => {
    const [joined] = await stored([
      { type: 'reasoning', text: 'a', signature: 's' },
      { type: 'reasoning', text: 'b', signature: 's' },
    ])
    expect(joined!.content).toEqual([{ type: 'reasoning', text: 'ab', signature: 's' }])
    expect(await stored([{ type: 'reasoning', text: '' }])).toMatchObject([
      { role: 'assistant', content: '' },
    ])
  })

  it('leaves to its provider a call that the provider makes', async () => {
    const session = await place()
    const { replies } = await session.turn('?', () => [{ ...call({}), providerExecuted: true }] as never, {
      tools: { find: { execute: () => expect.fail('run') } },
    }).result
    expect(replies.map(({ role, status }) => [role, status])).toEqual([['assistant', 'completed']])
  })

  it('has at most fifty documents, and sources and documents that fit in half of a message', async () => {
    const documents = Array.from({ length: 60 }, (_, n) => ({ type: 'document', document: { id: `${n}` } }))
    const [{ metadata } = {}] = await stored([...documents, 'Hi'])
    expect(metadata?.['documents']).toHaveLength(50)
    const source = (n: number) => ({ type: 'source', url: `${n}${'u'.repeat(600)}` })
    const [said] = await stored([source(1), source(2), source(3), { type: 'source', url: 'small' }, 'Hi'])
    expect((said!.metadata!['sources'] as { url: string }[]).map(({ url }) => url[0])).toEqual([
      '1',
      '2',
      's',
    ])
  })
  const found = async (...documents: object[]) => {
    const parts = documents.map((document) => ({ type: 'document', document }))
    const [{ metadata } = {}] = await stored([...parts, 'Hi'])
    const kept = (metadata?.['documents'] ?? []) as { id: string; text?: string; [field: string]: unknown }[]
    expect(Buffer.byteLength(JSON.stringify(kept))).toBeLessThanOrEqual(room / 2 + 100)
    return kept
  }

  it('keeps every document where they do not fit: the long ones have the beginnings of their texts', async () => {
    const short = { id: 'short', title: 'Short', text: 'as it is' }
    const [a, b, c] = await found({ id: 'a', title: 'A', text: 'ä'.repeat(5000) }, short, {
      id: 'c',
      url: 'https://c.example',
      pageContent: '\n'.repeat(900),
      page: 7,
      rows: Array(900).fill(0),
    })
    expect(b).toEqual(short)
    expect(a).toMatchObject({ id: 'a', title: 'A', shortened: true })
    expect(a!.text).toMatch(/^ä{150,}… \[\d{4} more characters left out\]$/)
    expect(c).toMatchObject({ id: 'c', url: 'https://c.example', page: 7, shortened: true })
    expect(c!['pageContent']).toMatch(/^\n{100,}… \[\d{3} more characters left out\]$/)
    expect(c).not.toHaveProperty('rows')
    // What the short one leaves is theirs.
    expect(size([a, b, c])).toBeGreaterThan(room / 2 - 150)
  })

  it('cuts no character of a document in half, and keeps its id where nothing else fits', async () => {
    const [astral] = await found({ id: 'a', text: '😀'.repeat(5000) })
    expect(astral!.text).toMatch(/^(😀)+… \[\d+ more characters left out\]$/u)
    expect(await found({ id: 'n', rows: Array(5000).fill(1) })).toEqual([{ id: 'n', shortened: true }])
    const many = await found(...Array.from({ length: 50 }, (_, n) => ({ id: `${n}`.repeat(90), text: 'x' })))
    expect(many).toEqual([])
    const source = { type: 'source', url: 'u'.repeat(900) }
    const [beside] = await stored([
      source,
      { type: 'document', document: { id: 'a', text: 'x'.repeat(900) } },
      'Hi',
    ])
    expect(beside!.metadata!['sources']).toHaveLength(1)
    expect(Buffer.byteLength(JSON.stringify(beside!.metadata!['documents']))).toBeLessThan(room / 2 - 800)
  })
})
