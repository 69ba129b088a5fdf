import type { Message } from '../domain/message.js'
import type { Summary } from '../domain/session-body.js'
import { summaryBlock } from './blocks.js'
import { cutText, excerptOf, shortenedText } from './excerpt.js'
import type { ContextStrategy } from './strategy.js'
import { type CountTokens, estimateTokens } from './token-count.js'

/**
 * Tells of what the window leaves out by the summaries made of it. When not all of them fit, each is told in fewer words:
 * none goes, and the oldest gets what the others leave.
 */
export function summarize(): ContextStrategy {
  return {
    name: 'summarize',
    needs: ({ room, summaries }) => (summaries.length === 0 ? {} : { tokens: room }),
    choose({ summaries, groups, taken, room, countTokens, isWhole }) {
      let history = isWhole ? 0 : Infinity
      for (const [index, group] of groups.entries()) if (!taken.has(index)) history += group.tokens
      // Everything fits as it was said: no need to tell it in other words.
      if (summaries.length === 0 || history <= room) return {}
      return { summaries: fitSummaries(summaries, room, countTokens) }
    },
  }
}

const fewestTokens = 16

/** All summaries in order, in fewer words when they take more than `room`. */
function fitSummaries(
  summaries: readonly Summary[],
  room: number,
  countTokens: CountTokens,
): readonly Summary[] {
  const all = [...summaries].sort((a, b) => a.from - b.from || a.to - b.to)
  const cost = (some: readonly Summary[]): number => countTokens(summaryBlock(some))
  if (cost(all) <= room) return all
  let left = room - cost([])
  // What a counter makes of a whole differs from its pieces, so it may take more than one try.
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

/** What is summed up, and how briefly. */
export interface SummaryOptions {
  /** Newest tokens of history that are never summed up (default 2,000, and at most a quarter of a context). */
  keepTokens?: number
  /** Tokens outside that before it is worth a summary (default 1,000, and at most a fifth of a context). */
  minTokens?: number
  /**
   * Tokens all summaries together may take; beyond, they are summed up once more, into one (default 1,000, or a quarter
   * of a context if that is less).
   */
  maxTokens?: number
  /** Tokens of messages handed to one call at most; what is left is summed up by the next one (default 8,000). */
  inputTokens?: number
}

/** What is to be summed up next. */
export interface SummaryPlan {
  /** The stretch the new summary will stand for, both ends included. */
  readonly from: number
  readonly to: number
  /** What is new in it, oldest first: long results and texts by their beginnings, media by name. */
  readonly messages: readonly Message[]
  /** Summaries it takes the place of: what they say must be in the new one. */
  readonly replaces: readonly Summary[]
  /** Tokens the new summary may take. */
  readonly maxTokens: number
}

/** The caller's function: says in at most `maxTokens` what the plan's messages and earlier summaries say. */
export type WriteSummary = (plan: SummaryPlan, signal?: AbortSignal) => Promise<string> | string

export interface MadeSummary {
  readonly summary: Summary
  /** Why the caller's function was not heard, when it threw or said nothing. */
  readonly failure?: unknown
}

/**
 * The summary a plan asks for. Never rejects: when `write` fails, or says nothing, excerpts of what was said stand in for
 * it; one too long is cut. Call it outside the turn: it may take as long as a model takes.
 */
export async function makeSummary(
  plan: SummaryPlan,
  write: WriteSummary,
  options: { at: number; countTokens?: CountTokens; signal?: AbortSignal },
): Promise<MadeSummary> {
  const { at, countTokens = estimateTokens } = options
  try {
    const text = (await write(plan, options.signal)).trim()
    if (text !== '') return { summary: toSummary(plan, text, at, countTokens) }
    return { summary: excerptSummary(plan, at, countTokens), failure: new Error('the summary is empty') }
  } catch (failure) {
    return { summary: excerptSummary(plan, at, countTokens), failure }
  }
}

/** The summary that is made without asking anybody. */
export function excerptSummary(plan: SummaryPlan, at: number, countTokens: CountTokens): Summary {
  return toSummary(plan, excerpt(plan, countTokens), at, countTokens)
}

function toSummary(plan: SummaryPlan, said: string, at: number, countTokens: CountTokens): Summary {
  const text = cutText(said, plan.maxTokens, countTokens)
  return { from: plan.from, to: plan.to, text, tokens: countTokens({ role: 'user', content: text }), at }
}

/**
 * `summaries` with a new one, in order. Those it replaces go; one that no longer fits, because another process was
 * faster, changes nothing.
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

/** What matters most of what the plan's summaries and messages say, word for word. */
export function excerpt(plan: SummaryPlan, countTokens: CountTokens = estimateTokens): string {
  return excerptOf(
    plan.replaces.map(({ text }) => text),
    plan.messages,
    plan.maxTokens,
    countTokens,
  )
}
