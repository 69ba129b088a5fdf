import { embedInTime } from '../service/embed-in-time.js'
import { countTokensOf } from '../service/count-tokens.js'
import { SessionHistory } from '../service/session-history.js'
import {
  building,
  checkContextOptions,
  contextNames as buildNames,
  type ContextOptions,
  situationOf,
  tokensOfTools,
  toolResultTokensOf,
} from '../context/build-context.js'
import { defaultStrategy } from '../context/default-strategy.js'
import { checkNames, type OptionNames } from '../options.js'
import { mergeFacts } from '../context/facts.js'
import { vectorsOf } from '../context/embed.js'
import { includedParts } from '../context/included.js'
import type { BuiltContext } from '../context/lay-out.js'
import { needsOf } from '../context/needs.js'
import { summaryLimits } from '../context/plan-summary.js'
import { addSummary, excerptSummary } from '../context/summary.js'
import type { CountTokens } from '../context/token-count.js'
import { expired, summariesOn } from '../domain/branches.js'
import { type ClosedRange, rangesIn } from '../domain/path-ranges.js'
import type { Message, MessageInput } from '../domain/message.js'
import type { SessionBody, Summary } from '../domain/session-body.js'
import type { UserFact } from '../domain/user-fact.js'
import { shownMemory } from '../service/user-memory.js'
import type { IncludedPart } from '../context/report.js'
import type { LiveSession } from '../service/live-session.js'
import { inSlices } from '../async/slices.js'
import { compactLater, planNext } from './compaction.js'
import { isHistoryOver } from './expiry.js'
import { gatherMessages, type GatheredMessages } from './gather-messages.js'

// About as many messages as one turn and its tools have added since the last context.
const usualNews = 32

/** Options of one context of a session. */
export interface SessionContextOptions extends ContextOptions {
  /** Instructions; always in (default: none). */
  system?: string
  /**
   * Searches the history: most of the room goes to messages that match the query (default: none; the newest messages,
   * and quotes of what the latest user message names).
   */
  query?: string
  /**
   * Other parts that the model gets, each in a block of its own (default: `memory` for a session that was opened with
   * `remember`, else none).
   */
  include?: readonly IncludedPart[]
  /** The phase of the conversation, for strategies that depend on it (default: none). */
  phase?: string
  /**
   * Stores with the session where the window began, so that the beginning of the prompt stays the same for many turns
   * and the provider can cache it (default: true without a `query`). With `false` the call changes nothing: it does
   * not start a summary either.
   */
  remember?: boolean
}

const contextNames: OptionNames<SessionContextOptions> = {
  ...buildNames,
  system: 'text',
  query: 'text',
  include: 'list',
  phase: 'text',
  remember: 'flag',
}

/** A context outside of a turn: it may be as old as what is shown, unless it is remembered. */
export async function shownContext(live: LiveSession, options: SessionContextOptions): Promise<BuiltContext> {
  return sessionContext(live, [], options, options?.remember === false ? live.service.shownAgeMs : 0)
}

/**
 * The messages that a model should see of a session now, together with the messages of a turn that are not stored yet.
 */
export async function sessionContext(
  live: LiveSession,
  pending: readonly MessageInput[],
  options: SessionContextOptions,
  maxAgeMs = 0,
): Promise<BuiltContext> {
  checkContextOptions(options, contextNames)
  checkNames(options.include, includedParts, 'include')
  const { query, remember = query === undefined } = options
  const { histories } = live.service
  const [{ record, body: stored, messages: newest }, memory] = await Promise.all([
    live.load(usualNews, maxAgeMs),
    memoryOf(live, options),
  ])
  const isOver = live.isStored && (await isHistoryOver(live.service, record, newest.at(-1), stored.turn))
  const body = isOver ? expired(stored, record.lastSeq) : stored
  const isEmpty = !live.isStored || isOver
  const ranges = isEmpty ? [] : rangesIn(body.path, record)
  const { edits } = body
  const history = await histories.use(record, { edits, newest }, SessionHistory)
  let used: readonly Message[] = []
  try {
    return await history.exclusive(async () => {
      const onPath = newest.filter(({ seq }) => ranges.some(({ from, to }) => from <= seq && seq <= to))
      history.take(onPath)
      const { messages, built, sumsUpWith } = await buildNow(
        live,
        { body, ranges, newest: onPath, history, pending, memory },
        options,
      )
      used = messages
      const { boundary, boundaryMoved } = built.report
      if (remember && live.isStored && boundaryMoved) {
        // The context is valid without it; the only effect is that the next window begins elsewhere once more.
        await live.update((before) => ({ ...before, boundary })).catch(() => undefined)
      }
      if (sumsUpWith !== undefined && live.isStored && options.remember !== false)
        compactLater(live, sumsUpWith)
      return built
    })
  } finally {
    await histories.release(record, used)
  }
}

interface Found {
  readonly body: SessionBody
  readonly ranges: readonly ClosedRange[]
  readonly newest: readonly Message[]
  readonly history: SessionHistory
  readonly pending: readonly MessageInput[]
  /** What is remembered of the user, as far as the context shows it. */
  readonly memory: readonly UserFact[]
}

