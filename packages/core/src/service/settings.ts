import type { Message, Role } from '../domain/message.js'
import type { CountTokens } from '../context/token-count.js'
import type { SummaryOptions, WriteSummary } from '../context/summary.js'
import type { SessionEventOf, SessionListener } from '../domain/events.js'
import type { Fact } from '../domain/session-body.js'
import type { TransferSettings } from './transfer-settings.js'
import type { Embed } from '../context/embed.js'
import type { SearchSettings } from '../domain/search.js'
import type { ExperimentSettings } from '../domain/experiment.js'
import type { AnalyticsSettings } from '../domain/analytics.js'
import type { UsageSettings } from '../domain/usage.js'
import type { SessionBus } from '../bus/session-bus.js'
import type { SessionStore } from '../contract/session-store.js'

/** How long sessions and their histories live, by the clock of the store. */
export interface TtlSettings {
  /**
   * A session expires this many milliseconds after its last write (default 24 hours). Chats that users come back to
   * need more: days, or `Infinity`, with which no session expires by idleness.
   */
  idleMs?: number
  /**
   * A session expires this many milliseconds after it was created, however busy it is (default 30 days); with
   * `Infinity` no session expires by age.
   */
  absoluteMs?: number
  /**
   * The whole history expires this many milliseconds after its last message, with the summaries and facts that were made
   * of it, while state, preferences and cart stay. It is shown nowhere from then on, and leaves the store with the next
   * append, or the next sweep of its tenant (default `Infinity`: never).
   */
  historyMs?: number
  /** Opening a session counts as activity too, at most once a minute, or four times in `idleMs` (default false). */
  refreshOnRead?: boolean
}

/** How many sessions there may be, and how large one may get. */
export interface LimitSettings {
  /** Live sessions of one tenant (default: no limit). */
  maxSessions?: number
  /** Live sessions of one user (default: no limit). */
  maxSessionsPerUser?: number
  /**
   * Over either limit: `reject` (default) refuses the new session with `limit_reached`; `evict` removes the least
   * active one, and one that is being answered only where no other is left. Of a limit above 1,000 `evict` removes a
   * hundredth at once (at most 500), and `reject` may notice a place that is given up 30 seconds later.
   */
  whenFull?: 'reject' | 'evict'
  /** Messages in one session, however many are appended at once; an answer is stored, even past this (default 100,000). */
  maxMessages?: number
  /**
   * UTF-8 bytes of JSON that one message may take (default 524,288). A longer answer continues in a further message,
   * and a longer result of a tool is kept shortened.
   */
  maxMessageLength?: number
  /**
   * UTF-8 bytes of JSON that the messages of a session may take together (default 100 MiB). An answer is stored, even
   * where it takes the session past this.
   */
  maxSessionBytes?: number
  /** UTF-16 units of JSON that state, preferences, cart and the like may take together (default 65,536). */
  maxSessionLength?: number
}

/** How old what is shown may be. */
export interface ReadSettings {
  /**
   * How old what the verbs that show a session return may be, in milliseconds (default 0: as it is now): `read`, `history`,
   * `info`, `orders`, `branches`, `get` of cart, state and preferences, and a `context` that is not remembered. A store that
   * keeps copies, such as `tieredStore`, then answers by itself; others ignore it. What this process has written is never
   * missing. Nothing is decided by a copy: opening a session, its owner, changes, transfers and erasure read the store, and so
   * do `watch` and `subscribe`. A turn may begin with a copy: its first commit fails when anything has changed since, and
   * then the turn reads the store.
   */
  maxAgeMs?: number
}

/** How turns behave, unless the options of one turn say otherwise. */
export interface TurnSettings {
  /**
   * What happens to a message while another one is being answered: `reject` (default) refuses it with
   * `turn_in_progress`; `queue` lets it wait; `interrupt` stops the other turn, whose answer so far is kept.
   */
  policy?: 'reject' | 'queue' | 'interrupt'
  /** How long a turn whose process died still holds its session, in milliseconds (default 30,000). */
  leaseMs?: number
  /**
   * How often a turn without events writes that it is alive and checks whether it was cancelled (default 2,000
   * milliseconds).
   */
  heartbeatMs?: number
  /** How often events are stored for readers in other processes (default 200 milliseconds). */
  flushMs?: number
  /** How long a turn's stream can be resumed after its last event, in milliseconds (default 10 minutes). */
  keepMs?: number
  /** How long a message waits for its turn at most, in milliseconds (default 60,000). */
  queueMs?: number
  /** How often a model is called in one turn, tools in between (default 8). */
  maxSteps?: number
  /** How long one call of a tool may take, in milliseconds (default 30,000); `Infinity` for any time. */
  toolTimeoutMs?: number
}

