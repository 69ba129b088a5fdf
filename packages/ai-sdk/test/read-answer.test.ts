import { createUIMessageStream, type UIMessage } from 'ai'
import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { AnswerChunks } from '../src/answer-chunks.js'
import { toUIMessages } from '../src/index.js'
import type { KeptMessage } from '../src/kept-part.js'

type Role = KeptMessage['role']
const kept = (role: Role, content: string | object[], id = 'm.r1'): KeptMessage => ({
  id,
  role,
  content: content as KeptMessage['content'],
})
const times = <Made>(n: number, make: (place: number) => Made) => Array.from({ length: n }, (_, i) => make(i))
const call = (n: number | string, more: object = {}) => ({
  type: 'tool-call',
  toolCallId: `c${n}`,
  toolName: 'add',
  input: { n },
  ...more,
})
const result = (n: number | string) => ({ type: 'tool-result', toolCallId: `c${n}`, output: n })
const told = (chunk: object) => ({ type: 'ui-chunk', chunk })
const metadata = (messageMetadata: unknown) => told({ type: 'message-metadata', messageMetadata })

/** All chunks of an answer, read by the SDK at once. */
async function readAtOnce(group: readonly KeptMessage[]): Promise<UIMessage> {
  let read: UIMessage | undefined
  const stream = createUIMessageStream({
    execute: ({ writer }) => {
      for (const chunk of new AnswerChunks().messages(group)) writer.write(chunk)
    },
    onFinish: ({ responseMessage }) => {
      read = responseMessage
    },
  })
  for await (const _ of stream as unknown as AsyncIterable<unknown>) continue
  return read!
}

const place = fc.integer({ min: 0, max: 100_000 })
const piece: fc.Arbitrary<object> = fc.oneof(
  fc.record({ type: fc.constantFrom('text', 'reasoning'), text: fc.constantFrom('a', 'b') }),
  place.map((n) => ({ type: 'text', text: 'x', id: `t${n % 50}` })),
  place.map((n) => call(n, n % 5 === 0 ? { dynamic: true } : {})),
  place.map((n) => told({ type: 'tool-input-start', toolCallId: `c${n}`, toolName: 'add' })),
  place.map(result),
  place.map(result),
  place.map((n) => ({ type: 'data-note', id: `d${n % 50}`, data: n })),
  place.map((n) => ({ type: 'source-url', sourceId: `s${n}`, url: 'https://a' })),
  fc.constantFrom({ a: { b: 1 } }, { a: { c: 2 } }, { a: 3 }, { b: [1] }, { b: null }).map(metadata),
)
/** Pieces with results of calls that were made. */
const pieces = fc.array(piece, { minLength: 300, maxLength: 600 }).map((given) => {
  const calls: string[] = []
  return given.map((part) => {
    const { type, toolCallId = '' } = part as { type: string; toolCallId?: string }
    if (type === 'tool-call') calls.push(toolCallId)
    const asked = calls[Number(toolCallId.slice(1)) % calls.length]
    return type === 'tool-result' && asked !== undefined ? { ...part, toolCallId: asked } : part
  })
})
// A call whose id an earlier step has used.
const again = [call(1), result(1), ...times(100, (n) => ({ type: 'data-note', data: n })), call(1)]

it('reads long answers as the SDK reads them at once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(pieces, { minLength: 1, maxLength: 2 }), async (messages) => {
      const group = messages.map((content) => kept('assistant', content))
      const [shown, ...others] = await toUIMessages(group)
      const { metadata: said, parts: read } = await readAtOnce(group)
      expect(others).toEqual([])
      const plain: unknown = JSON.parse(JSON.stringify({ metadata: said, parts: read }))
      expect(shown).toEqual({ id: 'm.r1', role: 'assistant', ...(plain as object) })
    }),
    { numRuns: 20, examples: [[[again]]] },
  )
})

it('comes to an end with many calls and much metadata in one answer, as what is not linear would not', async () => {
  const many = 40_000
  const deltas = times(many, () => told({ type: 'tool-input-delta', toolCallId: 'c', inputTextDelta: '0,' }))
  const [shown] = await toUIMessages([
    kept('assistant', [
      ...times(many, (n) => metadata({ [`k${n}`]: n })),
      ...times(many, (n) => call(n)),
      told({ type: 'tool-input-start', toolCallId: 'c', toolName: 'add' }),
      told({ type: 'tool-input-delta', toolCallId: 'c', inputTextDelta: '[' }),
      ...deltas,
    ]),
    kept('tool', times(many, result)),
  ])
  expect(Object.keys(shown!.metadata as object)).toHaveLength(many)
  const [, ...parts] = shown!.parts as { state?: string; output?: unknown; input?: unknown }[]
  expect(parts.slice(0, many).map(({ state, output }) => state === 'output-available' && output)).toEqual(
    times(many, (n) => n),
  )
  expect((parts[many]!.input as unknown[]).length).toBe(many)
})

it.each([
  ['many messages', times(200_000, (n) => kept('user', 'Hi', `m${n}`))],
  [
    'a long answer',
    [
      kept(
        'assistant',
        times(2000, (n) => call(n)),
      ),
    ],
  ],
])('lets the event loop go on while it reads %s', async (_, history) => {
  let turns = 0
  const counting = setInterval(() => turns++, 0)
  await toUIMessages(history)
  clearInterval(counting)
  expect(turns).toBeGreaterThan(1)
})

it('a long history is read although a test of the application has stopped the clock', async () => {
  vi.useFakeTimers()
  try {
    const history = times(2000, (n) => kept(n % 2 === 0 ? 'user' : 'assistant', 'Hi', `m${n}`))
    expect(await toUIMessages(history)).toHaveLength(2000)
  } finally {
    vi.useRealTimers()
  }
})
