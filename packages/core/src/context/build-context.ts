import { SessionError } from '../errors.js'
import { checkOptions, type OptionNames } from '../options.js'
import { type Message, textOf } from '../domain/message.js'
import type { Fact, Summary } from '../domain/session-body.js'
import { costOf } from './compose.js'
import { defaultStrategy } from './default-strategy.js'
import { grouping, type MessageGroup } from './groups.js'
import { checkStrategy } from './check-strategy.js'
import { type IncludedData, includedBlocks } from './included.js'
import { type BuiltContext, layingOut } from './lay-out.js'
import type { RelevanceIndex } from './relevance-index.js'
import { atOnce } from '../async/slices.js'
import { choosing } from './step-by-step.js'
import type { ContextBoundary, ContextSituation, ContextStrategy } from './strategy.js'
import { type CountTokens, estimateTokens } from './token-count.js'

/** The input of a context. */
export interface ContextInput {
  /** The active path, oldest first. */
  messages: readonly Message[]
  /** Instructions; always in. */
  system?: string
  /** What is known of the conversation (default: nothing). */
  facts?: readonly Fact[]
  /** What stands for messages that do not fit (default: none). */
  summaries?: readonly Summary[]
  /**
   * Other parts of the session that the model gets, each as a block of its own right before the latest user message.
   */
  included?: IncludedData
  /** The question of the user, for strategies that search for it (default: the latest user message). */
  query?: string
  /** The query as a vector, if the index has vectors. */
  queryVector?: readonly number[]
  /** The phase of the conversation, for `select`. */
  phase?: string
  /** Where the window began, from the report of the call before; it keeps the beginning of the prompt the same. */
  boundary?: ContextBoundary
  /** Which messages of the path are missing in `messages` (default: none). */
  partial?: PartialHistory
  /** An index over these messages that the caller keeps between calls (default: one is made for this call). */
  index?: RelevanceIndex
}

/** Which part of a path a list of messages holds. */
export interface PartialHistory {
  /**
   * From this seq on, the list has all messages. Earlier ones have gaps: they can be quoted or kept, but form no
   * window.
   */
  readonly from: number
  /**
   * Messages up to this seq are system messages at the beginning of the log (0: the log begins with another message).
   */
  readonly leadingTo: number
  /** Every seq of the path, ascending. */
  readonly seqs: readonly number[]
}

/** How much room a context has, and how its messages are chosen. */
export interface ContextOptions {
  /** Tokens of the model's window, answer included. */
  maxTokens: number
  /** Tokens of it kept free for the answer (default 0). */
  replyTokens?: number
  /** Tokens that the instructions may take (default: no limit of their own). */
  systemTokens?: number
  /** Tokens that the latest user message may take (default: no limit of its own). */
  queryTokens?: number
  /** Tokens that one tool result may take; a longer one is cut (default a quarter of `maxTokens`, and 256 at least). */
  toolResultTokens?: number
  /** Descriptions of tools that are sent along, as JSON: they take tokens too (default: none). */
  tools?: readonly object[] | Readonly<Record<string, object>>
  /**
   * Joins neighbouring messages of one role into one, for strict providers: two user messages before an answer, an
   * answer in several messages (default false). Blocks of this library are text parts of a user's message in any case.
   */
  alternate?: boolean
  /** The strategy that chooses the messages (default: `defaultStrategy()`). */
  strategy?: ContextStrategy
  /** Counts messages that have no count in the log (default `estimateTokens`). */
  countTokens?: CountTokens
}

export const contextNames: OptionNames<ContextOptions> = {
  maxTokens: 'number',
  replyTokens: 'number',
  systemTokens: 'number',
  queryTokens: 'number',
  toolResultTokens: 'number',
  tools: true,
  alternate: 'flag',
  strategy: 'object',
  countTokens: 'function',
}

