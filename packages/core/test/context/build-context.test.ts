import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSessionError } from '../../src/errors.js'
import { buildContext } from '../../src/context/build-context.js'
import { slidingWindow } from '../../src/context/window.js'
import { anyHistory, call, log, realHistory, result, text } from './histories.js'
import { providerProblems } from './provider-rules.js'

const budgets = fc.integer({ min: 1, max: 400 })

describe('buildContext', () => {
  it('gives every provider a valid context from any history, within any budget', () => {
    fc.assert(
      fc.property(anyHistory, budgets, (messages, maxTokens) => {
        const built = attempt(() => buildContext({ messages, system: 'Be kind.' }, { maxTokens }))
        if (built === undefined) return
        expect(providerProblems(built.messages)).toEqual([])
        expect(built.tokens).toBeLessThanOrEqual(maxTokens)
        expect(built.tokens).toBe(built.messages.reduce((sum, message) => sum + message.tokens, 0))
      }),
      { numRuns: 2000 },
    )
  })

  it('gives a valid context wherever a process died', () => {
    fc.assert(
      fc.property(realHistory, fc.nat(), budgets, (messages, crash, maxTokens) => {
        const left = messages.slice(0, 1 + (crash % messages.length))
        const built = attempt(() => buildContext({ messages: left }, { maxTokens }))
        if (built === undefined) return
        expect(providerProblems(built.messages)).toEqual([])
        const lastUser = left.findLast((message) => message.role === 'user')!
        expect(built.messages.filter((message) => message.part === 'query')).toMatchObject([
          { seq: lastUser.seq },
        ])
      }),
      { numRuns: 1000 },
    )
  })

  it('is deterministic and leaves its input alone', () => {
    fc.assert(
      fc.property(anyHistory, budgets, (messages, maxTokens) => {
        const before = JSON.stringify(messages)
        const first = attempt(() => buildContext({ messages }, { maxTokens }))
        expect(attempt(() => buildContext({ messages: structuredClone(messages) }, { maxTokens }))).toEqual(
          first,
        )
        expect(JSON.stringify(messages)).toBe(before)
      }),
    )
  })

  it('accounts for every message: kept, dropped or repaired', () => {
    fc.assert(
      fc.property(anyHistory, budgets, (messages, maxTokens) => {
        const built = attempt(() => buildContext({ messages }, { maxTokens }))
        if (built === undefined) return
        const { kept, dropped, repairs } = built.report
        const inside = new Set([...kept.history, ...kept.recall])
        for (const { seq } of messages) {
          const isOut = dropped.some((range) => range.from <= seq && seq <= range.to)
          expect(inside.has(seq) || isOut || repairs.some((repair) => repair.seq === seq)).toBe(true)
        }
      }),
    )
  })

  it('says what cannot fit', () => {
    const messages = log(['user', 'x'.repeat(400)])
    expect(() => buildContext({ messages, system: 'y'.repeat(400) }, { maxTokens: 50 })).toThrow(
      expect.objectContaining({ code: 'too_large', path: 'system' }),
    )
    expect(() => buildContext({ messages }, { maxTokens: 50 })).toThrow(
      expect.objectContaining({ code: 'too_large', path: 'query' }),
    )
    expect(() => buildContext({ messages }, { maxTokens: 200, replyTokens: 150 })).toThrow(
      expect.objectContaining({ code: 'too_large', path: 'query' }),
    )
    expect(() => buildContext({ messages }, { maxTokens: Number.NaN })).toThrow(
      expect.objectContaining({ code: 'invalid', path: 'maxTokens' }),
    )
  })

  it('keeps the latest user message, however much came after it', () => {
    const steps = Array.from({ length: 50 }, (_, index) => [
      ['assistant', [call(`c${index}`)]] as const,
      ['tool', [result(`c${index}`, 'x'.repeat(100))]] as const,
    ]).flat()
    const messages = log(['user', 'Book it'], ['assistant', 'Which day?'], ['user', 'Monday'], ...steps)
    const { messages: sent, report } = buildContext(
      { messages },
      { maxTokens: 300, strategy: slidingWindow() },
    )
    expect(sent[0]).toMatchObject({ role: 'user', content: 'Monday', part: 'query' })
    expect(sent.at(-1)).toMatchObject({ role: 'tool', seq: messages.length })
    expect(providerProblems(sent)).toEqual([])
    expect(report.dropped[0]).toEqual({ from: 1, to: 2, messages: 2, why: 'outside-window' })
  })

  it('shows the beginning of a result that would push out everything', () => {
    const page = `Opening hours: nine to five. ${'more and more of the page '.repeat(2000)}`
    const messages = log(
      ['user', 'When do they open?'],
      ['assistant', [call('a')]],
      ['tool', [result('a', page)]],
    )
    const { messages: sent, report, tokens } = buildContext({ messages }, { maxTokens: 400 })
    expect(tokens).toBeLessThanOrEqual(400)
    expect(sent.map((message) => message.role)).toEqual(['user', 'assistant', 'tool'])
    expect(JSON.stringify(sent[2]!.content)).toMatch(/Opening hours: nine to five.*more characters left out/)
    expect(report.repairs).toEqual([{ seq: 3, why: 'shortened-result', toolCallId: 'a' }])
    const whole = buildContext({ messages }, { maxTokens: 100_000 })
    expect(whole.messages[2]!.content).toEqual([{ ...result('a', page), toolName: 'lookUp' }])
  })

  it('lets the assistant speak first without a provider refusing it', () => {
    const messages = log(['assistant', 'Hello, how can I help?'], ['user', 'A phone, please'])
    const { messages: sent } = buildContext({ messages }, { maxTokens: 1000 })
    expect(sent.map((message) => message.role)).toEqual(['user', 'assistant', 'user'])
    expect(providerProblems(sent)).toEqual([])
  })

  it('counts system messages at the head of the log as instructions', () => {
    const messages = log(
      ['system', 'Be brief.'],
      ...Array.from({ length: 30 }, () => ['user', 'x'.repeat(40)] as const),
    )
    const { messages: sent, report } = buildContext({ messages }, { maxTokens: 60 })
    expect(sent[0]).toMatchObject({ role: 'system', content: 'Be brief.', part: 'system' })
    expect(report.tokens.system).toBe(sent[0]!.tokens)
  })
})

