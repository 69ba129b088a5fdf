import type { Embed } from './context/embed.js'
import type { SummaryOptions, WriteSummary } from './context/summary.js'
import type { CountTokens } from './context/token-count.js'
import { estimateTokens } from './context/token-count.js'
import { createCredentials, type Credentials } from './credential.js'
import { SessionError } from './errors.js'
import type { SessionEvent, SessionEventDetails, SessionEventType, SessionListener } from './events.js'
import { newId } from './ids.js'
import { createKeptHistories, type KeptHistories } from './kept-histories.js'
import type { Message } from './message.js'
import type { Fact } from './session-body.js'
import type { SessionChange, SessionRef, SessionStore } from './store.js'
import { memoryStore } from './stores/memory-store.js'
import { toTransferParts, type TransferParts, type TransferSettings } from './transfer-options.js'

export interface SessionTtl {
  /** A session expires this long after its last write (default 24 hours); `Infinity`: never by idleness. */
  idleMs?: number
  /** A session expires this long after it was created, however busy (default 30 days); `Infinity`: never by age. */
  absoluteMs?: number
  /** The whole history expires this long after its last message, while the session lives on (default: never). */
  historyMs?: number
  /** Opening a session counts as activity too, at most once a minute (default false). */
  refreshOnRead?: boolean
}

export interface SessionLimits {
  /** Live sessions of one tenant (default: no limit). */
  maxSessions?: number
  /** Live sessions of one user (default: no limit). */
  maxSessionsPerUser?: number
  /** Over either: `reject` (default) refuses the new session with `limit_reached`; `evict` ends the least active. */
  whenFull?: 'reject' | 'evict'
  /** Messages in one session, to within those being appended at the same moment (default 100,000). */
  maxMessages?: number
  /** UTF-16 units of JSON one message may take (default 65,536). */
  maxMessageLength?: number
  /** UTF-16 units of JSON that state, preferences, cart and the like may take together (default 65,536). */
  maxBodyLength?: number
}

