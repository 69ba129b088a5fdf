import { expect, it } from 'vitest'
import { toPlanMessage } from '../../src/context/plan-messages.js'

const lengthOf = (content: unknown) =>
  (typeof content === 'string' ? content : JSON.stringify(content)).length
const countTokens = ({ content }: { content: unknown }) => Math.ceil(lengthOf(content) / 4)
const message = (content: unknown, tokens = countTokens({ content })) =>
  ({ seq: 1, id: 'm', role: 'assistant', at: 1, status: 'completed', content, tokens }) as never
const planned = (content: unknown, tokens?: number, most = 20) => {
  const given = message(content, tokens)
  const made = toPlanMessage(given, most, countTokens)
  return { ...made, isSame: made === given }
}

const words = Array.from({ length: 60 }, (_, n) => `word${n}`).join(' ')
const bytes = 'A'.repeat(2000)
const result = (output: unknown) => ({ type: 'tool-result', toolCallId: 'c', output })
const call = { type: 'tool-call', toolCallId: 'c', toolName: 'pay', input: { a: 1 } }

it('a message with room for it stays as it is', () => {
  for (const content of ['short', 'x'.repeat(80), [{ type: 'text', text: 'short' }], [call, result('ok')]])
    expect(planned(content)).toMatchObject({ content, isSame: true })
  // A part that is short by itself stays, however long the others are.
  expect(planned([call, { type: 'text', text: 5 }], 999).isSame).toBe(true)
})

it('a long text is cut to its beginning', () => {
  const beginning = 'word0 word1 word2 word3 word4 word5 word6 word7 word8 word9 word10 word11 word12'
  expect(planned(words)).toMatchObject({ content: `${beginning}…`, tokens: 21, isSame: false })
  const parts = [{ type: 'text', text: beginning }]
  expect(planned([{ type: 'text', text: words }])).toMatchObject({
    content: parts,
    tokens: countTokens({ content: parts }),
    role: 'assistant',
    seq: 1,
  })
})

it('a long result is cut, and a long call is named', () => {
  const { content } = planned([result(words)], undefined, 60) as never as { content: [{ output: string }] }
  expect(content[0].output).toMatch(/^word0 word1.*… \[\d+ more characters left out\]$/)
  expect(countTokens({ content: content[0].output })).toBeLessThanOrEqual(60)
  const long = { ...call, input: { words } }
  const text = `[tool-call: ${JSON.stringify(long).slice(0, 200)}…]`
  expect(planned([long]).content).toEqual([{ type: 'text', text }])
  expect(planned([long], undefined, JSON.stringify(long).length / 4).content).toEqual([long])
  expect(planned([long], 20).content).toEqual([long])
})

it('thoughts are left out, and media and bytes have names, wherever they stand', () => {
  expect(
    planned([
      { type: 'reasoning', text: 'hm' },
      { type: 'text', text: 'So.' },
    ]).content,
  ).toEqual([{ type: 'text', text: 'So.' }])
  const media = [
    { type: 'image', image: bytes, mediaType: 'image/png' },
    { type: 'file', url: 'https://a.example/x.pdf', filename: 'x.pdf' },
  ]
  expect(planned(media, 1).content).toEqual([
    { type: 'text', text: '[image/png]' },
    { type: 'text', text: '[file x.pdf]' },
  ])
  expect(
    planned([result({ pic: bytes, deep: [{ type: 'image', image: bytes }], plain: 'ok' })], 1).content,
  ).toEqual([result({ pic: '[1500 bytes]', deep: ['[image]'], plain: 'ok' })])
})