/** How contexts are built, for all sessions of the service. */
export interface ContextSettings {
  /** Sums up old messages in few words (default: excerpts of the messages). Runs outside of turns. */
  summarize?: WriteSummary
  /**
   * How long one call of `summarize` may take, in milliseconds (default 60,000). Past it the signal that the call has got
   * is aborted, and excerpts take the place of the summary.
   */
  summarizeTimeoutMs?: number
  /** Which messages are summed up, and how briefly (default: that of `SummaryOptions`). */
  summaries?: SummaryOptions
  /** When the history has more tokens than this, a context sums up old messages in the background (default: never). */
  compactAboveTokens?: number
  /** Vectors for texts, so that the search also finds messages of the same meaning (default: search by words alone). */
  embed?: Embed
  /** Extracts facts from a message, for contexts to show (default: none; `extractFacts` knows simple English rules). */
  extractFacts?: (message: Message) => readonly Fact[]
  /**
   * Bytes of memory that messages and indexes of all sessions together may take between contexts (default 64 MiB); one
   * session takes at most a quarter of it. Messages that are not in memory are read again.
   */
  cacheBytes?: number
  /**
   * How long what is in memory of a session that is out of use is kept there at most, in milliseconds (default 10
   * minutes): messages and indexes, and what `info()` has counted. It is dropped when any session is used next.
   */
  keptMs?: number
}

/** Removes what the host itself keeps of a user: vectors, files, rows. May be called again for the same erasure. */
export type EraseHook = (user: {
  readonly tenantId: string
  readonly userId: string
  readonly erasureId: string
}) => Promise<Readonly<Record<string, number>> | void>

/**
 * How long classes of data are kept in a session after the last write to it. What is not said is kept as long as the
 * session.
 */
export interface RetentionSettings {
  /** How many milliseconds to keep messages, branches, summaries, and facts, made of messages (default: as long as the session). */
  messagesMs?: number
  /**
   * How many milliseconds to keep documents that turns retrieved: those of the newest ten such turns; older ones go with the messages
   * (default: as long as the messages).
   */
  documentsMs?: number
  /** How many milliseconds to keep items in the cart; orders stay (default: as long as the session). */
  cartMs?: number
  /** How many milliseconds to keep facts (default: as long as the messages). */
  factsMs?: number
  /**
   * How many milliseconds to keep the key of a user's pseudonym, after the last change of the user record, and facts of
   * sessions in `analytics.log`, after a session was created (default: until an erasure).
   */
  analyticsMs?: number
  /**
   * How many milliseconds to keep lanes of the audit, after the last entry of each, and what users had decided before, after
   * the last change of the user record (default: the audit for good, and the newest 100 decisions).
   */
  auditMs?: number
  /** How many milliseconds to keep what is remembered of users across sessions, each fact from when it was remembered (default: for good). */
  memoryMs?: number
  /** How many milliseconds to keep what turns used, day by day (default: for good). */
  usageMs?: number
}

/** Whether consent is asked for. */
export interface ConsentSettings {
  /**
   * What holds for a purpose when nothing was said (default: `storage` and `personalization` are allowed; `analytics`,
   * `memory` and purposes of your own are not).
   */
  unsaid?: Readonly<Record<string, boolean>>
  /**
   * Called, one after the other, when a user withdraws a consent, after the service has removed what it kept for the
   * purpose (default: none). What a hook returns, counts by kind, stands in `removed`. When a hook throws, the decision
   * stands and the call rejects; the same call again calls every hook again.
   */
  onWithdraw?: readonly WithdrawHook[]
}

/** Removes what the host itself keeps of a user for a purpose. May be called again for the same withdrawal. */
export type WithdrawHook = (withdrawal: {
  readonly tenantId: string
  readonly userId: string
  readonly purpose: string
}) => Promise<Readonly<Record<string, number>> | void>

