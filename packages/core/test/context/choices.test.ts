import { describe, expect, it } from 'vitest'
import { factsBlock, summaryBlock } from '../../src/context/blocks.js'
import { recallBlock } from '../../src/context/quotes.js'
import { capped, compose, costOf, quoteCost, within } from '../../src/context/compose.js'
import { facts } from '../../src/context/facts.js'
import { relevance } from '../../src/context/relevance.js'
import type { ContextSituation, ContextStrategy } from '../../src/context/strategy.js'
import { fromUser, slidingWindow, stableWindow } from '../../src/context/window.js'
import { countLetters as countTokens, situation, situationOf, summary } from './situations.js'

const fact = (id: string) => ({ id, text: `fact ${id}`, at: 1 })
const chat = 'u10 a10 u10 a10 u10 a10 u10'

describe('slidingWindow', () => {
  const chosen = (options: object, more: Partial<ContextSituation> = {}, spec = chat) =>
    slidingWindow(options).choose(situation(spec, more)).history

  it('holds as many messages and tokens as it may, the latest question included, from a user on', () => {
    expect(chosen({})).toEqual([5, 4, 3, 2, 1, 0])
    expect([3, 4, 5, 6, 7].map((maxMessages) => chosen({ maxMessages })!.length)).toEqual([2, 2, 4, 4, 6])
    expect([29, 30, 49, 50].map((maxTokens) => chosen({ maxTokens })!.length)).toEqual([0, 2, 2, 4])
    expect([19, 20, 39, 40].map((room) => chosen({}, { room })!.length)).toEqual([0, 2, 2, 4])
    expect(chosen({ maxTokens: 50 }, { room: 20 })).toEqual([5, 4])
  })

  it('stops at the first message that does not fit, at what is taken, and where the path is not whole', () => {
    expect(chosen({}, { room: 30 }, 'u10 a10 u50 a10 u10')).toEqual([])
    expect(chosen({ maxMessages: 4 }, { taken: new Set([0, 6]) })).toEqual([5, 4])
    expect(chosen({ maxTokens: 40 }, { taken: new Set([0, 6]) })).toEqual([5, 4])
    expect(chosen({}, { start: 2 })).toEqual([5, 4, 3, 2])
    expect(chosen({}, { start: 3 })).toEqual([5, 4])
  })

  it('needs no more than its bounds', () => {
    const needs = (options: object) => slidingWindow(options).needs!(situation(chat, { room: 100 }))
    expect(needs({})).toEqual({ messages: Infinity, tokens: 100 })
    expect(needs({ maxMessages: 3, maxTokens: 40 })).toEqual({ messages: 3, tokens: 40 })
    expect(slidingWindow().name).toBe('sliding-window')
    for (const build of [slidingWindow, stableWindow, relevance]) {
      expect(() => build({ most: 3 } as never)).toThrow(expect.objectContaining({ code: 'invalid' }))
    }
  })
})

