import { describe, expect, it } from 'vitest'
import { buildContext, type ContextInput } from '../../src/context/build-context.js'
import type { ContextBoundary } from '../../src/context/strategy.js'
import { stableWindow } from '../../src/context/window.js'
import { log } from './histories.js'

const dialogue = log(
  ...Array.from({ length: 200 }, (_, turn) => [
    ['user', `Question ${turn}: ${'what about this and that '.repeat(1 + (turn % 7))}?`] as const,
    ['assistant', `Answer ${turn}: ${'it is so and so '.repeat(2 + (turn % 11))}.`] as const,
  ]).flat(),
)

/** Plays the dialogue turn by turn; the share of each prompt's tokens that begin it just as they began the one before. */
function play(maxTokens: number, more: Partial<ContextInput>, options: object = {}) {
  let boundary: ContextBoundary | undefined
  let before: string[] = []
  const shares: number[] = []
  let moves = 0
  let hash: string | undefined
  for (let turn = 0; turn < 200; turn++) {
    const messages = dialogue.slice(0, turn * 2 + 1)
    const built = buildContext(
      {
        messages,
        system: 'You are a shopping assistant.',
        ...more,
        ...(boundary === undefined ? {} : { boundary }),
      },
      { maxTokens, ...options },
    )
    expect(built.tokens).toBeLessThanOrEqual(maxTokens)
    const now = built.messages.map((message) => JSON.stringify([message.role, message.content]))
    const same = now.findIndex((message, index) => message !== before[index])
    const tokens = built.messages
      .slice(0, same < 0 ? now.length : same)
      .reduce((sum, message) => sum + message.tokens, 0)
    if (turn > 0) shares.push(tokens / built.tokens)
    if (built.report.boundaryMoved) moves++
    // As long as the hash stays, the history before is where it was: only its end may have grown.
    if (hash === built.report.prefixHash && turn > 1) expect(tokens / built.tokens).toBeGreaterThan(0.5)
    hash = built.report.prefixHash
    boundary = built.report.boundary
    before = now
  }
  return { share: shares.reduce((sum, share) => sum + share, 0) / shares.length, moves }
}

describe('the beginning of the prompt', () => {
  it('stays the same for nine tenths of it over 200 turns at 8,000 tokens', () => {
    const { share, moves } = play(8000, {})
    expect(share).toBeGreaterThan(0.9)
    expect(moves).toBeGreaterThan(0)
    expect(moves).toBeLessThan(10)
  })

  it('changes with every turn under a naive window', () => {
    const naive = play(4000, {}, { strategy: stableWindow({ low: 1 }) })
    const stable = play(4000, {})
    expect(stable.share).toBeGreaterThan(0.9)
    expect(naive.share).toBeLessThan(0.6)
  })
})

describe('stableWindow', () => {
  const build = (maxTokens: number, boundary?: ContextBoundary, length = 401) =>
    buildContext(
      { messages: dialogue.slice(0, length), ...(boundary === undefined ? {} : { boundary }) },
      { maxTokens, strategy: stableWindow() },
    )

  it('keeps no boundary while everything fits', () => {
    const { report } = build(100_000)
    expect(report.boundary).toBeUndefined()
    expect(report.boundaryMoved).toBe(false)
    expect(report.dropped).toEqual([])
  })

  it('begins where a user speaks and says where', () => {
    const { report, messages } = build(2000)
    expect(messages[0]!.role).toBe('user')
    expect(report.boundary).toEqual({ seq: messages[0]!.seq })
    expect(report.boundaryMoved).toBe(true)
    expect(report.tokens.history).toBeLessThan(1100)
  })

  it('stays at the boundary it is given, and moves back when there is far more room', () => {
    const { report } = build(2000)
    const again = build(2000, report.boundary)
    expect(again.report.boundaryMoved).toBe(false)
    expect(again.report.prefixHash).toBe(report.prefixHash)
    const wide = build(8000, report.boundary)
    expect(wide.report.boundary!.seq).toBeLessThan(report.boundary!.seq)
    expect(wide.report.boundaryMoved).toBe(true)
  })

  it('survives a boundary whose message is gone', () => {
    expect(build(2000, { seq: 1_000_000 }).report.boundary!.seq).toBeLessThan(1000)
  })
})