/** What holds for the data of users. */
export interface PrivacySettings {
  /**
   * How long after an erasure no session can be made for the user, and its receipt can be read, in milliseconds
   * (default one hour). It outlasts calls in flight, and lets a person who registers again in.
   */
  fenceMs?: number
  /**
   * Called, one after the other, when the data of a user is erased, after sessions and what is beside them (default:
   * none). What a hook returns, counts by kind, stands in the receipt. When a hook throws, the erasure rejects, and is
   * not done until it is called again.
   */
  onErase?: readonly EraseHook[]
  /**
   * Called, one after the other, when nothing of the user is left in the store: the place to destroy the user's key of an
   * `encryptedStore` (default: none). The erasure is done when they have ended; until then `sweep` goes on with it, and
   * calls them again. What they return is not in the receipt.
   */
  afterErase?: readonly EraseHook[]
}

/** What the audit said of its lanes at a moment, signed. Kept elsewhere, it shows what was cut off later. */
export interface AuditCheckpoint {
  /** The tenant. */
  readonly tenantId: string
  /** Its place among the checkpoints. */
  readonly seq: number
  /** Signs it, with everything that was said before it. */
  readonly hash: string
  /** Epoch ms, by the store's clock. */
  readonly at: number
  /** The lanes that were written to since the checkpoint before it: how far each was, and its newest hash. */
  readonly lanes: readonly { readonly lane: string; readonly seq: number; readonly hash: string }[]
}

/** When callers look like attackers. Each process counts what it sees. */
export interface SuspicionSettings {
  /** How many times a caller asks over HTTP for what does not exist, or without a sign-in, within `windowMs` (default 20 times). */
  misses?: number
  /** How many times replaced credentials of a session are sent within `windowMs` (default 5 times). */
  outdated?: number
  /** How long is counted, in milliseconds (default 60,000). */
  windowMs?: number
  /** Called with each event `access.suspicious`, to limit or to sign out a caller (default: listeners alone hear of it). */
  on?: (event: SessionEventOf<'access.suspicious'>) => void
}

/** Who did what with the data of users, on record. */
export interface AuditSettings {
  /** Sign the record, 32 bytes or more each. The first signs, all verify. Not those of `credentialSecrets`. */
  secrets: readonly string[]
  /** Where the record is kept, such as a database that the application may add to alone (default: `store`). */
  store?: SessionStore
  /** Called with each checkpoint, to keep it in a place that nobody writes to who writes to the store (default: it is kept in the store alone). */
  onCheckpoint?: (checkpoint: AuditCheckpoint) => Promise<void> | void
}

/** A budget for the turns of a scope. */
export interface TurnBudget {
  /**
   * Whose turns share the budget. The forks of a session share the budget of that session. For an anonymous session
   * and its forks, their holder counts as one `user`.
   */
  readonly scope: 'session' | 'user' | 'tenant'
  /** Input and output tokens, as the `usage` parts of turns report them (default: no limit). */
  readonly maxTokens?: number
  /** Millionths of your currency (default: no limit). */
  readonly maxCostMicros?: number
  /** Tokens that a turn reserves before the model is called; its usage replaces them at its end (default 1). */
  readonly reserveTokens?: number
  /** Millionths of the currency that a turn reserves, as with `reserveTokens` (default 0). */
  readonly reserveCostMicros?: number
  /** The budget starts again after this many milliseconds (default: never, as long as the scope is in use). */
  readonly windowMs?: number
}

/**
 * A problem that the operator should know about and no caller caused. Codes are stable; `docs/events.md` explains
 * each.
 */
export interface SessionWarning {
  /** What went wrong: `docs/events.md` says what to do about each. */
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
    | 'facts_failed'
    | 'recall_limited'
    | 'bus_failed'
    | 'summarize_failed'
    | 'compact_failed'
    | 'sweep_failed'
    | 'erase_failed'
    | 'redact_failed'
    | 'audit_failed'
    | 'checkpoint_failed'
    | 'usage_dropped'
    | 'analytics_failed'
    | 'search_failed'
    | 'limiter_failed'
  /** A sentence for a log. */
  readonly message: string
  /** The error beneath, if there is one. */
  readonly cause?: unknown
}