describe('stableWindow', () => {
  const chosen = (more: Partial<ContextSituation>, options = {}, spec = chat) => {
    const { history = [], boundary } = stableWindow(options).choose(situation(spec, more))
    return [history.length, boundary]
  }

  it('holds all that there is while it fits, with no boundary', () => {
    expect([chosen({ room: 60 }), chosen({ room: 59 })]).toEqual([
      [6, undefined],
      [2, 5],
    ])
    // What it does not know, may not fit.
    expect(chosen({ isWhole: false })).toEqual([6, 1])
    expect(chosen({ isWhole: false, start: 2 })).toEqual([4, 3])
    expect([stableWindow().name, stableWindow().needs!(situation(chat))]).toEqual([
      'stable-window',
      { tokens: 1000 },
    ])
  })

  it('falls back to a share of the room, and leaves a reserve', () => {
    expect(chosen({ room: 50 }, { low: 0.8 })).toEqual([4, 3])
    expect(chosen({ room: 50 }, { low: 0.79 })).toEqual([2, 5])
    expect(chosen({ room: 50 }, { reserve: 10, low: 1 })).toEqual([4, 3])
    expect(chosen({ room: 50 }, { reserve: 11, low: 1 })).toEqual([2, 5])
    expect(chosen({ room: 50 }, { reserve: 60, low: 1 })).toEqual([0, undefined])
    expect(chosen({ room: 0 })).toEqual([0, undefined])
  })

  it('stays at its boundary while that fits and is not far too little', () => {
    const at = (boundary: number, room: number, options = {}) => chosen({ boundary, room }, options)
    expect([at(3, 59), at(3, 40)]).toEqual([
      [4, 3],
      [4, 3],
    ])
    expect(at(3, 39)).toEqual([0, undefined])
    expect(at(3, 49, { reserve: 10 })).toEqual([0, undefined])
    // Messages of 20 tokens are half of the low mark of 40, which is half of 80; of 41, less.
    const long = `${chat} a10 u10 a10 u10`
    expect(chosen({ boundary: 9, room: 80 }, {}, long)).toEqual([2, 9])
    expect(chosen({ boundary: 9, room: 82 }, {}, long)).toEqual([4, 7])
    // A boundary before what is there, inside a group that is gone, and after everything.
    expect(at(0, 59)).toEqual([2, 5])
    expect(chosen({ boundary: 1, room: 59, start: 2, isWhole: false })).toEqual([4, 1])
    expect(chosen({ boundary: 99, room: 50 })).toEqual([2, 5])
  })

  it('keeps what no summary covers, if that fits', () => {
    const at = (seq: number, room: number) => chosen({ told: seq, room })
    expect(at(2, 45)).toEqual([4, 3])
    expect(at(2, 39)).toEqual([0, undefined])
    expect(at(4, 45)).toEqual([2, 5])
    expect(at(5, 45)).toEqual([2, 5])
    expect(chosen({ told: 0, room: 55 })).toEqual([2, 5])
  })
})

describe('a window', () => {
  it('begins where a user speaks, or after the latest question where that is the only one', () => {
    const { groups } = situation('a1 u1 a1 a1 u1 a1 a1')
    const from = (taken: number[], history: number[]) => fromUser(groups, new Set(taken), history)
    expect(from([], [3, 2, 1, 0])).toEqual([3, 2, 1, 0])
    expect(from([], [])).toEqual([])
    expect(from([], [3, 2, 1])).toEqual([3, 2, 1])
    expect(from([], [4, 3, 2])).toEqual([4])
    expect(from([], [3, 2])).toEqual([3, 2])
    expect(from([1], [3, 2])).toEqual([3, 2])
    expect(from([2], [3, 2])).toEqual([3])
    expect(from([4], [6, 5, 3, 2])).toEqual([6, 5])
    expect(from([6, 4], [5, 3])).toEqual([5])
  })
})

