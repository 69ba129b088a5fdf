import type { CountTokens } from '../context/token-count.js'
import { type Credentials, createCredentials } from '../domain/credential.js'
import { atOnce } from '../async/calling.js'
import { SessionError } from '../errors.js'
import { newId } from '../ids.js'
import { extractingFacts } from './extracting-facts.js'
import { type HistoryCache, createHistoryCache } from './history-cache.js'
import type { SearchSettings } from '../domain/search.js'
import type { ExperimentSettings } from '../domain/experiment.js'
import type { AnalyticsSettings } from '../domain/analytics.js'
import type { UsageSettings } from '../domain/usage.js'
import { Tallies } from './tallies.js'
import type { SessionStore } from '../contract/session-store.js'
import { announcing } from '../bus/announcing-store.js'
import type { SessionBus } from '../bus/session-bus.js'
import { WakeUps } from './wake-ups.js'
import { Workload } from './workload.js'
import { memoryStore } from '../contract/memory/memory-store.js'
import { type TransferConfig, toTransferConfig } from './transfer-settings.js'
import { checkRetention } from './check-settings.js'
import { Redaction } from './redaction.js'
import { createListeners, type EventListeners } from './events.js'
import { createStoreClock, type StoreClock } from './store-clock.js'
import { toWarn } from './warn.js'
import { warnOnce } from './warn-once.js'
import type {
  AuditSettings,
  ConsentSettings,
  ContextSettings,
  LimitSettings,
  PrivacySettings,
  RetentionSettings,
  TurnSettings,
  SessionsOptions,
  SessionWarning,
  TurnBudget,
} from './settings.js'
import { timerMs } from '../time.js'