/** Costs a read where it is shown, and another one where the application asks for consent. */
async function memoryOf(
  { service, record, identity, remembers }: LiveSession,
  { include = remembers ? ['memory'] : [] }: SessionContextOptions,
): Promise<readonly UserFact[]> {
  const { tenantId, userId } = record
  if (userId === undefined || !include.includes('memory')) return []
  return shownMemory(
    service,
    { tenantId, userId },
    identity.userId === userId ? identity.consents : undefined,
  )
}

/** Reads the messages that the strategy needs, and builds the context from them. */
async function buildNow(
  live: LiveSession,
  { body, ranges, newest, history, pending, memory }: Found,
  options: SessionContextOptions,
): Promise<{ messages: readonly Message[]; built: BuiltContext; sumsUpWith: number | undefined }> {
  const { system, query, phase, remember: _, include = [], strategy = defaultStrategy(), ...others } = options
  const { context: wanted } = live.service
  const countTokens = countTokensOf(live.service)
  const added = pending.map((input, place) =>
    toPending(input, place, live.record.lastSeq, newest.at(-1), countTokens),
  )
  const room = roomOf(options, countTokens)
  const told = summariesOn(body)
  const given = {
    summaries: told,
    ...(system === undefined ? {} : { system }),
    ...(query === undefined ? {} : { query }),
    ...(phase === undefined ? {} : { phase }),
    ...(body.boundary === undefined ? {} : { boundary: body.boundary }),
    included: {
      memory,
      ...(include.includes('preferences') ? { preferences: body.preferences } : {}),
      ...(include.includes('cart') ? { cart: body.cart } : {}),
      ...(include.includes('state') ? { state: body.state } : {}),
    },
  }
  const settings = { countTokens, ...others, strategy }
  const situation = await inSlices(
    situationOf({ ...given, facts: body.facts, messages: [...newest, ...added] }, settings, room),
  )
  const needs = needsOf(strategy, situation)
  const gathered = await gatherMessages({
    history,
    ranges,
    needs,
    room,
    toolResultTokens: toolResultTokensOf(options),
    query,
    pending: added,
    vectorOf: async (text) => vectorOf(live, text),
    drawsFacts: wanted.extractFacts !== undefined,
  })
  const { messages, partial, index, queryVector, facts } = gathered
  const sumsUpWith = overThreshold(gathered, ranges, wanted.compactAboveTokens, room) ? room : undefined
  const isTight = partial !== undefined || gathered.tokens > room / 2
  const summaries =
    sumsUpWith === undefined || !isTight ? told : await withExcerpt(live, { history, ranges }, told, room)
  const steps = building(
    {
      ...given,
      summaries,
      messages: [...messages, ...added],
      facts: mergeFacts(facts, body.facts),
      ...(partial === undefined ? {} : { partial }),
      ...(index === undefined ? {} : { index }),
      ...(queryVector === undefined ? {} : { queryVector }),
    },
    settings,
  )
  return { messages, built: await inSlices(steps), sumsUpWith }
}

/**
 * Whether the history is long enough to sum up old messages. Estimates the part that was not read from the part that
 * was.
 */
function overThreshold(
  { tokens, count, partial }: GatheredMessages,
  ranges: readonly ClosedRange[],
  threshold: number | undefined,
  room: number,
): boolean {
  if (threshold === undefined) return false
  const messages = ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0)
  const all = partial === undefined ? tokens : (tokens / Math.max(1, count)) * messages
  return all > Math.min(threshold, room / 2)
}

/** The summaries, and an excerpt of the messages that no summary covers yet. */
async function withExcerpt(
  live: LiveSession,
  log: { history: SessionHistory; ranges: readonly ClosedRange[] },
  summaries: readonly Summary[],
  room: number,
): Promise<readonly Summary[]> {
  const { context: wanted } = live.service
  const countTokens = countTokensOf(live.service)
  const plan = await planNext(live, log, summaries, summaryLimits(wanted.summaries, room))
  if (plan === undefined) return summaries
  return addSummary(summaries, plan, await excerptSummary(plan, plan.messages.at(-1)?.at ?? 0, countTokens))
}

/** Tokens that the model needs for messages of the session. */
function roomOf(
  { maxTokens, replyTokens = 0, system, tools }: SessionContextOptions,
  countTokens: CountTokens,
): number {
  const instructions =
    system === undefined || system === '' ? 0 : countTokens({ role: 'system', content: system })
  return Math.max(0, maxTokens - replyTokens - instructions - tokensOfTools(tools, countTokens)) || 0
}

async function vectorOf(live: LiveSession, text: string): Promise<readonly number[] | undefined> {
  const { context: wanted, warn } = live.service
  if (wanted.embed === undefined) return undefined
  try {
    return (await vectorsOf([text], embedInTime(wanted.embed)))[0]
  } catch (cause) {
    warn({
      code: 'embed_failed',
      message: 'Messages could not be embedded; the search works by words alone.',
      cause,
    })
    return undefined
  }
}

/** A message of a turn that is not stored yet, in the form of the history's last message. */
function toPending(
  input: MessageInput,
  place: number,
  lastSeq: number,
  last: Message | undefined,
  countTokens: (message: Pick<Message, 'role' | 'content'>) => number,
): Message {
  const { role, content, name } = input
  return {
    seq: lastSeq + place + 1,
    id: `pending-${place}`,
    role,
    content,
    at: last?.at ?? 0,
    tokens: countTokens({ role, content }),
    status: 'completed',
    ...(name === undefined ? {} : { name }),
  }
}
