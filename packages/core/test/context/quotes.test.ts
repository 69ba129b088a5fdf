import { describe, expect, it } from 'vitest'
import { summaryBlock } from '../../src/context/blocks.js'
import { recallBlock } from '../../src/context/quotes.js'
import { bestPlaces, relevance } from '../../src/context/relevance.js'
import type { ContextSituation } from '../../src/context/strategy.js'
import { addSummary, excerptSummary, makeSummary, summarize } from '../../src/context/summary.js'
import { type Entry, log } from './histories.js'
import { countLetters as countTokens, situation, situationOf, summary } from './situations.js'

const chat = 'u10 a10 u10 a10 u10 a10 u10'

describe('relevance', () => {
  const says = (role: 'user' | 'assistant' | 'system', content: string): Entry => [
    role,
    content,
    { tokens: content.length },
  ]
  const entries = [
    says('user', 'the zebra eats grass'),
    says('assistant', 'noted'),
    says('system', 'a lion is an animal'),
    says('user', 'a zebra, again'),
    says('assistant', 'the train leaves at noon'),
    says('user', 'zebra'),
  ]
  const given = (more: Partial<ContextSituation> = {}) => situationOf(entries, { query: 'zebra', ...more })
  const quoted = (more: Partial<ContextSituation> = {}, options = {}) =>
    relevance(options).choose(given(more)).recall
  const taken = (...groups: number[]) => ({ taken: new Set(groups) })

  it('quotes what matches the query from outside the window, the best first', () => {
    expect(quoted()![0]).toBe(3)
    expect(quoted()).toContain(0)
    expect(quoted(taken(1, 3, 4, 5))).toEqual([0])
    expect(quoted({ query: 'train' })![0]).toBe(4)
    for (const query of [undefined, '', 'nothing of it']) expect(quoted({ query })).toEqual([])
    expect(quoted(taken(0, 1, 2, 3, 4, 5))).toEqual([])
    expect(quoted({ query: 'lion' })).not.toContain(2)
    expect([relevance().name, relevance().needs!(given({ room: 70 }))]).toEqual(['relevance', { recall: 70 }])
  })

  it('keeps to its room, its heading and its days included', () => {
    const one = countTokens(recallBlock([given().groups[0]!]))
    const alone = taken(1, 3, 4, 5)
    expect([quoted({ room: one, ...alone }), quoted({ room: one - 1, ...alone })]).toEqual([[0], []])
    expect([quoted({ room: 0 }), quoted({ room: -1 })]).toEqual([[], []])
    // What does not fit is left out, and what is worse may fit.
    const long = situationOf([
      says('user', `zebra ${'x'.repeat(80)}`),
      says('user', 'zebra too'),
      says('user', 'now'),
    ])
    const room = countTokens(recallBlock([long.groups[1]!]))
    expect(relevance().choose({ ...long, query: 'zebra', room }).recall).toEqual([1])
  })

  it('quotes seldom when it is told to: what says more of the query than the window does', () => {
    const seldom = { minShare: 0.5 }
    expect(quoted({}, seldom)).not.toEqual([])
    expect(quoted({ query: 'zebra train noon' }, { minShare: 0.9 })).toEqual([])
    expect([quoted(taken(1, 4, 0, 5), seldom), quoted(taken(1, 4, 0, 5))]).toEqual([[], [3]])
    // A system message is always there; the latest message counts when the query is another one.
    expect([quoted({ query: 'lion grass' }, seldom), quoted({ query: 'grass' }, seldom)![0]]).toEqual([[], 0])
    expect([quoted({ asked: true }, seldom), quoted({ asked: true })![0]]).toEqual([[], 3])
  })

  it('ranks a thousand at most, and of equals the newer first', () => {
    expect(bestPlaces(Float64Array.from([0, 2, 1, 2, 0]))).toEqual([3, 1, 2])
    const many = Float64Array.from({ length: 1500 }, (_, index) => index)
    const best = bestPlaces(many)
    expect([best.length, best[0], best.at(-1)]).toEqual([1000, 1499, 500])
    expect(bestPlaces(many.slice(0, 1001))).toHaveLength(1000)
    expect(bestPlaces(new Float64Array(1001).fill(1))).toHaveLength(1001)
  })
})

