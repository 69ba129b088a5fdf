import { describe, expect, it } from 'vitest'
import { pinned, queryKind, select, slidingWindow, tokenBudget } from '../../src/context.js'

const situation = { room: 1000, query: 'phones', taken: new Set() } as never

describe('the kind of a query', () => {
  const long = 'x'.repeat(100)

  it.each([
    ['what did I say my size was?', 'recall'],
    ['Remember my size', 'recall'],
    ['when was that', 'recall'],
    [' Hello ', 'small-talk'],
    ['thank you so much', 'small-talk'],
    ['thanks', 'small-talk'],
    ['thank', 'small-talk'],
    ['ok', 'small-talk'],
    ['okay', 'small-talk'],
    ['oh hello', 'statement'],
    [`hi ${'x'.repeat(36)}`, 'small-talk'],
    [`hi ${'x'.repeat(37)}`, 'statement'],
    ['and the blue one', 'follow-up'],
    ['give me that', 'statement'],
    [`and ${'x'.repeat(75)}`, 'follow-up'],
    [`and ${'x'.repeat(76)}`, 'statement'],
    ['  which phone is best', 'question'],
    ['The best phone?', 'question'],
    ['The best phone?  ', 'question'],
    ['The best? I doubt it', 'statement'],
    ['I need which phone', 'statement'],
    [`${long.repeat(30)} remind me`, 'recall'],
    [`${long.repeat(10)} remind me ${long.repeat(10)}`, 'statement'],
    [`hello ${long.repeat(30)}`, 'statement'],
    [`${long.repeat(30)}?`, 'question'],
  ])('%s', (query, kind) => {
    expect(queryKind(query)).toBe(kind)
  })
})

describe('what a strategy needs', () => {
  it('is what it keeps, for pinned', () => {
    const keeps = (message: { role: string }) => message.role === 'user'
    const strategy = pinned(keeps)
    expect([strategy.name, strategy.needs!(situation)]).toEqual(['pinned', { keep: keeps }])
    const { keep } = pinned().needs!(situation)
    expect(
      [{ metadata: { pinned: true } }, { metadata: { pinned: 1 } }, {}].map((each) => keep!(each as never)),
    ).toEqual([true, false, false])
  })

  it('is what the one that is chosen needs, for select', () => {
    const seen: unknown[] = []
    const strategy = select((given) => (seen.push(given), slidingWindow({ maxMessages: 3 })))
    expect(strategy.name).toBe('select')
    expect(strategy.needs!(situation)).toEqual(slidingWindow({ maxMessages: 3 }).needs!(situation))
    expect(seen).toEqual([situation])
  })

  it('is the room, facts, and a share for quotes, for a split budget', () => {
    const strategy = tokenBudget({ recall: 0.5 })
    expect([strategy.name, strategy.needs!(situation)]).toEqual([
      'token-budget',
      { tokens: 1000, recall: 500, facts: true },
    ])
    expect(tokenBudget().needs!(situation)).toEqual({ tokens: 1000, recall: 250, facts: true })
  })
})