describe('compose and within', () => {
  const seen: ContextSituation[] = []
  const fixed = (choice: object, needs?: object): ContextStrategy => ({
    name: 'fixed',
    ...(needs === undefined ? {} : { needs: () => needs }),
    choose: (given) => (seen.push(given), choice),
  })
  const facts2 = [fact('a'), fact('b')]

  it('gives each strategy what the ones before it left', () => {
    seen.length = 0
    const summaries = [summary(1, 2, 'one two'), summary(3, 4, 'three')]
    const strategy = compose(
      fixed({ history: [5, 3], facts: facts2.slice(0, 1), summaries: [{ ...summaries[0]!, text: 'one' }] }),
      fixed({ recall: [1], boundary: 4 }),
      fixed({ history: [5, 4], facts: facts2.slice(1), recall: [1, 0] }),
    )
    const given = situation(chat, { facts: facts2, summaries })
    expect(strategy.choose(given)).toEqual({
      history: [5, 3, 4],
      recall: [1, 0],
      facts: facts2,
      summaries: [{ ...summaries[0]!, text: 'one' }],
      boundary: 4,
    })
    expect(strategy.name).toBe('fixed+fixed+fixed')
    const [first, second, third] = seen
    expect(first).toBe(given)
    const block = (texts: string[]) => texts.join('\n').length
    const spent =
      20 + block(['[Known facts]', '- fact a']) + block(['[Summary of the conversation so far]', 'one'])
    expect(second).toMatchObject({
      room: 1000 - spent,
      told: 2,
      facts: [facts2[1]],
      summaries: [summaries[1]],
    })
    expect([...second!.taken].toSorted()).toEqual([3, 5, 6])
    const quote = block([
      '[From earlier in this conversation]',
      '(2026-01-01)',
      `assistant: ${'x'.repeat(10)}`,
    ])
    expect(third!.room).toBe(1000 - spent - quote)
    expect([...third!.taken].toSorted()).toEqual([1, 3, 5, 6])
    seen.length = 0
    compose(fixed({ history: [5, 4] }), fixed({})).choose({ ...given, room: 19, told: 9 })
    expect(seen[1]).toMatchObject({ room: 0, told: 9 })
    // The boundary of an earlier strategy stays, and a choice of nothing is one.
    expect(compose(fixed({ boundary: 7 }), fixed({})).choose(given)).toEqual({
      history: [],
      recall: [],
      facts: [],
      summaries: [],
      boundary: 7,
    })
    expect(compose().choose(given)).toEqual({})
  })

  it('names a group once, in the order in which it was chosen', () => {
    const of = (first: number[], second: number[]) =>
      compose(fixed({ history: first }), fixed({ history: second })).choose(situation(chat)).history
    expect([of([5, 4], [3, 2]), of([], [2, 5]), of([4, 2], [])]).toEqual([
      [5, 4, 3, 2],
      [2, 5],
      [4, 2],
    ])
    expect([of([2, 4], [4, 3]), of([4, 4], [])]).toEqual([[2, 4, 3], [4]])
  })

  it('bounds the room and what is read for it', () => {
    seen.length = 0
    const given = situation(chat, { room: 101 })
    const inner = fixed({ history: [1] })
    expect(within({ share: 0.5 }, inner).choose(given)).toEqual({ history: [1] })
    expect(within({ tokens: 30 }, inner).name).toBe('fixed')
    within({ tokens: 30, share: 0.9 }, inner).choose(given)
    within({}, inner).choose(given)
    expect(seen.map(({ room }) => room)).toEqual([50, 30, 101])
    expect(within({ share: 0.1 }, slidingWindow()).needs!(given)).toMatchObject({ tokens: 10 })
    expect(within({ share: 0.1 }, inner).needs!(given)).toEqual({ all: true })
    expect(compose(slidingWindow({ maxMessages: 2 }), facts()).needs!(given)).toMatchObject({
      messages: 2,
      facts: true,
    })
    expect([capped({}, 10.7), capped({ share: -1 }, 10), capped(undefined, 7)]).toEqual([10, 0, 7])
    for (const [limit, strategy, path] of [
      [null, inner, 'limit'],
      [{ share: 'x' }, inner, 'limit.share'],
      [{ most: 1 }, inner, 'limit'],
      [{}, {}, 'strategy'],
    ] as const) {
      const build = () => within(limit as never, strategy as never)
      expect(build).toThrow(
        expect.objectContaining({ code: 'invalid', path: expect.stringMatching(`^${path}`) }),
      )
    }
    expect(() => within(null as never, inner)).toThrow('limit must be an object')
    expect(() => compose(inner, {} as never)).toThrow(
      expect.objectContaining({ code: 'invalid', path: expect.stringContaining('strategies[1]') }),
    )
  })

  it('costs what the finished context takes', () => {
    const given = situationOf([
      ['user', 'one'],
      ['user', 'a\nb'],
      ['user', 'named', { name: 'Ada' }],
      ['assistant', [{ type: 'text', text: 'parts' }]],
      ['user', 'now'],
    ])
    const { groups } = given
    const cost = (choice: object) => costOf(choice, given)
    expect(cost({})).toBe(0)
    expect(cost({ history: [0, 1], facts: [], summaries: [], recall: [] })).toBe(
      groups[0]!.tokens + groups[1]!.tokens,
    )
    expect(cost({ facts: facts2 })).toBe(countTokens(factsBlock(facts2)))
    const summaries = [summary(1, 2, 'told')]
    expect(cost({ summaries })).toBe(countTokens(summaryBlock(summaries)))
    expect(cost({ recall: [2, 0] })).toBe(countTokens(recallBlock([groups[0]!, groups[2]!])))
    // Not less than the quotes one by one, when a caller's counter takes more for each.
    const dear = { groups, countTokens: ({ content }: { content: unknown }) => 100 + String(content).length }
    expect(costOf({ recall: [1, 2] }, dear)).toBe(
      100 + 'user: a\\nb'.length + 100 + 'user (Ada): named'.length,
    )
    expect(groups.map((group) => quoteCost(group, countTokens))).toEqual([
      groups[0]!.tokens,
      'user: a\\nb'.length,
      'user (Ada): named'.length,
      'assistant: parts'.length,
      groups[4]!.tokens,
    ])
  })
})
