import { countTokensOf } from '../service/count-tokens.js'
import { SessionHistory } from '../service/session-history.js'
import { checkOptions } from '../options.js'
import { checkSummaries, summaryNames } from '../service/check-settings.js'
import { toPlanMessage } from '../context/plan-messages.js'
import {
  lastTold,
  mostOfMessage,
  planOf,
  type SummaryLimits,
  summaryLimits,
} from '../context/plan-summary.js'
import {
  addSummary,
  excerptingOf,
  makeSummary,
  type SummaryOptions,
  type SummaryPlan,
  type WriteSummary,
} from '../context/summary.js'
import { summariesOn } from '../domain/branches.js'
import { onPath } from '../domain/path.js'
import { type ClosedRange, rangesIn } from '../domain/path-ranges.js'
import type { Message } from '../domain/message.js'
import type { Summary } from '../domain/session-body.js'
import { inSlices } from '../async/slices.js'
import { stoppable } from '../async/stoppable.js'
import type { LiveSession } from '../service/live-session.js'
import { compactingOf } from '../service/workload.js'
import { afterWrite } from '../service/unknown-outcome.js'
import { isHistoryOver } from './expiry.js'

/** Options of one compaction. */
export interface CompactOptions extends SummaryOptions {
  /** Sums up the messages of the plan (default: the service's `context.summarize`, else excerpts). */
  summarize?: WriteSummary
  /** Passed to `summarize`, so that it can stop (default: none). */
  signal?: AbortSignal
}

/** The result of a compaction. */
export interface Compaction {
  /** False when there was not enough to sum up, or another process was faster. */
  readonly compacted: boolean
  /** The newest summary; the messages that it sums up stay in the log. */
  readonly summary?: Summary
  /** True when more messages remain than one call sums up. */
  readonly more?: boolean
}

// All messages of a usual session; of a long session the newest, which are kept as they are.
const usualNews = 100
// Calls of the summarizer in one run: a long session is summed up over several runs.
const mostRounds = 16

/** Sums up messages that are old enough. The log keeps them; a message appended meanwhile is not touched. */
export async function compact(
  live: LiveSession,
  options: CompactOptions = {},
  room?: number,
): Promise<Compaction> {
  checkOptions<CompactOptions>(options, { ...summaryNames, summarize: 'function', signal: 'signal' })
  checkSummaries(options)
  const { context: wanted } = live.service
  const { signal, summarize = wanted.summarize, ...given } = options
  const limits = summaryLimits({ ...wanted.summaries, ...given }, room)
  let last: Compaction = { compacted: false }
  for (let round = 0; round < mostRounds; round++) {
    let isLate = false
    const asked = { summarize, signal, onLate: () => (isLate = true) }
    const once = async () => compactOnce(live, limits, asked)
    const made = last.compacted ? await afterWrite(once) : await once()
    if (!made.compacted) return last
    last = made
    // Who has not answered once would be waited for again and again.
    if (isLate) break
  }
  return { ...last, more: true }
}

interface Summarizer {
  /** Excerpts are made without it. */
  readonly summarize: WriteSummary | undefined
  readonly signal: AbortSignal | undefined
  readonly onLate: () => void
}