/** What the service and its handles share: the options with their defaults, after checks. */
export interface Service {
  readonly store: SessionStore
  /** Where budgets are kept. They have no content, and hold for those, too, whose sessions are kept nowhere. */
  readonly ledgers: SessionStore
  /** The same service over a new store in memory: for sessions that end with what holds them. */
  readonly inMemory: () => Service
  /** What tells processes of changes; undefined without one. */
  readonly bus: SessionBus | undefined
  /** Wakes those who watch sessions. */
  readonly wakeUps: WakeUps
  readonly credentials: Credentials
  readonly ttl: { idleMs: number; absoluteMs: number; historyMs: number; refreshOnRead: boolean }
  readonly limits: Required<LimitSettings>
  /** How old what is shown may be. */
  readonly shownAgeMs: number
  readonly turns: Required<TurnSettings>
  readonly budgets: readonly TurnBudget[]
  readonly context: ContextSettings & Required<Pick<ContextSettings, 'summarizeTimeoutMs'>>
  readonly transfers: TransferConfig
  /** Undefined where the application asks for no consent. */
  readonly consent: ConsentSettings | undefined
  /** One object for each service. */
  readonly suspicion: { readonly misses: number; readonly outdated: number; readonly windowMs: number }
  readonly adminReads: (tenantId: string) => boolean
  /** Undefined where no record is kept. There is one for each service. */
  readonly audit: (AuditSettings & { readonly store: SessionStore }) | undefined
  /** Undefined where no usage is kept. There is one for each service. */
  readonly usage: UsageSettings | undefined
  /** Undefined where no facts of sessions are kept. There is one for each service. */
  readonly analytics: AnalyticsSettings | undefined
  readonly experiments: Readonly<Record<string, ExperimentSettings>>
  /** Undefined where there is no index. There is one for each service. */
  readonly search: SearchSettings | undefined
  readonly privacy: Required<PrivacySettings>
  readonly retentionOf: (tenantId: string) => RetentionSettings
  /** Whether other processes, and this one after a restart, make the same digests of a user. */
  readonly hasLastingSecrets: boolean
  readonly histories: HistoryCache
  readonly tallies: Tallies
  /** What redacts texts before they are stored; undefined when nothing does. */
  readonly redaction: Redaction | undefined
  /** What the service is working on, and which calls it takes. */
  readonly work: Workload
  /** The application's counter, for `countTokensOf`. One object for each service. */
  readonly counting: { readonly given: CountTokens | undefined }
  readonly storeClock: StoreClock
  readonly warn: (warning: SessionWarning) => void
  readonly emit: EventListeners['emit']
  readonly flushListeners: EventListeners['flush']
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/**
 * The options, which were checked, with their defaults.
 *
 * @param around What stands around the store, to learn of what is stored (default: nothing).
 * @throws `invalid` with the path of a wrong option.
 */
export function createService(
  options: SessionsOptions,
  around: (store: SessionStore) => SessionStore = (store) => store,
): Service {
  const ttl = {
    idleMs: duration(options.ttl?.idleMs, 'ttl.idleMs', dayMs),
    absoluteMs: duration(options.ttl?.absoluteMs, 'ttl.absoluteMs', 30 * dayMs),
    historyMs: duration(options.ttl?.historyMs, 'ttl.historyMs', Number.POSITIVE_INFINITY),
    refreshOnRead: options.ttl?.refreshOnRead ?? false,
  }
  const given = options.limits ?? {}
  const limits: Required<LimitSettings> = {
    maxSessions: limit(given.maxSessions, 'limits.maxSessions', Number.POSITIVE_INFINITY),
    maxSessionsPerUser: limit(
      given.maxSessionsPerUser,
      'limits.maxSessionsPerUser',
      Number.POSITIVE_INFINITY,
    ),
    whenFull: given.whenFull ?? 'reject',
    maxMessages: limit(given.maxMessages, 'limits.maxMessages', 100_000),
    maxMessageLength: limit(given.maxMessageLength, 'limits.maxMessageLength', 524_288),
    maxSessionBytes: limit(given.maxSessionBytes, 'limits.maxSessionBytes', 100 * 1024 * 1024),
    maxSessionLength: limit(given.maxSessionLength, 'limits.maxSessionLength', 65_536),
  }
  const warn = toWarn(options.onWarning)
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
        'Credentials and cursors are signed with a secret made at start: other processes, and this one after a restart, refuse them. Pass credentialSecrets.',
    })
  }
  const keptMs = duration(options.context?.keptMs, 'context.keptMs', 600_000)
  const summarizeTimeoutMs = timerMs(
    duration(options.context?.summarizeTimeoutMs, 'context.summarizeTimeoutMs', 60_000),
  )
  const warnedOnce = warnOnce(warn)
  const listeners = createListeners(options, warn)
  const { bus } = options
  const own = options.store ?? memoryStore()
  const store = around(bus === undefined ? own : announcing(own, bus))
  const storeClock = createStoreClock()
  const cachesOf = (over: SessionStore): Pick<Service, 'histories' | 'tallies'> => ({
    histories: createHistoryCache(over, {
      maxBytes: limit(options.context?.cacheBytes, 'context.cacheBytes', 64 * 1024 * 1024),
      keptMs,
      extractFacts: extractingFacts(options.context?.extractFacts, (cause) =>
        warnedOnce({
          code: 'facts_failed',
          message: 'Facts could not be extracted from a message; contexts do without them.',
          cause,
        }),
      ),
      embed: options.context?.embed,
      onEmbedFailure: (cause) =>
        warn({
          code: 'embed_failed',
          message: 'Messages could not be embedded; the search works by words alone.',
          cause,
        }),
      onIndexFull: () =>
        warnedOnce({
          code: 'recall_limited',
          message:
            'A session says more than its index may hold: its later messages are not recalled. See context.cacheBytes.',
        }),
    }),
    tallies: new Tallies(over, keptMs),
  })
  const service: Service = {
    store,
    ledgers: store,
    bus,
    wakeUps: new WakeUps(bus, (cause) =>
      warnedOnce({
        code: 'bus_failed',
        message: 'The bus cannot be listened to; watchers ask the store until it can.',
        cause,
      }),
    ),
    inMemory() {
      const fleeting = memoryStore()
      return {
        ...service,
        store: fleeting,
        wakeUps: new WakeUps(undefined),
        storeClock: createStoreClock(),
        ...cachesOf(fleeting),
      }
    },
    // Not before they are used: while a module is loaded, Cloudflare's runtime gives no random values.
    credentials: createCredentials(options.credentialSecrets ?? (() => [newId() + newId()])),
    ttl,
    limits,
    shownAgeMs: age(options.reads?.maxAgeMs),
    turns: toTurnOptions(options.turns),
    budgets: options.budgets ?? [],
    context: { ...options.context, summarizeTimeoutMs },
    transfers: toTransferConfig(options.transfers),
    consent: options.consent,
    suspicion: {
      misses: limit(options.suspicion?.misses, 'suspicion.misses', 20),
      outdated: limit(options.suspicion?.outdated, 'suspicion.outdated', 5),
      windowMs: duration(options.suspicion?.windowMs, 'suspicion.windowMs', 60_000),
    },
    adminReads: adminReadsOf(options),
    audit:
      options.audit === undefined
        ? undefined
        : { ...options.audit, secrets: copyOf(options.audit.secrets), store: options.audit.store ?? store },
    experiments: options.experiments ?? {},
    usage: options.usage === undefined ? undefined : { ...options.usage },
    analytics: options.analytics === undefined ? undefined : { ...options.analytics },
    search: options.search?.index === undefined ? undefined : { ...options.search },
    retentionOf(tenantId) {
      const { retention } = options
      return typeof retention === 'function' ? checkRetention(retention(tenantId)) : (retention ?? {})
    },
    privacy: {
      fenceMs: duration(options.privacy?.fenceMs, 'privacy.fenceMs', hourMs),
      onErase: options.privacy?.onErase ?? [],
      afterErase: options.privacy?.afterErase ?? [],
    },
    // What a store in memory holds ends with the process, as a secret does that was made at start.
    hasLastingSecrets: options.credentialSecrets !== undefined || options.store === undefined,
    ...cachesOf(store),
    redaction: options.redact === undefined ? undefined : new Redaction(options.redact, warn),
    work: new Workload(),
    counting: { given: options.countTokens },
    storeClock,
    warn,
    emit: listeners.emit,
    flushListeners: listeners.flush,
  }
  return service
}

