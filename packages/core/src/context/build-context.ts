import { SessionError } from '../errors.js'
import type { Message } from '../domain/message.js'
import type { Fact, Summary } from '../domain/session-body.js'
import { quoteOf } from './blocks.js'
import { costOf } from './compose.js'
import { defaultStrategy } from './default-strategy.js'
import { groupMessages, type MessageGroup } from './groups.js'
import { type BuiltContext, layOut } from './lay-out.js'
import type { RelevanceIndex } from './relevance-index.js'
import type { ContextBoundary, ContextSituation, ContextStrategy } from './strategy.js'
import { type CountTokens, estimateTokens } from './token-count.js'

/** All that a context can be made of. */
export interface ContextInput {
  /** The active path, oldest first. */
  messages: readonly Message[]
  /** Instructions; always in. */
  system?: string
  facts?: readonly Fact[]
  summaries?: readonly Summary[]
  /** What the user asks now, for strategies that look for what matters to it (default: the latest user message). */
  query?: string
  /** The query as a vector, when the index was given vectors. */
  queryVector?: readonly number[]
  /** Where the conversation stands, for `select`. */
  phase?: string
  /** Where the window began, from the report of the call before; it keeps the prompt's prefix the same. */
  boundary?: ContextBoundary
  /** An index over these messages that is kept between calls (default: one is made for this call). */
  index?: RelevanceIndex
}

/** How much room a context has, and how what fits is chosen. */
export interface ContextOptions {
  /** Tokens the model takes, answer included. */
  maxTokens: number
  /** Tokens of it kept free for the answer (default 0). */
  replyTokens?: number
  /** Tokens the instructions may take (default: no limit of their own). */
  systemTokens?: number
  /** Tokens the latest user message may take (default: no limit of its own). */
  queryTokens?: number
  /** Tokens one tool result may take; a longer one is cut (default a quarter of `maxTokens`, and 256 at least). */
  toolResultTokens?: number
  /** How to choose (default: `defaultStrategy()`). */
  strategy?: ContextStrategy
  /** Counts what the log has no count for (default `estimateTokens`). */
  countTokens?: CountTokens
}

/**
 * What a model should see now: instructions, facts, summaries, history and the latest user message, within
 * `maxTokens`. The same input gives the same context.
 *
 * @throws `too_large` when what must be in does not fit; `path` says what: `system`, `query` (the latest user message),
 * or `strategy` when a strategy took more than it was given. `invalid` when `maxTokens` is no positive number.
 *
 * @example
 * ```ts
 * import { buildContext } from '@sessions/core/context'
 * import type { Session } from '@sessions/core'
 *
 * async function promptOf(session: Session) {
 *   const { messages, report } = buildContext(
 *     { messages: await session.allMessages(), system: 'You are a shop assistant.' },
 *     { maxTokens: 4000 },
 *   )
 *   return { messages, dropped: report.dropped }
 * }
 * ```
 */
export function buildContext(input: ContextInput, options: ContextOptions): BuiltContext {
  const { countTokens = estimateTokens, strategy = defaultStrategy(), replyTokens = 0 } = options
  requireTokens('maxTokens', options.maxTokens)
  requireTokens('replyTokens', replyTokens, 0)
  const { toolResultTokens = Math.max(256, Math.ceil(options.maxTokens / 4)) } = options
  const { groups, repairs } = groupMessages(input.messages, countTokens, toolResultTokens)
  const instructions = leadingSystem(groups)
  const latest = latestUser(groups)

  const room = options.maxTokens - replyTokens
  const system = input.system === '' ? undefined : input.system
  let systemTokens = system === undefined ? 0 : countTokens({ role: 'system', content: system })
  for (const index of instructions) systemTokens += groups[index]!.tokens
  const queryTokens = latest === undefined ? 0 : groups[latest]!.tokens
  requireFit('system', 'the instructions', systemTokens, Math.min(room, options.systemTokens ?? Infinity))
  const queryRoom = Math.min(room - systemTokens, options.queryTokens ?? Infinity)
  requireFit('query', 'the latest user message', queryTokens, queryRoom)

  const situation: ContextSituation = {
    messages: input.messages,
    groups,
    latest,
    taken: new Set(latest === undefined ? instructions : [...instructions, latest]),
    room: room - systemTokens - queryTokens,
    query: input.query ?? (latest === undefined ? undefined : quoteOf(groups[latest]!)),
    asked: input.query !== undefined,
    phase: input.phase,
    facts: input.facts ?? [],
    summaries: input.summaries ?? [],
    boundary: input.boundary?.seq,
    index: input.index,
    queryVector: input.queryVector,
    countTokens,
  }
  const choice = strategy.choose(situation)
  requireFit('strategy', `what ${strategy.name} chose`, costOf(choice, situation), situation.room)
  return layOut({
    ...situation,
    system,
    maxTokens: options.maxTokens,
    instructions,
    replyTokens,
    choice,
    repairs,
    strategy: strategy.name,
  })
}

function latestUser(groups: readonly MessageGroup[]): number | undefined {
  const index = groups.findLastIndex((group) => group.role === 'user')
  return index < 0 ? undefined : index
}

/** System messages at the head of the log are instructions like `system`, and go with it. */
function leadingSystem(groups: readonly MessageGroup[]): readonly number[] {
  const end = groups.findIndex((group) => group.role !== 'system')
  return [...groups.slice(0, end < 0 ? groups.length : end).keys()]
}

function requireTokens(path: string, value: number, least = 1): void {
  if (Number.isFinite(value) && value >= least) return
  throw new SessionError('invalid', `${path} is ${value}; it must be a number from ${least} up`, { path })
}

function requireFit(path: string, what: string, tokens: number, room: number): void {
  if (tokens <= room) return
  const message = `${what} takes ${tokens} tokens; there is room for ${Math.max(0, room)}`
  throw new SessionError('too_large', message, { path })
}