export interface SessionTurnOptions {
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

export interface SessionContextSettings {
  /** Sums up what is old, in few words (default: excerpts of what was said). Runs outside of turns. */
  summarize?: WriteSummary
  /** What is summed up, and how briefly. */
  summaries?: SummaryOptions
  /** Over this many tokens of history, a context sums up what is old in the background (default: never). */
  compactAboveTokens?: number
  /** Vectors for texts, so that what means the same is found too (default: words alone). */
  embed?: Embed
  /** Draws facts from a message, for contexts to tell of (default: none; `extractFacts` knows simple English rules). */
  extractFacts?: (message: Message) => readonly Fact[]
  /** How many sessions keep their messages and their index in memory between contexts (default 100). */
  keptSessions?: number
}

/** What the turns of a scope may use. */
export interface TurnBudget {
  readonly scope: 'session' | 'user' | 'tenant'
  /** Input and output tokens, as the `usage` parts of turns report them (default: no limit). */
  readonly maxTokens?: number
  /** Millionths of the currency the team accounts in (default: no limit). */
  readonly maxCostMicros?: number
  /** Put aside before the model is asked, and settled with what it used (default 1). */
  readonly reserveTokens?: number
  /** As `reserveTokens` (default 0). */
  readonly reserveCostMicros?: number
  /** Starts anew this often, in milliseconds (default: never, that is as long as the scope is in use). */
  readonly windowMs?: number
}

/** Something the operator should know and no caller caused. Codes are stable. */
export interface SessionWarning {
  readonly code:
    | 'memory_store_in_production'
    | 'no_credential_secrets'
    | 'listener_failed'
    | 'insecure_transport'
    | 'respond_failed'
    | 'budget_unsettled'
    | 'companions_kept'
    | 'embed_failed'
    | 'summarize_failed'
    | 'compact_failed'
  readonly message: string
  readonly cause?: unknown
}

export interface SessionsOptions {
  /** Where sessions are kept (default: `memoryStore()`, lost on restart). */
  store?: SessionStore
  /**
   * Sign the credentials that cookies and headers carry, and the cursors of lists, 32 bytes or more each: the first
   * signs, all verify (default: one made at start, so both are good in this process alone, and die with it).
   */
  credentialSecrets?: readonly string[]
  ttl?: SessionTtl
  limits?: SessionLimits
  turns?: SessionTurnOptions
  /** What turns may use; over one of them a turn is refused with `budget_exceeded` (default: as much as they like). */
  budgets?: readonly TurnBudget[]
  context?: SessionContextSettings
  transfers?: TransferSettings
  /** Counts a message's tokens when it is written (default: an estimate of four characters a token). */
  countTokens?: CountTokens
  /** Told every event, after the fact. What it throws is a warning and changes nothing. */
  onEvent?: SessionListener
  /** Told what the operator should know, once each (default: `console.warn`). */
  onWarning?: (warning: SessionWarning) => void
}

/** What the service and its handles share: the options with their defaults, checked. */
export interface ServiceParts {
  readonly store: SessionStore
  readonly credentials: Credentials
  readonly ttl: { idleMs: number; absoluteMs: number; historyMs: number; refreshOnRead: boolean }
  readonly limits: Required<SessionLimits>
  readonly turns: Required<SessionTurnOptions>
  readonly budgets: readonly TurnBudget[]
  readonly context: SessionContextSettings
  readonly transfers: TransferParts
  readonly histories: KeptHistories
  /** Whether a history whose newest message this is has expired. */
  readonly historyExpired: (newest: Pick<Message, 'at'> | undefined) => boolean
  /** Runs work outside of any request, unless work of that name runs already. It must not reject. */
  readonly background: (name: string, work: () => Promise<void>) => void
  /** Settles when no background work runs. */
  readonly settled: () => Promise<void>
  readonly countTokens: CountTokens
  /** The part of a change that moves the deadline. */
  readonly deadline: Pick<SessionChange, 'idleMs' | 'absoluteMs'>
  /** Now, as nearly as the store's own clock is known here: each commit tells it. */
  readonly storeClock: { now(): number; learn(at: number): void }
  readonly warn: (warning: SessionWarning) => void
  readonly emit: <Type extends SessionEventType>(
    type: Type,
    record: SessionRef & { readonly userId?: string | undefined },
    details: SessionEventDetails[Type],
  ) => void
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** The options with their defaults. @throws `invalid` with the path of one that makes no sense. */
export function toServiceParts(options: SessionsOptions): ServiceParts {
  const ttl = {
    idleMs: duration(options.ttl?.idleMs, 'ttl.idleMs', dayMs),
    absoluteMs: duration(options.ttl?.absoluteMs, 'ttl.absoluteMs', 30 * dayMs),
    historyMs: duration(options.ttl?.historyMs, 'ttl.historyMs', Number.POSITIVE_INFINITY),
    refreshOnRead: options.ttl?.refreshOnRead ?? false,
  }
  const given = options.limits ?? {}
  const limits: Required<SessionLimits> = {
    maxSessions: limit(given.maxSessions, 'limits.maxSessions', Number.POSITIVE_INFINITY),
    maxSessionsPerUser: limit(
      given.maxSessionsPerUser,
      'limits.maxSessionsPerUser',
      Number.POSITIVE_INFINITY,
    ),
    whenFull: given.whenFull ?? 'reject',
    maxMessages: limit(given.maxMessages, 'limits.maxMessages', 100_000),
    maxMessageLength: limit(given.maxMessageLength, 'limits.maxMessageLength', 65_536),
    maxBodyLength: limit(given.maxBodyLength, 'limits.maxBodyLength', 65_536),
  }
  const warn = once(
    options.onWarning ?? ((warning) => console.warn(`[sessions] ${warning.code}: ${warning.message}`)),
  )
  const inProduction = globalThis.process?.env['NODE_ENV'] === 'production'
  if (options.store === undefined && inProduction) {
    warn({
      code: 'memory_store_in_production',
      message: 'Sessions are kept in the memory of this process: a restart loses them. Pass a store.',
    })
  }
  if (options.credentialSecrets === undefined && inProduction) {
    warn({
      code: 'no_credential_secrets',
      message:
        'Credentials and cursors are signed with a secret made at start: a restart, and other processes, refuse them. Pass credentialSecrets.',
    })
  }
  const store = options.store ?? memoryStore()
  const storeClock = createStoreClock()
  return {
    store,
    credentials: createCredentials(options.credentialSecrets ?? [newId() + newId()]),
    ttl,
    limits,
    turns: toTurnOptions(options.turns),
    budgets: options.budgets ?? [],
    context: options.context ?? {},
    transfers: toTransferParts(options.transfers),
    histories: createKeptHistories(store, {
      maxSessions: limit(options.context?.keptSessions, 'context.keptSessions', 100),
      extractFacts: options.context?.extractFacts ?? (() => []),
    }),
    historyExpired: (newest) => newest !== undefined && storeClock.now() - newest.at > ttl.historyMs,
    ...createBackground(),
    countTokens: options.countTokens ?? estimateTokens,
    deadline: {
      ...(Number.isFinite(ttl.idleMs) ? { idleMs: ttl.idleMs } : {}),
      ...(Number.isFinite(ttl.absoluteMs) ? { absoluteMs: ttl.absoluteMs } : {}),
    },
    storeClock,
    warn,
    emit(type, record, details) {
      if (options.onEvent === undefined) return
      const { tenantId, id: sessionId, userId } = record
      const event = { type, tenantId, sessionId, userId, at: Date.now(), ...details } as SessionEvent
      try {
        options.onEvent(event)
      } catch (cause) {
        warn({ code: 'listener_failed', message: `A listener failed on ${type}.`, cause })
      }
    },
  }
}

function toTurnOptions(given: SessionTurnOptions = {}): Required<SessionTurnOptions> {
  const leaseMs = duration(given.leaseMs, 'turns.leaseMs', 30_000)
  return {
    policy: given.policy ?? 'reject',
    leaseMs,
    // Several times in the life of a lease, so that one slow write does not cost the turn.
    heartbeatMs: Math.min(duration(given.heartbeatMs, 'turns.heartbeatMs', 2000), leaseMs / 4),
    flushMs: duration(given.flushMs, 'turns.flushMs', 200),
    // A record that outlives the lease, so that a lost turn's words can be saved.
    keepMs: Math.max(duration(given.keepMs, 'turns.keepMs', 600_000), 2 * leaseMs),
    queueMs: duration(given.queueMs, 'turns.queueMs', 60_000),
    maxSteps: limit(given.maxSteps, 'turns.maxSteps', 8),
    toolTimeoutMs: duration(given.toolTimeoutMs, 'turns.toolTimeoutMs', 30_000),
  }
}

function createBackground(): Pick<ServiceParts, 'background' | 'settled'> {
  const running = new Map<string, Promise<void>>()
  return {
    background(name, work) {
      if (running.has(name)) return
      const run = work().finally(() => running.delete(name))
      running.set(name, run)
    },
    async settled() {
      while (running.size > 0) await Promise.all(running.values())
    },
  }
}

function createStoreClock(): ServiceParts['storeClock'] {
  let offset = 0
  return {
    now: () => Date.now() + offset,
    learn: (at) => {
      offset = at - Date.now()
    },
  }
}

function once(tell: (warning: SessionWarning) => void): (warning: SessionWarning) => void {
  const told = new Set<string>()
  return (warning) => {
    if (told.has(warning.code)) return
    told.add(warning.code)
    tell(warning)
  }
}

function duration(value: number | undefined, path: string, otherwise: number): number {
  if (value === undefined) return otherwise
  if (!(value > 0)) throw new SessionError('invalid', `${path} must be more than 0 milliseconds`, { path })
  return value
}

function limit(value: number | undefined, path: string, otherwise: number): number {
  if (value === undefined) return otherwise
  if (!(value >= 1)) throw new SessionError('invalid', `${path} must be 1 or more`, { path })
  return value
}
