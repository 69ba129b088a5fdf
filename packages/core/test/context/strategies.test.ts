import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildContext } from '../../src/context/build-context.js'
import { compose, within } from '../../src/context/compose.js'
import { defaultStrategy } from '../../src/context/default-strategy.js'
import { facts } from '../../src/context/facts.js'
import { pinned, queryKind, select, tokenBudget } from '../../src/context/pick.js'
import { relevance } from '../../src/context/relevance.js'
import type { ContextStrategy } from '../../src/context/strategy.js'
import { summarize } from '../../src/context/summary.js'
import { slidingWindow, stableWindow } from '../../src/context/window.js'
import { isSessionError } from '../../src/errors.js'
import { anyHistory, log, realHistory } from './histories.js'
import { providerProblems } from './provider-rules.js'

const loose = (value: unknown): never => value as never

const strategies: Record<string, () => ContextStrategy> = {
  default: defaultStrategy,
  slidingWindow,
  stableWindow: () => stableWindow({ low: 0.3, reserve: 20 }),
  tokenBudget,
  relevance,
  pinned: () =>
    compose(
      pinned((message) => message.seq % 3 === 0),
      slidingWindow(),
    ),
  select: () =>
    select(({ query }) => (queryKind(query ?? '') === 'question' ? relevance() : slidingWindow())),
  everything: () => compose(facts(), summarize(), pinned(), stableWindow(), relevance(), slidingWindow()),
}
const input = {
  facts: [
    { id: 'f1', text: 'Likes tea', at: 1 },
    { id: 'f2', text: 'Lives in Graz', at: 2 },
  ],
  summaries: [{ from: 1, to: 4, text: 'They said hello.', tokens: 8, at: 3 }],
}
// One that nobody would write: every character a token, and a whole costs more than its pieces.
const greedy = (message: { content: unknown }) => Math.ceil(JSON.stringify(message.content).length ** 1.05)

describe('every strategy', () => {
  it.each(Object.keys(strategies))('%s keeps to the budget and to the rules of every provider', (name) => {
    const histories = fc.oneof(anyHistory, realHistory)
    const queries = fc.constantFrom(undefined, '', 'q a?', 'found hm', 'The latest one, in March')
    const counters = fc.constantFrom(undefined, greedy)
    fc.assert(
      fc.property(
        histories,
        queries,
        fc.integer({ min: 1, max: 600 }),
        counters,
        fc.nat(40),
        (messages, query, maxTokens, countTokens, seq) => {
          const build = () =>
            buildContext(
              {
                messages,
                ...input,
                boundary: { seq },
                system: 'Be kind.',
                ...(query === undefined ? {} : { query }),
              },
              {
                maxTokens,
                strategy: strategies[name]!(),
                ...(countTokens === undefined ? {} : { countTokens }),
              },
            )
          try {
            const built = build()
            expect(providerProblems(built.messages)).toEqual([])
            expect(built.tokens).toBeLessThanOrEqual(maxTokens)
            expect(build()).toEqual(built)
          } catch (error) {
            if (!isSessionError(error, 'too_large')) throw error
            expect(['system', 'query']).toContain(error.path)
          }
        },
      ),
      { numRuns: 80 },
    )
  })
})

describe('pinned', () => {
  it('keeps what is pinned where it was said', () => {
    const messages = log(
      ['user', 'My order number is 4711', { metadata: { pinned: true } }],
      ...Array.from({ length: 50 }, () => ['user', 'x'.repeat(40)] as const),
    )
    const strategy = compose(pinned(), slidingWindow())
    const { report, messages: sent } = buildContext({ messages }, { maxTokens: 100, strategy })
    expect(sent[0]).toMatchObject({ seq: 1 })
    expect(report.kept.history.slice(0, 2)).toEqual([1, expect.any(Number)])
    expect(report.kept.history[1]).toBeGreaterThan(40)
  })
})

describe('select', () => {
  it('goes by phase and by kind of query', () => {
    const messages = log(...Array.from({ length: 20 }, (_, index) => ['user', `message ${index}`] as const))
    const strategy = select(({ phase }) =>
      phase === 'checkout' ? slidingWindow({ maxMessages: 2 }) : slidingWindow(),
    )
    expect(
      buildContext({ messages, phase: 'checkout' }, { maxTokens: 1000, strategy }).messages,
    ).toHaveLength(2)
    expect(buildContext({ messages, phase: 'browse' }, { maxTokens: 1000, strategy }).messages).toHaveLength(
      20,
    )
  })

  it.each([
    ['What size did I say?', 'recall'],
    ['Remind me of the price', 'recall'],
    ['Thanks!', 'small-talk'],
    ['And the blue one?', 'follow-up'],
    ['Which phones have two cameras?', 'question'],
    ['I would like to pay now', 'statement'],
  ] as const)('%s is %s', (query, kind) => expect(queryKind(query)).toBe(kind))
})

describe('tokenBudget', () => {
  it('leaves every part its share', () => {
    const messages = log(
      ...Array.from(
        { length: 100 },
        (_, index) => ['user', `The ${index % 2 ? 'cat' : 'dog'} sat on mat ${index}`] as const,
      ),
    )
    const strategy = tokenBudget({ facts: 0.1, summary: 0.1, recall: 0.4 })
    const { report } = buildContext({ messages, ...input, query: 'dog' }, { maxTokens: 400, strategy })
    expect(report.tokens.facts).toBeGreaterThan(0)
    expect(report.tokens.facts).toBeLessThanOrEqual(40)
    expect(report.tokens.summary).toBeLessThanOrEqual(40)
    expect(report.tokens.recall).toBeGreaterThan(80)
    expect(report.tokens.history).toBeGreaterThan(120)
  })
})

describe('within', () => {
  it('caps what a strategy takes, in tokens or as a share', () => {
    const messages = log(...Array.from({ length: 50 }, () => ['user', 'x'.repeat(40)] as const))
    const history = (strategy: ContextStrategy) =>
      buildContext({ messages }, { maxTokens: 300, strategy }).report.tokens.history
    expect(history(within({ tokens: 60 }, slidingWindow()))).toBeLessThanOrEqual(60)
    expect(history(within({ share: 0.5 }, slidingWindow()))).toBeLessThanOrEqual(150)
    expect(history(within({ tokens: 0 }, slidingWindow()))).toBe(0)
  })
})

it.each<[string, string, () => unknown]>([
  ['strategies[0].choose', 'compose', () => compose(loose(null))],
  ['strategies[1].choose', 'compose', () => compose(facts(), loose(5))],
  ['limit', 'within', () => within(loose(null), facts())],
  ['limit.share', 'within', () => within({ share: NaN }, facts())],
  ['limit.tokns', 'within', () => within(loose({ tokns: 5 }), facts())],
  ['strategy.choose', 'within', () => within({ share: 0.5 }, loose(undefined))],
  ['strategy.choose', 'within', () => (within as () => unknown)()],
  [
    'select.choose',
    'select',
    () =>
      buildContext({ messages: log(['user', 'Hi']) }, { maxTokens: 99, strategy: select(() => loose(0)) }),
  ],
  ['choose', 'select', () => select(loose(undefined))],
  ['isPinned', 'pinned', () => pinned(loose(5))],
])('refuses with the path %s what %s cannot be made of', (path, _, make) => {
  expect(make).toThrow(expect.objectContaining({ code: 'invalid', path }) as Error)
})