// The application may change its list later.
const copyOf = <Items>(list: Items): Items => (Array.isArray(list) ? ([...list] as Items) : list)

function adminReadsOf({ adminReads = true }: SessionsOptions): Service['adminReads'] {
  return typeof adminReads === 'function' ? atOnce('adminReads', adminReads) : () => adminReads
}

function toTurnOptions(given: TurnSettings = {}): Required<TurnSettings> {
  const leaseMs = duration(given.leaseMs, 'turns.leaseMs', 30_000)
  return {
    policy: given.policy ?? 'reject',
    leaseMs,
    // Several heartbeats in the life of a lease, so that one slow write does not cost the turn.
    heartbeatMs: timerMs(Math.min(duration(given.heartbeatMs, 'turns.heartbeatMs', 2000), leaseMs / 4)),
    flushMs: timerMs(duration(given.flushMs, 'turns.flushMs', 200)),
    // The turn's record outlives the lease, so that another process can store the answer of a lost turn.
    keepMs: Math.max(duration(given.keepMs, 'turns.keepMs', 600_000), 2 * leaseMs),
    queueMs: duration(given.queueMs, 'turns.queueMs', 60_000),
    maxSteps: limit(given.maxSteps, 'turns.maxSteps', 8),
    toolTimeoutMs: timerMs(duration(given.toolTimeoutMs, 'turns.toolTimeoutMs', 30_000)),
  }
}

function duration(value: number | undefined, path: string, otherwise: number): number {
  if (value === undefined) return otherwise
  // `Infinity` is never.
  if (value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && value > 0)) return value
  throw new SessionError('invalid', `${path} must be a whole number of milliseconds above 0`, { path })
}

function age(value = 0): number {
  if (value >= 0) return value
  throw new SessionError('invalid', 'reads.maxAgeMs must be 0 milliseconds or more', {
    path: 'reads.maxAgeMs',
  })
}

function limit(value: number | undefined, path: string, otherwise: number): number {
  if (value === undefined) return otherwise
  if (!(value >= 1)) throw new SessionError('invalid', `${path} must be 1 or more`, { path })
  return value
}
