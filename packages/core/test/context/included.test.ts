import { describe, expect, it } from 'vitest'
import { buildContext, type ContextInput, type ContextOptions } from '../../src/context/build-context.js'
import type { Cart } from '../../src/domain/cart.js'
import { call, log, result, text } from './histories.js'

const messages = log(['user', 'Which one?'])
const at = Date.parse('2026-03-01T10:00:00Z')

/** The texts of the question's message: each block, and the question. */
function blocks(included: NonNullable<ContextInput['included']>, options: Partial<ContextOptions> = {}) {
  const { messages: made, report } = buildContext({ messages, included }, { maxTokens: 4000, ...options })
  expect(made).toHaveLength(1)
  const { content } = made[0]!
  const texts = typeof content === 'string' ? [content] : content.map((part) => part['text'] as string)
  return { texts, kept: report.kept.included, tokens: report.tokens }
}

describe('what a context includes', () => {
  it('is each part in a block of its own, before the question, and nothing that is empty', () => {
    const cart = {
      items: [
        {
          id: 'i',
          sku: 'P',
          name: 'Phone',
          quantity: 2,
          price: { amount: 150, currency: 'EUR' },
          addedAt: at,
          metadata: { colour: 'blue' },
        },
        { id: 'j', sku: 'Q', name: 'Case', quantity: 1, price: { amount: 10, currency: 'EUR' }, addedAt: at },
      ],
    } as unknown as Cart
    const { texts, kept, tokens } = blocks({
      memory: [
        { text: 'likes blue', at },
        { text: 'has two daughters', at: at + 86_400_000 },
      ],
      preferences: { size: 'L' },
      cart,
      state: { phase: 'buying' },
    })
    const items = [
      '{"id":"i","sku":"P","name":"Phone","quantity":2,"price":{"amount":150,"currency":"EUR"},"metadata":{"colour":"blue"}}',
      '{"id":"j","sku":"Q","name":"Case","quantity":1,"price":{"amount":10,"currency":"EUR"}}',
    ]
    expect(texts).toEqual([
      '[What the user said in earlier conversations]\n[{"text":"has two daughters","said":"2026-03-02"},{"text":"likes blue","said":"2026-03-01"}]',
      '[The user\'s preferences]\n{"size":"L"}',
      `[The user's cart]\n{"items":[${items.join(',')}],"total":{"amount":310,"currency":"EUR"}}`,
      '[State of the conversation]\n{"phase":"buying"}',
      'Which one?',
    ])
    expect(kept).toEqual(['memory', 'preferences', 'cart', 'state'].map((part) => ({ part, isCut: false })))
    for (const part of ['memory', 'preferences', 'cart', 'state'] as const)
      expect(tokens[part]).toBeGreaterThan(5)
    const nothing = { texts: ['Which one?'], kept: [] }
    expect(blocks({ memory: [], preferences: {}, state: {} })).toMatchObject(nothing)
    expect(blocks({})).toMatchObject(nothing)
    // An empty cart says something.
    expect(blocks({ cart: { items: [] } }).texts[0]).toBe('[The user\'s cart]\n{"items":[]}')
  })

  it('takes no more than a quarter of the room, and says how much of it is left out', () => {
    const note = 'x'.repeat(20_000)
    const { texts, kept, tokens } = blocks({ state: { note } }, { maxTokens: 2000 })
    expect(kept).toEqual([{ part: 'state', isCut: true }])
    expect(tokens.state).toBeLessThanOrEqual(500)
    expect(tokens.state).toBeGreaterThan(200)
    const [, begin, left] = /^(.*)… \[(\d+) more characters left out\]$/s.exec(texts[0]!)!
    const whole = `[State of the conversation]\n${JSON.stringify({ note })}`
    expect(whole.startsWith(begin!)).toBe(true)
    expect(begin!.length + Number(left)).toBe(whole.length)
    // Not even its beginning fits.
    expect(blocks({ state: { note } }, { maxTokens: 60 }).texts).toEqual(['Which one?'])
    const signs = blocks({ state: { note: '🎉'.repeat(5000) } }, { maxTokens: 2000 })
    expect(signs.texts[0]).toMatch(
      /^\[State of the conversation\]\n\{"note":"(?:🎉)+… \[\d+ more characters left out\]$/u,
    )
  })
})

describe('a result of a tool', () => {
  const shown = (output: unknown, toolResultTokens: number) => {
    const history = log(
      ['user', 'Find it'],
      ['assistant', [call('c')]],
      ['tool', [{ ...result('c'), output }] as never],
      ['assistant', [text('There')]],
      ['user', 'And?'],
    )
    const built = buildContext({ messages: history }, { maxTokens: 8000, toolResultTokens })
    const part = built.messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content))
    return part.find(({ type }) => type === 'tool-result')!['output']
  }

  it('is whole where it is short, and cut to its beginning where it is long, in its own form', () => {
    const long = 'word '.repeat(2000)
    expect(shown('short', 300)).toBe('short')
    expect(shown({ type: 'json', value: { a: 1 } }, 300)).toEqual({ type: 'json', value: { a: 1 } })
    const cut = shown(long, 300) as string
    const [, begin, left] = /^(.*)… \[(\d+) more characters left out\]$/.exec(cut)!
    expect(long.startsWith(begin!)).toBe(true)
    expect(begin!.length + Number(left)).toBe(long.length)
    expect(begin!.length).toBeGreaterThan(200)
    const wrapped = shown({ type: 'text', value: long }, 300)
    expect(wrapped).toEqual({
      type: 'text',
      value: expect.stringMatching(/^word word .*left out\]$/) as string,
    })
    const json = shown({ type: 'json', value: { long } }, 300)
    expect(json).toEqual({
      type: 'text',
      value: expect.stringMatching(/^\{"type":"json".*left out\]$/) as string,
    })
    expect(shown({ long }, 300)).toMatch(/^\{"long":"word .*left out\]$/)
  })

  it('is never cut within a sign', () => {
    for (let room = 256; room < 270; room++) {
      const cut = shown('🎉'.repeat(4000), room) as string
      expect(/^(?:🎉)+… \[\d+ more characters left out\]$/u.test(cut), String(room)).toBe(true)
    }
  })
})
