import type { Message } from '../domain/message.js'
import type { Summary } from '../domain/session-body.js'
import { summaryBlock } from './blocks.js'
import { atOnce, inSlices } from '../async/slices.js'
import { cutText, excerpting, shortenedText } from './excerpt.js'
import type { ContextStrategy } from './strategy.js'
import { type CountTokens, estimateTokens } from './token-count.js'

/**
 * Shows summaries of the messages that the window leaves out. When they do not all fit, each is shortened: none is
 * left out, and the oldest gets the room that the others leave.
 */
export function summarize(): ContextStrategy {
  return {
    name: 'summarize',
    needs: ({ room, summaries }) => (summaries.length === 0 ? {} : { tokens: room }),
    choose({ summaries, groups, taken, room, countTokens, isWhole }) {
      let history = isWhole ? 0 : Infinity
      for (const [index, group] of groups.entries()) if (!taken.has(index)) history += group.tokens
      // The whole history fits, so no summary is needed.
      if (summaries.length === 0 || history <= room) return {}
      return { summaries: fitSummaries(summaries, room, countTokens) }
    },
  }
}

const fewestTokens = 16

/** All summaries in order, shortened when they take more than `room`. */
function fitSummaries(
  summaries: readonly Summary[],
  room: number,
  countTokens: CountTokens,
): readonly Summary[] {
  const all = [...summaries].sort((a, b) => a.from - b.from || a.to - b.to)
  const cost = (some: readonly Summary[]): number => countTokens(summaryBlock(some))
  if (cost(all) <= room) return all
  let left = room - cost([])
  // A counter may count a whole differently from its pieces, so it may take more than one try.
  for (; left >= fewestTokens; left = Math.floor(left * 0.8)) {
    const told: Summary[] = []
    let spare = left
    for (let index = all.length - 1; index >= 0; index--) {
      const share = Math.floor(spare / (index + 1))
      const text = shortenedText(all[index]!.text, share, countTokens)
      const tokens = countTokens({ role: 'user', content: text })
      if (text === '' || tokens > share) continue
      told.unshift({ ...all[index]!, text, tokens })
      spare -= tokens
    }
    if (told.length > 0 && cost(told) <= room) return told
  }
  return []
}

/** Which messages are summed up, and how briefly. */
export interface SummaryOptions {
  /** Newest tokens of history that are never summed up (default 2,000, and at most a quarter of a context). */
  keepTokens?: number
  /** Tokens of older messages that are needed for a new summary (default 1,000, and at most a fifth of a context). */
  minTokens?: number
  /**
   * Tokens that all summaries together may take; above that, they are summed up once more, into one (default 1,000, or
   * a quarter of a context if that is less).
   */
  maxTokens?: number
  /** Tokens of messages passed to one call at most; the next call sums up the rest (default 8,000). */
  inputTokens?: number
}

/** The input of the next summary. */
export interface SummaryPlan {
  /** The range that the new summary covers, both ends included. */
  readonly from: number
  readonly to: number
  /** The new messages in it, oldest first: long results and texts cut to their beginnings, media as names. */
  readonly messages: readonly Message[]
  /** Summaries that it replaces: the new one must include their content. */
  readonly replaces: readonly Summary[]
  /** Tokens that the new summary may take. */
  readonly maxTokens: number
}

/** The caller's function: sums up the plan's messages and earlier summaries in at most `maxTokens`. */
export type WriteSummary = (plan: SummaryPlan, signal?: AbortSignal) => Promise<string> | string

export interface MadeSummary {
  readonly summary: Summary
  /** Why the caller's function was not used: it threw, or returned an empty text. */
  readonly failure?: unknown
}

/**
 * The summary for a plan. Never rejects: when `write` fails, or returns an empty text, excerpts of the messages take
 * its place; a summary that is too long is cut. Call it outside the turn: it may take as long as a model.
 */
export async function makeSummary(
  plan: SummaryPlan,
  write: WriteSummary,
  options: { at: number; countTokens?: CountTokens; mayBeEmpty?: boolean },
): Promise<MadeSummary> {
  const { at, countTokens = estimateTokens, mayBeEmpty = false } = options
  try {
    // JavaScript may give anything.
    const said: unknown = await write(plan)
    const text = typeof said === 'string' ? said.trim() : ''
    if (text !== '' || mayBeEmpty) return { summary: toSummary(plan, text, at, countTokens) }
    return {
      summary: await excerptSummary(plan, at, countTokens),
      failure: new Error(typeof said === 'string' ? 'the summary is empty' : 'the summary is no text'),
    }
  } catch (failure) {
    return { summary: await excerptSummary(plan, at, countTokens), failure }
  }
}

/** The summary that is made without the caller's function. */
export async function excerptSummary(
  plan: SummaryPlan,
  at: number,
  countTokens: CountTokens,
): Promise<Summary> {
  return toSummary(plan, await inSlices(excerptingOf(plan, countTokens)), at, countTokens)
}

function toSummary(plan: SummaryPlan, said: string, at: number, countTokens: CountTokens): Summary {
  const text = cutText(said, plan.maxTokens, countTokens)
  return { from: plan.from, to: plan.to, text, tokens: countTokens({ role: 'user', content: text }), at }
}

/**
 * `summaries` with a new one, in order. The summaries that it replaces are removed. If another process was faster and
 * the new one no longer fits, nothing changes.
 */
export function addSummary(
  summaries: readonly Summary[],
  plan: SummaryPlan,
  summary: Summary,
): readonly Summary[] {
  const isReplaced = (other: Summary) =>
    plan.replaces.some(({ from, to, at }) => other.from === from && other.to === to && other.at === at)
  const rest = summaries.filter((other) => !isReplaced(other))
  const isStale =
    rest.length !== summaries.length - plan.replaces.length ||
    rest.some((other) => other.from <= summary.to && summary.from <= other.to)
  if (isStale) return summaries
  return [...rest, summary].sort((a, b) => a.from - b.from)
}

/** The most important sentences of the plan's summaries and messages, word for word. */
export function excerpt(plan: SummaryPlan, countTokens: CountTokens = estimateTokens): string {
  return atOnce(excerptingOf(plan, countTokens))
}

/** As `excerpt`, step by step. */
export function excerptingOf(plan: SummaryPlan, countTokens: CountTokens): Generator<void, string> {
  return excerpting(
    plan.replaces.map(({ text }) => text),
    plan.messages,
    plan.maxTokens,
    countTokens,
  )
}