/**
 * The messages that a model should see now: instructions, facts, summaries, history and the latest user message,
 * within `maxTokens`. The same input gives the same context.
 *
 * @throws `too_large` when a required part does not fit; `path` names the part: `system`, `query` (the latest user
 * message), `tools`, or `strategy` when a strategy took more than its room. `invalid` when `maxTokens` is no positive
 * number.
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
  return atOnce(building(input, options))
}

/** As `buildContext`, step by step. */
export function* building(input: ContextInput, options: ContextOptions): Generator<void, BuiltContext> {
  checkContextOptions(options, contextNames)
  const { countTokens = estimateTokens, strategy = defaultStrategy(), replyTokens = 0 } = options
  const { groups, repairs } = yield* grouping(
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
  requireFit('replyTokens', 'the reply', replyTokens, options.maxTokens)
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
  yield
  const choice = yield* choosing(strategy, situation)
  yield
  const cost = costOf(choice, situation)
  requireFit('strategy', `what ${strategy.name} chose`, cost, situation.room)
  yield
  return yield* layingOut({
    ...situation,
    system,
    spare: situation.room - cost,
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

/** What makes no sense whatever the session holds. @throws `invalid` */
export function checkContextOptions<Options extends ContextOptions>(
  options: Options,
  names: OptionNames<Options>,
): void {
  checkOptions(options ?? {}, names)
  requireTokens('maxTokens', (options as Options | undefined)?.maxTokens)
  requireTokens('replyTokens', options.replyTokens ?? 0, 0)
  const { strategy, tools } = options
  if (strategy !== undefined) checkStrategy(strategy, 'strategy')
  if (tools !== undefined) textOfTools(tools)
}

/** The situation that a strategy's `needs` gets before its messages are read, made step by step. */
export function* situationOf(
  input: ContextInput,
  options: ContextOptions,
  room: number,
): Generator<void, ContextSituation> {
  const { countTokens = estimateTokens } = options
  const { groups } = yield* grouping(input.messages, countTokens, toolResultTokensOf(options))
  return situationFrom(input, { groups, latest: latestUser(groups), instructions: [], countTokens, room })
}

/** Tokens that one result of a tool may take. */
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

/** System messages at the beginning of the log are instructions like `system`, and stand with it. */
function leadingSystem(groups: readonly MessageGroup[]): readonly number[] {
  const end = groups.findIndex((group) => group.messages[0]!.role !== 'system')
  return [...groups.slice(0, end < 0 ? groups.length : end).keys()]
}

function requireTokens(path: string, value: number | undefined, least = 1): void {
  if (value !== undefined && Number.isFinite(value) && value >= least) return
  throw new SessionError('invalid', `${path} is ${value}; it must be a number from ${least} up`, { path })
}

function requireFit(path: string, what: string, tokens: number, room: number): void {
  if (tokens <= room) return
  const message = `${what} takes ${tokens} tokens; there is room for ${Math.max(0, room)}`
  throw new SessionError('too_large', message, { path })
}

// Tokens that providers add to the JSON of a tool.
const perTool = 12

/** Tokens that descriptions of tools take. */
export function tokensOfTools(tools: ContextOptions['tools'], countTokens: CountTokens): number {
  if (tools === undefined) return 0
  const count = Array.isArray(tools) ? tools.length : Object.keys(tools).length
  return count === 0 ? 0 : countTokens({ role: 'system', content: textOfTools(tools) }) + count * perTool
}

/** @throws `invalid` for what is no JSON, such as a description that lies in itself. */
function textOfTools(tools: NonNullable<ContextOptions['tools']>): string {
  const invalid = (cause?: unknown): SessionError =>
    new SessionError('invalid', 'tools must be descriptions, as JSON', { path: 'tools', cause })
  if (typeof tools !== 'object' || tools === null) throw invalid()
  try {
    return JSON.stringify(tools)
  } catch (cause) {
    throw invalid(cause)
  }
}
