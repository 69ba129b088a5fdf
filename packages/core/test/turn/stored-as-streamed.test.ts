import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { MessagePart, TurnEvent, TurnPart } from '../../src/index.js'
import { opened } from './turns.js'

/** As a client reads it: JSON has no negative zero. */
const asRead = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value

const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.constant('\ud800'),
  fc.constant(''),
  fc.constant('é😀"\\\n'),
)
const id = fc.constantFrom('a', 'b', undefined)
const extras = fc.option(
  fc.dictionary(fc.constantFrom('x', 'providerMetadata'), fc.jsonValue({ maxDepth: 2 })),
  {
    nil: {},
  },
)
const odd = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSparseArray: true })
const withExtras = (part: object, more: object) => ({ ...more, ...part })

const said = fc
  .tuple(fc.record({ type: fc.constantFrom('text', 'reasoning'), text, id }), extras)
  .map(([part, more]) => withExtras(part, more))
const long = fc.record({
  type: fc.constantFrom('text', 'reasoning'),
  text: fc.integer({ min: 500, max: 5000 }).map((length) => '😀a"'.repeat(length).slice(0, length)),
  id,
})
const call = fc.record({
  type: fc.constant('tool-call'),
  toolCallId: fc.constantFrom('c', 'd'),
  toolName: fc.constant('elsewhere'),
  input: odd,
  note: fc.constant(undefined),
})
const result = fc.record({
  type: fc.constant('tool-result'),
  toolCallId: fc.constantFrom('c', 'd', 'unknown'),
  output: fc.oneof(
    odd,
    fc.constant('r'.repeat(4000)),
    fc.constant({ rows: Array.from({ length: 900 }, () => 1) }),
  ),
})
const other = fc.record({
  type: fc.constantFrom('file', 'data-x', 'custom'),
  data: odd,
  big: fc.constantFrom('', 'z'.repeat(3000)),
})
const extra = fc.oneof(
  fc.record({
    type: fc.constant('source'),
    url: text,
    title: fc.constant(undefined),
    big: fc.constantFrom('', 's'.repeat(900)),
  }),
  fc.record({
    type: fc.constant('usage'),
    inputTokens: fc.constantFrom(undefined, Number.NaN, 3),
    outputTokens: fc.nat(9),
  }),
)
const broken = fc.oneof(
  odd,
  fc.record({ type: fc.constant('text') }),
  fc.record({ type: fc.constant('tool-call'), toolCallId: fc.constant('') }),
  fc.record({ type: fc.constant('usage'), inputTokens: fc.constant(-1) }),
)
const pieces = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.oneof(text, said, call, result, other, extra) },
    { weight: 2, arbitrary: long },
    { weight: 1, arbitrary: broken },
  ),
  { maxLength: 25 },
)

/** All that was said of each kind, whatever messages and parts it is divided into. */
function told(parts: readonly MessagePart[]): { texts: string; reasonings: string; rest: MessagePart[] } {
  const of = (type: string) =>
    parts
      .filter((part) => part.type === type)
      .map((part) => part['text'] as string)
      .sort()
      .join('')
  const letters = (all: string) => [...all].sort().join('')
  return {
    texts: letters(of('text')),
    reasonings: letters(of('reasoning')),
    rest: parts.filter(({ type }) => type !== 'text' && type !== 'reasoning'),
  }
}

const isKept = (event: TurnEvent): boolean =>
  !['started', 'completed', 'failed', 'usage', 'finish', 'source', 'document', 'error'].includes(event.type)

it('stores what was streamed, whatever the parts, and the session is free afterwards', async () => {
  await fc.assert(
    fc.asyncProperty(pieces, async (parts) => {
      const session = await opened({ limits: { maxMessageLength: 2048 }, onWarning: () => {} })
      const turn = session.turn('?', () => parts as TurnPart[])
      const events: TurnEvent[] = []
      for await (const event of turn) events.push(event)
      const { replies } = await turn.result
      const stored = replies.flatMap(({ content }): readonly MessagePart[] =>
        typeof content === 'string' ? (content === '' ? [] : [{ type: 'text', text: content }]) : content,
      )
      const streamed = events.filter(isKept).map((event) => {
        const { n: _, ...part } = event
        return part as MessagePart
      })
      expect(told(asRead(stored))).toEqual(told(asRead(streamed)))
      expect((await session.history({ limit: 1000 })).messages.slice(1)).toEqual(asRead(replies))
      for (const { content } of replies) expect(Buffer.byteLength(JSON.stringify(content))).toBeLessThan(2048)
      // Each call has an id of its own, whatever the model called it.
      const ids = stored.filter(({ type }) => type === 'tool-call').map((part) => part['toolCallId'])
      expect(new Set(ids).size).toBe(ids.length)
      expect(await session.currentTurn()).toBeUndefined()
      expect((await session.turn('again', () => 'yes').result).status).toBe('completed')
    }),
    { numRuns: 150 },
  )
}, 120_000)
