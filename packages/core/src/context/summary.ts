import type { Message } from '../domain/message.js'
import { textOf } from '../domain/message.js'
import type { Summary } from '../domain/session-body.js'
import { summaryBlock } from './blocks.js'
import type { ContextStrategy } from './strategy.js'
import { type CountTokens, estimateTokens } from './token-count.js'

/** Tells of what the window leaves out by the summaries made of it, the most recent ones while they fit. */
export function summarize(): ContextStrategy {
  return {
    name: 'summarize',
    choose({ summaries, groups, taken, room, countTokens }) {
      let history = 0
      for (const [index, group] of groups.entries()) if (!taken.has(index)) history += group.tokens
      // Everything fits as it was said: no need to tell it in other words.
      if (summaries.length === 0 || history <= room) return {}
      let chosen = [...summaries].sort((a, b) => a.from - b.from || a.to - b.to)
      while (chosen.length > 0 && countTokens(summaryBlock(chosen)) > room) chosen = chosen.slice(1)
      return { summaries: chosen }
    },
  }
}

/** What is summed up, and how briefly. */
export interface SummaryOptions {
  /** Newest tokens of history that are never summed up (default 2,000). */
  keepTokens?: number
  /** Tokens outside that before it is worth a summary (default 1,000). */
  minTokens?: number
  /** Tokens all summaries together may take; beyond, they are summed up once more, into one (default 1,000). */
  maxTokens?: number
}

/** What is to be summed up next. */
export interface SummaryPlan {
  /** The stretch the new summary will stand for, both ends included. */
  readonly from: number
  readonly to: number
  /** What is new in it, oldest first. */
  readonly messages: readonly Message[]
  /** Summaries it takes the place of: what they say must be in the new one. */
  readonly replaces: readonly Summary[]
  /** Tokens the new summary may take. */
  readonly maxTokens: number
}

/**
 * What to sum up now, if anything: what follows the last summary, up to a user's message, without the newest
 * `keepTokens`. The messages themselves stay in the log; a summary only stands for them.
 */
export function planSummary(
  messages: readonly Message[],
  summaries: readonly Summary[],
  options: SummaryOptions = {},
): SummaryPlan | undefined {
  const { keepTokens = 2000, minTokens = 1000, maxTokens = 1000 } = options
  const told = summaries.reduce((last, summary) => Math.max(last, summary.to), 0)
  let kept = 0
  let end = messages.length
  while (end > 0 && kept + messages[end - 1]!.tokens <= keepTokens) kept += messages[--end]!.tokens
  // What is kept begins where a user speaks, so no tool call is told of without its result.
  while (end > 0 && end < messages.length && messages[end]!.role !== 'user') end--
  const fresh = messages.slice(0, end).filter((message) => message.seq > told)
  const tokens = fresh.reduce((sum, message) => sum + message.tokens, 0)
  if (fresh.length === 0 || tokens < minTokens) return undefined
  const held = summaries.reduce((sum, summary) => sum + summary.tokens, 0)
  // A quarter for each new stretch: the fifth folds the four before into itself.
  const share = Math.floor(maxTokens / 4)
  const isFull = held + share > maxTokens
  const replaces = isFull ? [...summaries].sort((a, b) => a.from - b.from) : []
  return {
    from: Math.min(fresh[0]!.seq, ...replaces.map((summary) => summary.from)),
    to: fresh.at(-1)!.seq,
    messages: fresh,
    replaces,
    maxTokens: isFull ? share * 2 : share,
  }
}

/** The caller's function: says in at most `maxTokens` what the plan's messages and earlier summaries say. */
export type WriteSummary = (plan: SummaryPlan, signal?: AbortSignal) => Promise<string> | string

export interface MadeSummary {
  readonly summary: Summary
  /** Why the caller's function was not heard, when it threw or said nothing. */
  readonly failure?: unknown
}

/**
 * The summary a plan asks for. Never rejects: when `write` fails, or says nothing, the beginnings of what was said stand
 * in for it; one too long is cut. Call it outside the turn: it may take as long as a model takes.
 */
export async function makeSummary(
  plan: SummaryPlan,
  write: WriteSummary,
  options: { at: number; countTokens?: CountTokens; signal?: AbortSignal },
): Promise<MadeSummary> {
  const { at, countTokens = estimateTokens } = options
  const done = (said: string): Summary => {
    const text = cut(said, plan.maxTokens, countTokens)
    const tokens = countTokens({ role: 'user', content: text })
    return { from: plan.from, to: plan.to, text, tokens, at }
  }
  try {
    const text = (await write(plan, options.signal)).trim()
    if (text !== '') return { summary: done(text) }
    return { summary: done(excerpt(plan, countTokens)), failure: new Error('the summary is empty') }
  } catch (failure) {
    return { summary: done(excerpt(plan, countTokens)), failure }
  }
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

/** What was said, each beginning as long as fits: earlier summaries in full first, then users before assistants. */
export function excerpt(plan: SummaryPlan, countTokens: CountTokens = estimateTokens): string {
  const lines = plan.replaces.map((summary) => summary.text)
  const said = plan.messages.filter(
    (message) => message.status !== 'corrupt' && textOf(message).trim() !== '',
  )
  for (const length of [200, 100, 50, 25]) {
    for (const roles of [['user', 'assistant'], ['user']]) {
      const spoken = said.filter((message) => roles.includes(message.role))
      const text = [
        ...lines,
        ...spoken.map((message) => `${message.name ?? message.role}: ${begin(message, length)}`),
      ].join('\n')
      if (countTokens({ role: 'user', content: text }) <= plan.maxTokens) return text
    }
  }
  // Even so too much: as many as fit, evenly over the whole stretch, so that the first are told of too.
  const users = said.filter((message) => message.role === 'user')
  for (let step = 2; step < users.length; step *= 2) {
    const some = users.filter((_, index) => index % step === 0)
    const text = [...lines, ...some.map((message) => `user: ${begin(message, 25)}`)].join('\n')
    if (countTokens({ role: 'user', content: text }) <= plan.maxTokens) return text
  }
  return lines.length > 0 ? lines.join('\n') : `user: ${said[0] === undefined ? '' : begin(said[0], 25)}`
}

/** A text that keeps to its tokens: a summary too long would be left out of the context as a whole. */
function cut(text: string, maxTokens: number, countTokens: CountTokens): string {
  let short = text
  for (;;) {
    const tokens = countTokens({ role: 'user', content: short })
    if (tokens <= maxTokens || short.length < 2) return short
    const length = Math.min(short.length - 1, Math.floor((short.length * maxTokens) / tokens))
    short = short.slice(0, length).replace(/[\ud800-\udbff]$/, '')
  }
}

function begin(message: Message, length: number): string {
  const text = textOf(message).replaceAll(/\s+/g, ' ').trim()
  // Cut between characters: half of a surrogate pair is none.
  return text.length <= length ? text : `${text.slice(0, length).replace(/[\ud800-\udbff]$/, '')}…`
}
