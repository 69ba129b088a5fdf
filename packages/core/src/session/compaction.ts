import {
  addSummary,
  excerpt,
  makeSummary,
  planSummary,
  type SummaryOptions,
  type WriteSummary,
} from '../context/summary.js'
import type { LiveSession } from '../service/live-session.js'
import type { Message } from '../domain/message.js'
import type { Summary } from '../domain/session-body.js'
import type { WholeSession } from './whole.js'

/** How one compaction is made. */
export interface CompactOptions extends SummaryOptions {
  /** Says what the plan's messages say, in fewer words (default: the service's `context.summarize`, else excerpts). */
  summarize?: WriteSummary
  /** Handed to `summarize`, so that it can stop (default: none). */
  signal?: AbortSignal
}

/** What became of a compaction. */
export interface Compaction {
  /** False when there was not enough to sum up, or another process was faster. */
  readonly compacted: boolean
  /** What was made; the messages it stands for stay where they are. */
  readonly summary?: Summary
}

/** Sums up what is old enough. The messages stay in the log; a message appended meanwhile is not touched. */
export async function compact(
  live: LiveSession,
  { body, messages }: Pick<WholeSession, 'body' | 'messages'>,
  options: CompactOptions = {},
): Promise<Compaction> {
  const { context: wanted, countTokens, emit, storeClock, warn } = live.service
  const { signal, summarize = wanted.summarize, ...limits } = options
  const plan = planSummary(messages, body.summaries, { ...wanted.summaries, ...limits })
  if (plan === undefined) return { compacted: false }
  const write = summarize ?? ((asked) => excerpt(asked, countTokens))
  const { summary, failure } = await makeSummary(plan, write, {
    at: storeClock.now(),
    countTokens,
    ...(signal === undefined ? {} : { signal }),
  })
  if (failure !== undefined) {
    warn({
      code: 'summarize_failed',
      message: 'A summary could not be written; excerpts stand in.',
      cause: failure,
    })
  }
  let compacted = false
  const { record } = await live.update((before) => {
    const summaries = addSummary(before.summaries, plan, summary)
    compacted = summaries !== before.summaries
    return compacted ? { ...before, summaries } : before
  })
  if (!compacted) return { compacted }
  emit('context.compacted', record, { from: plan.from, to: plan.to, tokens: summary.tokens })
  return { compacted, summary }
}

/** Sums up in the background once the history is over the service's threshold, one session at a time. */
export function compactLater(live: LiveSession, messages: readonly Message[]): void {
  const { background, context: wanted, warn } = live.service
  const tokens = messages.reduce((sum, message) => sum + message.tokens, 0)
  if (tokens <= (wanted.compactAboveTokens ?? Number.POSITIVE_INFINITY)) return
  background(JSON.stringify(['compact', live.ref.tenantId, live.ref.id]), async () => {
    await live
      .load()
      .then(({ body }) => compact(live, { body, messages }))
      .catch((cause: unknown) => {
        warn({
          code: 'compact_failed',
          message: 'A history could not be summed up; it is tried again.',
          cause,
        })
      })
  })
}
