import { SessionError } from '../errors.js'
import { checkOptions, type OptionNames } from '../options.js'
import { type Message, textOf } from '../domain/message.js'
import type { Fact, Summary } from '../domain/session-body.js'
import { costOf } from './compose.js'
import { defaultStrategy } from './default-strategy.js'
import { groupMessages, type MessageGroup } from './groups.js'
import { type IncludedData, includedBlocks } from './included.js'
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
  /** What else of the session the model is told, each as a block of its own right before the latest user message. */
  included?: IncludedData
  /** What the user asks now, for strategies that look for what matters to it (default: the latest user message). */
  query?: string
  /** The query as a vector, when the index was given vectors. */
  queryVector?: readonly number[]
  /** Where the conversation stands, for `select`. */
  phase?: string
  /** Where the window began, from the report of the call before; it keeps the prompt's prefix the same. */
  boundary?: ContextBoundary
  /** What is missing among `messages`, when not all of the path is there (default: nothing). */
  partial?: PartialHistory
  /** An index over these messages that is kept between calls (default: one is made for this call). */
  index?: RelevanceIndex
}

/** What a list of messages holds of a path. */
export interface PartialHistory {
  /** From this seq on, all of it. What is before stands for itself, with gaps: to be quoted or kept, no window. */
  readonly from: number
  /** Messages up to this seq are system messages that the log begins with (0: it begins with another one). */
  readonly leadingTo: number
  /** Every seq of the path, ascending. */
  readonly seqs: readonly number[]
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
  /** Descriptions of tools that are sent along, as JSON: they take tokens too (default: none). */
  tools?: readonly object[] | Readonly<Record<string, object>>
  /**
   * Joins neighbours of one role into one message, as strict providers want it: what a user said twice before an answer,
   * an answer that came in pieces (default false). Blocks of ours never stand beside a message of a user in any case.
   */
  alternate?: boolean
  /** How to choose (default: `defaultStrategy()`). */
  strategy?: ContextStrategy
  /** Counts what the log has no count for (default `estimateTokens`). */
  countTokens?: CountTokens
}

export const contextNames: OptionNames<ContextOptions> = {
  maxTokens: true,
  replyTokens: true,
  systemTokens: true,
  queryTokens: true,
  toolResultTokens: true,
  tools: true,
  alternate: true,
  strategy: true,
  countTokens: true,
}

/**
 * What a model should see now: instructions, facts, summaries, history and the latest user message, within
 * `maxTokens`. The same input gives the same context.
 *
 * @throws `too_large` when what must be in does not fit; `path` says what: `system`, `query` (the latest user message),
 * `tools`, or `strategy` when a strategy took more than it was given. `invalid` when `maxTokens` is no positive number.
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
  checkOptions(options, contextNames)
  const { countTokens = estimateTokens, strategy = defaultStrategy(), replyTokens = 0 } = options
  requireTokens('maxTokens', options.maxTokens)
  requireTokens('replyTokens', replyTokens, 0)
  const { groups, repairs } = groupMessages(
    input.messages,
    countTokens,
    toolResultTokensOf(options),
    input.partial?.leadingTo,
  )
  const instructions = leadingSystem(groups)
  const latest = latestUser(groups)

  const whole = options.maxTokens - replyTokens
  const system = input.system === '' ? undefined : input.system
  let systemTokens = system === undefined ? 0 : countTokens({ role: 'system', content: system })
  for (const index of instructions) systemTokens += groups[index]!.tokens
  const toolTokens = tokensOfTools(options.tools, countTokens)
  const queryTokens = latest === undefined ? 0 : groups[latest]!.tokens
  requireFit('tools', 'the descriptions of tools', toolTokens, whole)
  const systemRoom = whole - toolTokens
  requireFit(
    'system',
    'the instructions',
    systemTokens,
    Math.min(systemRoom, options.systemTokens ?? Infinity),
  )
  const queryRoom = systemRoom - systemTokens
  requireFit(
    'query',
    'the latest user message',
    queryTokens,
    Math.min(queryRoom, options.queryTokens ?? Infinity),
  )
  const included = includedBlocks(input.included ?? {}, queryRoom - queryTokens, countTokens)
  const includedTokens = included.reduce((sum, { tokens }) => sum + tokens, 0)

  const room = queryRoom - queryTokens - includedTokens
  const situation = situationFrom(input, { groups, latest, instructions, countTokens, room })
  const choice = strategy.choose(situation)
  requireFit('strategy', `what ${strategy.name} chose`, costOf(choice, situation), situation.room)
  return layOut({
    ...situation,
    system,
    spare: situation.room - costOf(choice, situation),
    instructions,
    included,
    replyTokens,
    toolTokens,
    alternate: options.alternate ?? false,
    choice,
    repairs,
    strategy: strategy.name,
  })
}

/** What a strategy is asked about before all it needs is read. */
export function situationOf(input: ContextInput, options: ContextOptions, room: number): ContextSituation {
  const { countTokens = estimateTokens } = options
  const { groups } = groupMessages(input.messages, countTokens, toolResultTokensOf(options))
  return situationFrom(input, { groups, latest: latestUser(groups), instructions: [], countTokens, room })
}

/** Tokens one result of a tool may take. */
export function toolResultTokensOf({ toolResultTokens, maxTokens }: ContextOptions): number {
  return toolResultTokens ?? Math.max(256, Math.ceil(maxTokens / 4))
}

interface Grouped extends Pick<ContextSituation, 'groups' | 'latest' | 'countTokens' | 'room'> {
  readonly instructions: readonly number[]
}

function situationFrom(
  input: ContextInput,
  { groups, latest, instructions, countTokens, room }: Grouped,
): ContextSituation {
  const { partial } = input
  const said = latest === undefined ? undefined : groups[latest]!.messages.map(textOf).join('\n')
  return {
    messages: input.messages,
    groups,
    start: partial === undefined ? 0 : startOf(groups, partial.from),
    isWhole: partial === undefined,
    seqs: partial?.seqs ?? input.messages.map((message) => message.seq),
    latest,
    taken: new Set(latest === undefined ? instructions : [...instructions, latest]),
    room,
    query: input.query ?? said,
    asked: input.query !== undefined,
    phase: input.phase,
    facts: input.facts ?? [],
    summaries: input.summaries ?? [],
    told: 0,
    boundary: input.boundary?.seq,
    index: input.index,
    queryVector: input.queryVector,
    countTokens,
  }
}

function latestUser(groups: readonly MessageGroup[]): number | undefined {
  const index = groups.findLastIndex((group) => group.role === 'user')
  return index < 0 ? undefined : index
}

function startOf(groups: readonly MessageGroup[], from: number): number {
  const start = groups.findIndex((group) => group.seqs[0]! >= from)
  return start < 0 ? groups.length : start
}

/** System messages at the head of the log are instructions like `system`, and go with it. */
function leadingSystem(groups: readonly MessageGroup[]): readonly number[] {
  const end = groups.findIndex((group) => group.messages[0]!.role !== 'system')
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

// What providers add to the JSON of a tool.
const perTool = 12

/** Tokens that descriptions of tools take. */
export function tokensOfTools(tools: ContextOptions['tools'], countTokens: CountTokens): number {
  if (tools === undefined) return 0
  const count = Array.isArray(tools) ? tools.length : Object.keys(tools).length
  return count === 0 ? 0 : countTokens({ role: 'system', content: JSON.stringify(tools) }) + count * perTool
}