describe('summarize', () => {
  const texts = [
    'Alice likes tea. She lives in Graz, at 12 Main Street.',
    'Bob came at 5. He never sleeps well.',
  ]
  const all = [summary(5, 8, texts[1]!), summary(1, 4, texts[0]!)]
  const chosen = (room: number, more: Partial<ContextSituation> = {}) =>
    summarize().choose(situation(chat, { summaries: all, room, ...more })).summaries

  it('shows them in order when the history does not fit, and not before', () => {
    const inOrder = all.toReversed()
    expect(chosen(59, { summaries: [summary(1, 2, 'x')] })).toEqual([summary(1, 2, 'x')])
    expect(chosen(60, { summaries: [summary(1, 2, 'x')] })).toBeUndefined()
    expect(chosen(500, { isWhole: false })).toEqual(inOrder)
    const overlapping = [summary(1, 9, 'long'), summary(1, 4, 'short')]
    expect(chosen(500, { isWhole: false, summaries: overlapping })!.map(({ to }) => to)).toEqual([4, 9])
    expect(chosen(10, { summaries: [] })).toBeUndefined()
    const needs = (summaries: typeof all) => summarize().needs!(situation(chat, { summaries }))
    expect([needs([]), needs(all), summarize().name]).toEqual([{}, { tokens: 1000 }, 'summarize'])
  })

  it('shortens each rather than leave one out', () => {
    const whole = countTokens(summaryBlock(all))
    expect(chosen(whole, { isWhole: false })!.map(({ text }) => text)).toEqual(texts)
    const short = chosen(whole - 1, { isWhole: false })!
    expect(short).toHaveLength(2)
    expect(countTokens(summaryBlock(short))).toBeLessThan(whole)
    expect(short.map(({ from, to }) => [from, to])).toEqual([
      [1, 4],
      [5, 8],
    ])
    expect(short.every(({ text, tokens }) => tokens === text.length && text !== '')).toBe(true)
    // The newest gets its share, and the oldest what the others leave.
    const heading = countTokens(summaryBlock([]))
    expect(short[1]!.tokens).toBeLessThanOrEqual((whole - 1 - heading) / 2)
    expect(chosen(heading + 15, { isWhole: false })).toEqual([])
    expect(chosen(0, { isWhole: false })).toEqual([])
  })

  const plan = { from: 1, to: 4, messages: log(['user', 'I live in Graz.']), replaces: [], maxTokens: 40 }

  it('takes what a function says, and its own excerpt when that is no text', async () => {
    const made = async (said: unknown) => makeSummary(plan, (() => said) as never, { at: 7, countTokens })
    expect(await made('  They met. ')).toEqual({
      summary: { from: 1, to: 4, text: 'They met.', tokens: 9, at: 7 },
    })
    const own = await excerptSummary(plan, 7, countTokens)
    expect(own.text).toBe('user: I live in Graz.')
    for (const [said, why] of [
      ['  ', 'the summary is empty'],
      [undefined, 'the summary is no text'],
      [{ text: 'x' }, 'the summary is no text'],
    ] as const) {
      expect(await made(said)).toEqual({ summary: own, failure: new Error(why) })
    }
    expect((await made('long '.repeat(99))).summary.tokens).toBeLessThanOrEqual(40)
  })

  it('replaces what it sums up, and nothing when another process was faster', () => {
    const [one, two, three] = [summary(1, 2, 'a'), summary(3, 4, 'b'), summary(5, 6, 'c')]
    const add = (had: (typeof one)[], replaces: (typeof one)[], made: typeof one) =>
      addSummary(had, { ...plan, replaces }, made)
    expect(add([two], [], one)).toEqual([one, two])
    expect(add([one, two], [one, two], summary(1, 6, 'all'))).toEqual([summary(1, 6, 'all')])
    const both = [one, two]
    for (const changed of [
      { ...one, from: 0 },
      { ...one, to: 3 },
      { ...one, at: 9 },
    ]) {
      const had = [changed, three]
      expect(add(had, [one], summary(1, 2, 'new'))).toBe(had)
    }
    expect(add(both, [one, three], summary(7, 8, 'new'))).toBe(both)
    for (const [from, to] of [
      [4, 6],
      [1, 3],
      [2, 3],
      [0, 9],
    ] as const) {
      expect(add([two], [], summary(from, to, 'new')).length).toBe(from === 0 || from < 5 ? 1 : 2)
    }
    expect(add([two], [], summary(5, 6, 'new'))).toHaveLength(2)
    expect(add([two], [], summary(1, 2, 'new'))).toHaveLength(2)
  })
})
