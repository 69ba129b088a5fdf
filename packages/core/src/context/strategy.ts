import type { Message } from '../domain/message.js'
import type { Fact, Summary } from '../domain/session-body.js'
import type { MessageGroup } from './groups.js'
import type { RelevanceIndex } from './relevance-index.js'
import type { CountTokens } from './token-count.js'

/** What a strategy chooses from. Groups are named by their place in `groups`. */
export interface ContextSituation {
  /** The active path as it is in the log, oldest first. */
  readonly messages: readonly Message[]
  /** Groups of the active path, oldest first: all of them, or what the strategy needs. */
  readonly groups: readonly MessageGroup[]
  /** From this group on, none of the path is missing. What is before it can be quoted or kept, and is no window. */
  readonly start: number
  /** Whether `groups` holds all of the path. */
  readonly isWhole: boolean
  /** The seqs of the whole active path, ascending. */
  readonly seqs: readonly number[]
  /** The group with the latest user message, which is always in; undefined when nobody has spoken. */
  readonly latest: number | undefined
  /** Groups that are in already. */
  readonly taken: ReadonlySet<number>
  /** Tokens left. */
  readonly room: number
  /** What the user asks now. */
  readonly query: string | undefined
  /** True when the caller gave the query, false when it is the text of the latest user message. */
  readonly asked: boolean
  readonly phase: string | undefined
  readonly facts: readonly Fact[]
  readonly summaries: readonly Summary[]
  /** Up to this seq, summaries tell of the log that are in already (0: none are). */
  readonly told: number
  /** The seq the window began at in the call before. */
  readonly boundary: number | undefined
  readonly index: RelevanceIndex | undefined
  /** The query as a vector, for an index that holds vectors. */
  readonly queryVector: readonly number[] | undefined
  readonly countTokens: CountTokens
}

/** Where the window begins: plain data, to be kept with the session. */
export interface ContextBoundary {
  readonly seq: number
}

/** What a strategy takes. What is taken already stays taken. */
export interface ContextChoice {
  /** Groups that stay where they are in the conversation. */
  readonly history?: readonly number[]
  /** Groups from outside the window to quote before the latest user message, best first. */
  readonly recall?: readonly number[]
  readonly facts?: readonly Fact[]
  readonly summaries?: readonly Summary[]
  /** The seq the window begins at, to be handed in with the next call. */
  readonly boundary?: number
}

/** What of a session a strategy has to see, so that no more is read. */
export interface ContextNeeds {
  /** All of it, whatever else is said here (default false). */
  readonly all?: boolean
  /** The newest messages: as many as hold so many tokens (default: none, or whatever `messages` says) ... */
  readonly tokens?: number
  /** ... or so many of them, whichever are fewer. */
  readonly messages?: number
  /** Tokens of older messages that have to do with what the user asks (default 0). */
  readonly recall?: number
  /** What was drawn from messages as facts (default false). */
  readonly facts?: boolean
  /** Older messages that it keeps, whatever they have to do with. */
  readonly keep?: (message: Message) => boolean
}

/** A way to choose what a model sees: pure, deterministic, and never more than `room` tokens. */
export interface ContextStrategy {
  readonly name: string
  /**
   * What it has to see of the session, so that no more is read (default: all of it). `room` is what the model takes, and
   * `groups` holds a few of the newest messages.
   */
  needs?(situation: ContextSituation): ContextNeeds
  choose(situation: ContextSituation): ContextChoice
}
