import type { Message } from '../domain/message.js'
import type { Fact, Summary } from '../domain/session-body.js'
import type { MessageGroup } from './groups.js'
import type { RelevanceIndex } from './relevance-index.js'
import type { CountTokens } from './token-count.js'

/** The input of a strategy. Groups are named by their place in `groups`. */
export interface ContextSituation {
  /** The active path as it is in the log, oldest first. */
  readonly messages: readonly Message[]
  /** Groups of the active path, oldest first: all of them, or those that the strategy needs. */
  readonly groups: readonly MessageGroup[]
  /** From this group on, the path is complete. Earlier groups can be quoted or kept, but form no window. */
  readonly start: number
  /** Whether `groups` holds the whole path. */
  readonly isWhole: boolean
  /** The seqs of the whole active path, ascending. */
  readonly seqs: readonly number[]
  /** The group with the latest user message, which is always in the context; undefined when there is none. */
  readonly latest: number | undefined
  /** Groups that are in the context already. */
  readonly taken: ReadonlySet<number>
  /** Remaining tokens. */
  readonly room: number
  /** The question of the user. */
  readonly query: string | undefined
  /** True when the caller passed the query, false when it is the text of the latest user message. */
  readonly asked: boolean
  /** That of `state`. */
  readonly phase: string | undefined
  /** All that are known. */
  readonly facts: readonly Fact[]
  /** All that there are. */
  readonly summaries: readonly Summary[]
  /** The last seq that the chosen summaries cover (0: none is chosen). */
  readonly told: number
  /** The seq where the window of the call before began. */
  readonly boundary: number | undefined
  /** What finds messages by their words; undefined where none is needed. */
  readonly index: RelevanceIndex | undefined
  /** The query as a vector, for an index with vectors. */
  readonly queryVector: readonly number[] | undefined
  /** Counts like the rest of the context. */
  readonly countTokens: CountTokens
}

/** Where the window begins: plain data, to be stored with the session. */
export interface ContextBoundary {
  /** The first message of the window. */
  readonly seq: number
}

/** The choice of a strategy. Parts that an earlier strategy chose stay chosen. */
export interface ContextChoice {
  /** Groups that stay at their place in the conversation. */
  readonly history?: readonly number[]
  /** Groups from outside the window, to be quoted before the latest user message, best first. */
  readonly recall?: readonly number[]
  /** Facts to show (default: none). */
  readonly facts?: readonly Fact[]
  /** Summaries to show (default: none). */
  readonly summaries?: readonly Summary[]
  /** The seq where the window begins, for the next call. */
  readonly boundary?: number
}

/** The part of a session that a strategy reads, so that no more is read. */
export interface ContextNeeds {
  /** All messages, whatever the other fields say (default false). */
  readonly all?: boolean
  /** The newest messages: as many as this number of tokens holds (default: none, or as `messages` says) ... */
  readonly tokens?: number
  /** ... or this many of them, whichever are fewer. */
  readonly messages?: number
  /** Tokens of older messages that match the user's question (default 0). */
  readonly recall?: number
  /** Facts extracted from messages (default false). */
  readonly facts?: boolean
  /** Older messages that it always keeps, whatever the question is. */
  readonly keep?: (message: Message) => boolean
}

/** A way to choose the messages for a model: pure, deterministic, and never more than `room` tokens. */
export interface ContextStrategy {
  /** For reports. */
  readonly name: string
  /**
   * The part of the session that it reads, so that no more is read (default: all of it). `room` is the model's window,
   * and `groups` holds a few of the newest messages.
   */
  needs?(situation: ContextSituation): ContextNeeds
  /** What to show. Pure: the same situation gives the same choice. */
  choose(situation: ContextSituation): ContextChoice
}