describe('slidingWindow', () => {
  const messages = log(
    ['user', 'one'],
    ['assistant', 'two'],
    ['user', 'three'],
    ['assistant', [text('looking'), call('a'), call('b')]],
    ['tool', [result('a')]],
    ['tool', [result('b')]],
    ['assistant', 'four'],
    ['user', 'five'],
  )
  const seqsWith = (maxMessages: number) =>
    buildContext({ messages }, { maxTokens: 1000, strategy: slidingWindow({ maxMessages }) }).report.kept
      .history

  it('never keeps half a tool call', () => {
    expect(seqsWith(1)).toEqual([8])
    for (const few of [2, 3, 4, 5]) expect(seqsWith(few)).toEqual([8])
    expect(seqsWith(6)).toEqual([3, 4, 5, 6, 7, 8])
    expect(seqsWith(7)).toEqual([3, 4, 5, 6, 7, 8])
    expect(seqsWith(8)).toHaveLength(8)
  })

  it('keeps to its own tokens below the budget', () => {
    const built = buildContext({ messages }, { maxTokens: 1000, strategy: slidingWindow({ maxTokens: 20 }) })
    expect(built.report.tokens.history + built.report.tokens.query).toBeLessThanOrEqual(20)
  })
})

function attempt<T>(build: () => T): T | undefined {
  try {
    return build()
  } catch (error) {
    if (isSessionError(error, 'too_large')) return undefined
    throw error
  }
}