/** The options of `createSessions`. Every option may be left out. */
export interface SessionsOptions {
  /** Where sessions are kept (default: `memoryStore()`, lost on restart). */
  store?: SessionStore
  /**
   * Tells other processes of changes, so that whoever watches a session hears of them at once (default: none; watchers
   * ask the store every half second). It stays the host's: `close` does not end it.
   */
  bus?: SessionBus
  /**
   * Sign the credentials in cookies and headers, and list cursors, 32 bytes or more each. The first signs, all verify
   * (default: one made at start, so credentials and cursors are valid in this process alone, and until it ends).
   */
  credentialSecrets?: readonly string[]
  /** How long sessions live (default: until 24 hours without a write, or 30 days after they were created). */
  ttl?: TtlSettings
  /** How many sessions there may be, and how large (default: any number, each of a bounded size). */
  limits?: LimitSettings
  /** How old what is shown may be (default: as it is now). */
  reads?: ReadSettings
  /** How turns behave (default: while one message is answered, another one is refused). */
  turns?: TurnSettings
  /** Limits on what turns may use; over one of them a turn is refused with `budget_exceeded` (default: no limit). */
  budgets?: readonly TurnBudget[]
  /** How contexts are built (default: without a model, without vectors, without facts). */
  context?: ContextSettings
  /** How sessions get from one device to another (default: by short codes, without links). */
  transfers?: TransferSettings
  /**
   * The application asks users for consent (default: it does not, everything is allowed, and no decision is noted or
   * looked up).
   */
  consent?: ConsentSettings
  /**
   * How long classes of data are kept in sessions that nobody writes to, or a function that gives it for a tenant
   * (default: as long as the session). `sweep` and `sweepEvery` apply it, to the tenants that they are given.
   */
  retention?: RetentionSettings | ((tenantId: string) => RetentionSettings)
  /**
   * Whether an admin may read what is in the sessions of others, or a function that says it for a tenant (default true).
   * With false an admin may list them, without titles, write to them, delete them and erase their users; every verb that
   * shows contents is `forbidden`.
   */
  adminReads?: boolean | ((tenantId: string) => boolean)
  /** When callers look like attackers (default: after 20 misses in a minute, and the like). */
  suspicion?: SuspicionSettings
  /** Keeps a record of who did what with the data of users (default: none is kept). */
  audit?: AuditSettings
  /** Keeps what turns use, and tells what it costs (default: events tell of it, and nothing is kept). */
  usage?: UsageSettings
  /** How what sessions say together is kept (default: it is not; each question reads them). */
  analytics?: AnalyticsSettings
  /** Experiments by their names, at most 50: `sessions.armOf` says which arm a session has (default: none). */
  experiments?: Readonly<Record<string, ExperimentSettings>>
  /** How sessions are searched (default: a search reads their messages). */
  search?: SearchSettings
  /** What holds for the data of users (default: nothing of the host's is erased, and the fence stands for an hour). */
  privacy?: PrivacySettings
  /**
   * Called for each text before it is counted, stored or told to anybody; what it returns takes the place of the text
   * (default: texts are stored as they are). Texts are those of messages, with inputs and results of tools and every
   * text inside their JSON; answers of models, with their documents and sources; names of speakers and metadata;
   * titles, facts, summaries, state and preferences. Keys of objects, ids, labels and the cart are no texts.
   *
   * The same text at the same place must give the same result each time: a message that is sent again is compared with
   * the one that is stored. It must leave what it has put in place of a text as it is. When it throws, the call is
   * refused as `redaction_failed`, nothing of it is stored, and the cause is the warning `redact_failed`.
   *
   * An answer is told line by line, so that nothing can stand half in one piece and half in the next. A tool gets its
   * input as the model gave it.
   *
   * @param where `role` of the message that the text is of, if it is of one; `path`: `text`, `input.to`,
   * `output.rows[0].mail`, `metadata.comment`, `title`, `facts.text`, `state.address` and the like.
   */
  redact?: (text: string, where: { role?: Role; path: string }) => string | Promise<string>
  /** Counts a message's tokens when it is written (default: an estimate by script, without a tokenizer). */
  countTokens?: CountTokens
  /**
   * Called for every event, after the change is stored (default: none). An exception is a warning and changes nothing.
   */
  onEvent?: SessionListener
  /**
   * Called for every event, too, each independent of the others: functions, or objects with `on`, and with `flush` for
   * events that they keep back; `settled()` and `close()` wait for it (default: none).
   */
  listeners?: readonly (SessionListener | { on: SessionListener; flush?: () => Promise<void> | void })[]
  /** Called for every problem that the operator should know about, each time (default: `console.warn`). */
  onWarning?: (warning: SessionWarning) => void
}
