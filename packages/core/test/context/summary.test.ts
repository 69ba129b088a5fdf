import { describe, expect, it } from 'vitest'
import { buildContext } from '../../src/context/build-context.js'
import { addSummary, excerpt, makeSummary, type WriteSummary } from '../../src/context/summary.js'
import { planSummary } from '../../src/context/plan-summary.js'
import { estimateTokens } from '../../src/context/token-count.js'
import { textOf } from '../../src/domain/message.js'
import type { Summary } from '../../src/domain/session-body.js'
import { call, log, result } from './histories.js'

const dialogue = (turns: number) =>
  log(
    ...Array.from({ length: turns }, (_, turn) => [
      ['user', `Fact ${turn} is that ${'one thing and another '.repeat(8)}`] as const,
      ['assistant', `Noted ${'and understood '.repeat(8)}`] as const,
    ]).flat(),
  )

/** Keeps the facts of what it is given and of what it replaces, as a model is asked to. */
const keepFacts: WriteSummary = ({ messages, replaces }) => {
  const said = [...replaces.map((summary) => summary.text), ...messages.map(textOf)].join(' ')
  return [...new Set(said.match(/Fact \d+/g))].join(', ')
}

async function compact(turns: number, step: number, write: WriteSummary) {
  let summaries: readonly Summary[] = []
  let made = 0
  for (let turn = step; turn <= turns; turn += step) {
    const plan = planSummary(dialogue(turn), summaries, { keepTokens: 300, minTokens: 200, maxTokens: 400 })
    if (plan === undefined) continue
    const { summary } = await makeSummary(plan, write, { at: turn })
    summaries = addSummary(summaries, plan, summary)
    made++
  }
  return { summaries, made }
}

describe('summaries', () => {
  it('still tell of the first facts after the second compaction, and after the tenth', async () => {
    for (const [turns, least] of [
      [20, 2],
      [120, 10],
    ] as const) {
      const { summaries, made } = await compact(turns, 10, keepFacts)
      expect(made).toBeGreaterThanOrEqual(least)
      const text = summaries.map((summary) => summary.text).join(' ')
      for (const first of [0, 1, 2, 3]) expect(text).toContain(`Fact ${first}`)
      // They stand for the log from its beginning, without a gap and without overlap.
      expect(summaries[0]!.from).toBe(1)
      for (const [index, { from }] of summaries.entries()) {
        if (index > 0) expect(from).toBe(summaries[index - 1]!.to + 1)
      }
    }
  })

  it('fall back to what was said when the function fails or says nothing, and say why', async () => {
    const plan = planSummary(dialogue(20), [], { keepTokens: 300, minTokens: 200 })!
    const failing: WriteSummary = () => Promise.reject(new Error('llm down'))
    const made = await makeSummary(plan, failing, { at: 1 })
    expect(made.failure).toEqual(new Error('llm down'))
    expect(made.summary.text).toContain('user: Fact 0 is that')
    expect(made.summary.tokens).toBeLessThanOrEqual(plan.maxTokens)
    expect(await makeSummary(plan, () => '  ', { at: 1 })).toMatchObject({ failure: expect.any(Error) })
    const throwing: WriteSummary = () => {
      throw new Error('at once')
    }
    expect(await makeSummary(plan, throwing, { at: 1 })).toMatchObject({ failure: new Error('at once') })
  })

  it('are cut when the function says more than it may', async () => {
    const plan = planSummary(dialogue(20), [], { keepTokens: 300, minTokens: 200, maxTokens: 400 })!
    const { summary, failure } = await makeSummary(plan, () => 'Facts. '.repeat(5000), { at: 1 })
    expect(failure).toBeUndefined()
    expect(summary.tokens).toBeLessThanOrEqual(plan.maxTokens)
    expect(summary.text).toMatch(/^Facts\. /)
  })

  it('begin and end between turns, so that no tool call is told of without its result', () => {
    const messages = log(
      ...Array.from({ length: 10 }, (_, turn) => [
        ['user', `Look up ${turn}`] as const,
        ['assistant', [call(`c${turn}`)]] as const,
        ['tool', [result(`c${turn}`, 'x'.repeat(200))]] as const,
        ['assistant', 'There it is'] as const,
      ]).flat(),
    )
    for (const keepTokens of [0, 50, 100, 150, 200, 333]) {
      const plan = planSummary(messages, [], { keepTokens, minTokens: 1 })!
      expect(messages[plan.to]?.role ?? 'user').toBe('user')
    }
  })

  it('wait until it is worth it', () => {
    expect(planSummary(dialogue(3), [], {})).toBeUndefined()
    expect(planSummary([], [], { minTokens: 0 })).toBeUndefined()
  })

  it('leave what came meanwhile alone, and give way to a faster process', async () => {
    const before = dialogue(20)
    const plan = planSummary(before, [], { keepTokens: 300, minTokens: 200 })!
    const { summary } = await makeSummary(plan, keepFacts, { at: 1 })
    const other = { ...summary, text: 'by another process' }
    expect(addSummary([other], plan, summary)).toEqual([other])
    const after = addSummary([], plan, summary)
    // What was appended during the compaction is history like any other: planned next time, shown meanwhile.
    expect(planSummary(dialogue(40), after, { keepTokens: 300, minTokens: 200 })!.from).toBe(plan.to + 1)
  })

  it('stand before the history once it no longer fits, and not before', () => {
    const messages = dialogue(20)
    const summaries = [{ from: 1, to: 30, text: 'They exchanged facts.', tokens: 10, at: 1 }]
    const small = buildContext({ messages, summaries }, { maxTokens: 400 })
    expect(small.messages[0]).toMatchObject({ role: 'user', part: 'history' })
    expect(textOf(small.messages[0]!)).toMatch(
      /^\[Summary of the conversation so far\]\nThey exchanged facts\./,
    )
    expect(small.report.tokens.summary).toBeGreaterThan(0)
    expect(small.report.kept.summaries).toEqual([{ from: 1, to: 30 }])
    expect(small.report.dropped[0]).toMatchObject({ from: 1, why: 'summarized' })
    const large = buildContext({ messages, summaries }, { maxTokens: 100_000 })
    expect(large.report.kept.summaries).toEqual([])
  })
})

describe('excerpt', () => {
  it('keeps to its tokens and to the first of what was said, however much it was', () => {
    for (const turns of [5, 50, 500]) {
      const plan = planSummary(dialogue(turns), [], { keepTokens: 0, minTokens: 1, maxTokens: 800 })!
      const text = excerpt(plan)
      expect(estimateTokens({ role: 'user', content: text })).toBeLessThanOrEqual(plan.maxTokens)
      expect(text).toContain('user: Fact 0')
    }
  })
})