async function compactOnce(
  live: LiveSession,
  limits: SummaryLimits,
  { summarize, signal, onLate }: Summarizer,
): Promise<Compaction> {
  const countTokens = countTokensOf(live.service)
  const { context, storeClock, warn, histories, redaction } = live.service
  const { record, body, messages: newest } = await live.load(usualNews)
  if (!live.isStored || (await isHistoryOver(live.service, record, newest.at(-1), body.turn)))
    return { compacted: false }
  const { edits } = body
  const history = await histories.use(record, { edits, newest }, SessionHistory)
  let plan: SummaryPlan | undefined
  try {
    const ranges = rangesIn(body.path, record)
    plan = await history.exclusive(async () => {
      history.take(newest)
      return planNext(live, { history, ranges }, summariesOn(body), limits)
    })
  } finally {
    await histories.release(record, [])
  }
  if (plan === undefined) return { compacted: false }
  const made: SummaryPlan = plan
  const plainly = summarize ?? ((asked) => inSlices(excerptingOf(asked, countTokens)))
  const redacted: WriteSummary =
    redaction === undefined
      ? plainly
      : async (asked, until) => redaction.text(await plainly(asked, until), 'summaries.text')
  const write: WriteSummary = async (asked) => {
    const late = AbortSignal.timeout(context.summarizeTimeoutMs)
    const until = signal === undefined ? late : AbortSignal.any([signal, late])
    try {
      return await stoppable(Promise.resolve(redacted(asked, until)), late)
    } catch (cause) {
      if (!late.aborted) throw cause
      onLate()
      throw new Error(`summarize took longer than ${context.summarizeTimeoutMs} ms`, { cause })
    }
  }
  // Excerpts of what nobody quotes, such as a system message, are empty, and nothing has failed.
  const mayBeEmpty = summarize === undefined
  const { summary, failure } = await makeSummary(made, write, {
    at: storeClock.now(),
    countTokens,
    mayBeEmpty,
  })
  if (failure !== undefined) {
    warn({
      code: 'summarize_failed',
      message: 'A summary could not be written; excerpts take its place.',
      cause: failure,
    })
  }
  let compacted = false
  const { record: after } = await live.update((before) => {
    // It tells of what a message said before it was redacted, or amended.
    // Or the conversation has gone back to before its end, and goes on otherwise.
    const isOld = before.edits !== body.edits || !onPath(before.path, made.to)
    const told = summariesOn(before)
    const summaries = isOld ? told : addSummary(told, made, summary)
    compacted = summaries !== told
    return compacted ? { ...before, summaries } : before
  })
  if (!compacted) return { compacted }
  live.emit('context.compacted', after, { from: made.from, to: made.to, tokens: summary.tokens })
  return { compacted, summary }
}

/**
 * The next messages to sum up: reads what follows the last summary, as far as one plan goes, and the messages to keep.
 */
export async function planNext(
  live: LiveSession,
  { history, ranges }: { history: SessionHistory; ranges: readonly ClosedRange[] },
  summaries: readonly Summary[],
  limits: SummaryLimits,
): Promise<SummaryPlan | undefined> {
  const told = lastTold(summaries)
  const end = await keptFrom(history, ranges, told, limits.keepTokens)
  const fresh: Message[] = []
  let left = Math.max(limits.inputTokens, limits.minTokens)
  const open = ranges.flatMap(({ from, to }) => {
    const range = { from: Math.max(from, told + 1), to: Math.min(to, end - 1) }
    return range.from <= range.to ? [range] : []
  })
  for await (const message of history.forwards(open)) {
    fresh.push(message)
    // A result of a tool is cut before the plan gets it, so one result may not use up the bound that many share.
    left -= Math.min(message.tokens, Math.ceil(limits.inputTokens / 10))
    if (left < 0) break
  }
  const countTokens = countTokensOf(live.service)
  const most = mostOfMessage(limits)
  const short = await inSlices(
    (function* () {
      const made: Message[] = []
      for (const message of fresh) {
        made.push(toPlanMessage(message, most, countTokens))
        yield
      }
      return made
    })(),
  )
  return planOf(short, summaries, limits, countTokens)
}

/** The seq from which on messages are kept as they are, after the last one that a summary covers. */
async function keptFrom(
  history: SessionHistory,
  ranges: readonly ClosedRange[],
  told: number,
  keepTokens: number,
): Promise<number> {
  let left = keepTokens
  let stepFrom = Number.MAX_SAFE_INTEGER
  let extra = mostExtra
  const wanted = (): number => Math.max(8, left / 50)
  for await (const message of history.backwards(ranges, wanted)) {
    if (message.seq <= told) return told + 1
    left -= message.tokens
    if (left >= 0 && message.role !== 'tool') stepFrom = message.seq
    if (left >= 0) continue
    if (message.role === 'user') return message.seq
    else if (message.role !== 'tool' && extra-- <= 0) return message.seq
  }
  return left >= 0 ? 0 : stepFrom
}

// Messages kept beyond the bound, so that the kept part begins with a message of a user.
const mostExtra = 32

/** Sums up in the background, one session at a time, while there is something to sum up. */
export function compactLater(live: LiveSession, room: number): void {
  const { work, warn } = live.service
  work.background(compactingOf(live.ref), async () => {
    await compact(live, {}, room).catch((cause: unknown) => {
      warn({
        code: 'compact_failed',
        message: 'A history could not be summed up; a later context tries again.',
        cause,
      })
    })
  })
}
