import type { Message } from '../domain/message.js'
import type { Summary } from '../domain/session-body.js'
import { toPlanMessage } from './plan-messages.js'
import type { SummaryOptions, SummaryPlan } from './summary.js'
import { type CountTokens, estimateTokens } from './token-count.js'

export type SummaryLimits = Required<SummaryOptions>

// With fewer tokens for all summaries, one summary covers everything; with more, older summaries stay as they are for
// long.
const leastForSeveral = 600
// One message takes at most a tenth of a plan.
const shareOfMessage = 1 / 10

/** The limits, no larger than a context with `room` tokens can use (default: any). */
export function summaryLimits(options: SummaryOptions = {}, room = Number.POSITIVE_INFINITY): SummaryLimits {
  const { keepTokens = 2000, minTokens = 1000, maxTokens = 1000, inputTokens = 8000 } = options
  return {
    keepTokens: Math.min(keepTokens, Math.floor(room / 4)),
    minTokens: Math.min(minTokens, Math.floor(room / 5)),
    maxTokens: options.maxTokens ?? Math.max(64, Math.min(maxTokens, Math.floor(room / 4))),
    inputTokens: Math.max(inputTokens, 100),
  }
}

/** The last seq that summaries cover. */
export function lastTold(summaries: readonly Summary[]): number {
  return summaries.reduce((last, summary) => Math.max(last, summary.to), 0)
}

/**
 * The next messages to sum up, or undefined: those after the last summary, up to a user's message, without the newest
 * `keepTokens`. The messages themselves stay in the log; a summary only replaces them in contexts.
 */
export function planSummary(
  messages: readonly Message[],
  summaries: readonly Summary[],
  options: SummaryOptions = {},
  countTokens: CountTokens = estimateTokens,
): SummaryPlan | undefined {
  const limits = summaryLimits(options)
  const told = lastTold(summaries)
  const end = keptFrom(messages, limits.keepTokens)
  const fresh = messages.slice(0, end).filter((message) => message.seq > told)
  return planOf(fresh, summaries, limits, countTokens)
}

/** Where the kept messages begin: at a message of a user, so no tool call is summed up without its result. */
export function keptFrom(messages: readonly Message[], keepTokens: number): number {
  let kept = 0
  let end = messages.length
  while (end > 0 && kept + messages[end - 1]!.tokens <= keepTokens) kept += messages[--end]!.tokens
  if (end === messages.length) return end
  const spoken = messages.findLastIndex(({ role }, index) => index <= end && role === 'user')
  if (spoken > 0) return spoken
  // For one question with hundreds of steps: where a step begins.
  while (end > 0 && messages[end]!.role === 'tool') end--
  return end
}

/** A plan for messages that no summary covers, oldest first, and none of which must be kept as it is. */
export function planOf(
  fresh: readonly Message[],
  summaries: readonly Summary[],
  { minTokens, maxTokens, inputTokens }: SummaryLimits,
  countTokens: CountTokens,
): SummaryPlan | undefined {
  const held = summaries.reduce((sum, summary) => sum + summary.tokens, 0)
  const tokens = fresh.reduce((sum, message) => sum + message.tokens, 0)
  const isOver = held > maxTokens
  if (!isOver && (fresh.length === 0 || tokens < minTokens)) return undefined
  if (fresh.length === 0 && summaries.length < 2 && held <= maxTokens * 1.25) return undefined
  const messages = within(fresh, inputTokens, countTokens)
  if (messages.length === 0 && summaries.length === 0) return undefined
  // A quarter for each new range: the fifth summary includes the four before it.
  const share = Math.floor(maxTokens / 4)
  const isOne = maxTokens < leastForSeveral
  const folds = isOne || held + share > maxTokens
  const replaces = folds ? [...summaries].sort((a, b) => a.from - b.from) : []
  return {
    from: Math.min(...messages.slice(0, 1).map(({ seq }) => seq), ...replaces.map((summary) => summary.from)),
    to: Math.max(...messages.slice(-1).map(({ seq }) => seq), ...replaces.map((summary) => summary.to)),
    messages,
    replaces,
    maxTokens: isOne ? maxTokens : folds ? share * 2 : share,
  }
}

/** Tokens that one message may take in a plan. */
export function mostOfMessage({ inputTokens }: Pick<SummaryLimits, 'inputTokens'>): number {
  return Math.max(50, Math.floor(inputTokens * shareOfMessage))
}

/** The first messages, as many as a plan may hold, each in the form for a summarizer. */
function within(
  fresh: readonly Message[],
  inputTokens: number,
  countTokens: CountTokens,
): readonly Message[] {
  const most = mostOfMessage({ inputTokens })
  const messages: Message[] = []
  let left = inputTokens
  for (const message of fresh) {
    const short = toPlanMessage(message, most, countTokens)
    left -= short.tokens
    if (left < 0 && messages.length > 0) break
    messages.push(short)
  }
  if (messages.length === fresh.length) return messages
  // End at a message of a user, if there is one: a call and its result are summed up together.
  let end = messages.length
  while (end > 0 && fresh[end]!.role !== 'user') end--
  if (end > 0) return messages.slice(0, end)
  end = messages.length
  while (end > 1 && fresh[end]!.role === 'tool') end--
  return messages.slice(0, end)
}
