import type { Message } from '../domain/message.js'
import type { CountTokens } from '../context/token-count.js'
import type { SummaryOptions, WriteSummary } from '../context/summary.js'
import type { SessionListener } from '../domain/events.js'
import type { Fact } from '../domain/session-body.js'
import type { TransferSettings } from './transfer-settings.js'
import type { Embed } from '../context/embed.js'
import type { SessionStore } from '../contract/session-store.js'

/** How long sessions and their history live, by the clock of the store. */
export interface TtlSettings {
  /**
   * A session expires this many milliseconds after its last write (default 24 hours). Chats that users come back to need
   * more: days, or `Infinity`, with which idleness ends no session.
   */
  idleMs?: number
  /**
   * A session expires this many milliseconds after it was created, however busy it is (default 30 days); with `Infinity`
   * age ends no session.
   */
  absoluteMs?: number
  /**
   * The whole history expires this many milliseconds after its last message, while state, preferences and cart live on
   * (default `Infinity`: never).
   */
  historyMs?: number
  /** Opening a session counts as activity too, at most once a minute (default false). */
  refreshOnRead?: boolean
}

/** How many sessions there may be, and how large one may get. */
export interface LimitSettings {
  /** Live sessions of one tenant (default: no limit). */
  maxSessions?: number
  /** Live sessions of one user (default: no limit). */
  maxSessionsPerUser?: number
  /** Over either: `reject` (default) refuses the new session with `limit_reached`; `evict` ends the least active. */
  whenFull?: 'reject' | 'evict'
  /** Messages in one session, to within those being appended at the same moment (default 100,000). */
  maxMessages?: number
  /**
   * UTF-8 bytes of JSON that one message may take (default 524,288). Of answers and results of tools, what is longer
   * goes on in a further message, or is kept shortened.
   */
  maxMessageLength?: number
  /** UTF-16 units of JSON that state, preferences, cart and the like may take together (default 65,536). */
  maxSessionLength?: number
}

/** How turns behave, unless one of them says otherwise. */
export interface TurnSettings {
  /**
   * What happens to a message while another one is being answered: `reject` (default) refuses it with
   * `turn_in_progress`; `queue` lets it wait; `interrupt` stops the other one, which keeps what it has said so far.
   */
  policy?: 'reject' | 'queue' | 'interrupt'
  /** How long a turn whose process died still holds its session, in milliseconds (default 30,000). */
  leaseMs?: number
  /** How often a silent turn shows that it lives and looks whether it was cancelled (default 2,000 milliseconds). */
  heartbeatMs?: number
  /** How often what was said is stored for readers in other processes (default 200 milliseconds). */
  flushMs?: number
  /** How long a turn's stream can be resumed after its last event, in milliseconds (default 10 minutes). */
  keepMs?: number
  /** How long a message waits for its turn at most, in milliseconds (default 60,000). */
  queueMs?: number
  /** How often a model is asked in one turn, tools in between (default 8). */
  maxSteps?: number
  /** How long one call of a tool may take, in milliseconds (default 30,000). */
  toolTimeoutMs?: number
}

/** How contexts are made, for all sessions of the service. */
export interface ContextSettings {
  /** Sums up what is old, in few words (default: excerpts of what was said). Runs outside of turns. */
  summarize?: WriteSummary
  /** What is summed up, and how briefly (default: that of `SummaryOptions`). */
  summaries?: SummaryOptions
  /** Over this many tokens of history, a context sums up what is old in the background (default: never). */
  compactAboveTokens?: number
  /** Vectors for texts, so that what means the same is found too (default: words alone). */
  embed?: Embed
  /** Draws facts from a message, for contexts to tell of (default: none; `extractFacts` knows simple English rules). */
  extractFacts?: (message: Message) => readonly Fact[]
  /**
   * Bytes of memory that messages and indexes of all sessions together may take between contexts (default 64 MiB); one
   * session takes a quarter of it at most. What is not in memory is read again.
   */
  cacheBytes?: number
}

/** What the turns of a scope may use. */
export interface TurnBudget {
  /**
   * Whose turns share the budget. Those of a session's forks share that of the session; in an anonymous session, and in
   * its forks, whoever holds it counts as one `user`.
   */
  readonly scope: 'session' | 'user' | 'tenant'
  /** Input and output tokens, as the `usage` parts of turns report them (default: no limit). */
  readonly maxTokens?: number
  /** Millionths of the currency the team accounts in (default: no limit). */
  readonly maxCostMicros?: number
  /** Tokens put aside before the model is asked, and settled with what it used (default 1). */
  readonly reserveTokens?: number
  /** Millionths of the currency, put aside as `reserveTokens` are (default 0). */
  readonly reserveCostMicros?: number
  /** Starts anew this often, in milliseconds (default: never, that is as long as the scope is in use). */
  readonly windowMs?: number
}

/** Something the operator should know and no caller caused. Codes are stable; `docs/events.md` tells what each means. */
export interface SessionWarning {
  readonly code:
    | 'memory_store_in_production'
    | 'no_credential_secrets'
    | 'listener_failed'
    | 'insecure_transport'
    | 'respond_failed'
    | 'tool_failed'
    | 'reply_unstored'
    | 'count_failed'
    | 'budget_unsettled'
    | 'side_records_kept'
    | 'embed_failed'
    | 'recall_limited'
    | 'summarize_failed'
    | 'compact_failed'
  readonly message: string
  readonly cause?: unknown
}

/** What `createSessions` takes. Every option may be left out. */
export interface SessionsOptions {
  /** Where sessions are kept (default: `memoryStore()`, lost on restart). */
  store?: SessionStore
  /**
   * Sign the credentials that cookies and headers carry, and the cursors of lists, 32 bytes or more each: the first
   * signs, all verify (default: one made at start, so both are good in this process alone, and die with it).
   */
  credentialSecrets?: readonly string[]
  /** How long sessions live (default: until 24 hours without a write, or 30 days after they were made). */
  ttl?: TtlSettings
  /** How many sessions there may be, and how large (default: as many as one likes, of a bounded size each). */
  limits?: LimitSettings
  /** How turns behave (default: one message at a time is answered, another one is refused meanwhile). */
  turns?: TurnSettings
  /** What turns may use; over one of them a turn is refused with `budget_exceeded` (default: as much as they like). */
  budgets?: readonly TurnBudget[]
  /** How contexts are made (default: without a model, without vectors, without facts). */
  context?: ContextSettings
  /** How sessions get from one device to another (default: by short codes, without links). */
  transfers?: TransferSettings
  /** Counts a message's tokens when it is written (default: an estimate of four characters a token). */
  countTokens?: CountTokens
  /** Told every event, after the fact (default: nobody is). What it throws is a warning and changes nothing. */
  onEvent?: SessionListener
  /** Told what the operator should know, each time it happens (default: `console.warn`). */
  onWarning?: (warning: SessionWarning) => void
}
