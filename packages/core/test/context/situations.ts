import { grouping } from '../../src/context/groups.js'
import type { ContextSituation } from '../../src/context/strategy.js'
import type { Summary } from '../../src/domain/session-body.js'
import { atOnce } from '../../src/async/slices.js'
import { type Entry, log } from './histories.js'

/** A letter is a token. */
export const countLetters = ({ content }: { content: unknown }) => String(content).length
const roles = { u: 'user', a: 'assistant', s: 'system' } as const

/** A situation of messages, each a role and its tokens, such as `u10 a5`. */
export function situation(spec: string, more: Partial<ContextSituation> = {}): ContextSituation {
  const entries = spec.split(' ').map((word): Entry => {
    const tokens = Number(word.slice(1))
    return [roles[word[0] as 'u'], 'x'.repeat(tokens), { tokens }]
  })
  return situationOf(entries, more)
}

/** The same of any messages. */
export function situationOf(
  entries: readonly Entry[],
  more: Partial<ContextSituation> = {},
): ContextSituation {
  const messages = log(...entries)
  const { groups } = atOnce(grouping(messages, countLetters))
  const latest = groups.findLastIndex(({ role }) => role === 'user')
  return {
    messages,
    groups,
    start: 0,
    isWhole: true,
    seqs: messages.map(({ seq }) => seq),
    latest: latest < 0 ? undefined : latest,
    taken: new Set(latest < 0 ? [] : [latest]),
    room: 1000,
    query: undefined,
    asked: false,
    phase: undefined,
    facts: [],
    summaries: [],
    told: 0,
    boundary: undefined,
    index: undefined,
    queryVector: undefined,
    countTokens: countLetters,
    ...more,
  }
}

export function summary(from: number, to: number, text: string, at = 1): Summary {
  return { from, to, text, tokens: text.length, at }
}
