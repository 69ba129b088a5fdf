import type { AnalyticsQuery, AnalyticsReport } from './domain/analytics.js'
import { checkAdminReads } from './session/admin-reads.js'
import { liveSessionOf } from './session/live-of.js'
import type { LiveSession } from './service/live-session.js'
import type { Session } from './session.js'
/// <reference lib="esnext.disposable" preserve="true" />
import { type HealthOptions, healthOf, type SessionsHealth } from './service/health.js'
import { CallerSessions } from './caller-sessions.js'
import { SessionError } from './errors.js'
import { type Identity, parseIdentity } from './domain/identity.js'
import { importerOf, type ImportInto } from './portability/import-into.js'
import type { ImportReport } from './portability/import-sessions.js'
import type { TextSource } from './portability/lines-in.js'
import { type Sweeping, sweepEvery } from './service/sweep-every.js'
import { checkSettings } from './service/check-settings.js'
import { type Service, createService } from './service/service.js'
import type { TtlSettings, SessionsOptions } from './service/settings.js'
import { type AuditedCaller, noteCaller } from './audit/caller.js'
import type { UsageQuery, UsageReport } from './domain/usage.js'
import type { RepriceOptions } from './usage/query-usage.js'
import { searchFeedOf } from './search/feed.js'
import { checkRecords } from './later/check-records.js'
import { auditOf } from './audit/note.js'
import { createAudit, type SessionsAudit } from './audit/sessions-audit.js'
import { createConsent, type SessionsConsent } from './privacy/consent-handles.js'
import type { SessionsPrivacy } from './privacy/sessions-privacy.js'
import type { Tenants } from './service/each-tenant.js'
import type { SweepSettings } from './privacy/sweep.js'
import { processRegistry } from './process-registry.js'

const others = () => import('./later/others.js')
const records = () => import('./later/records.js')

/** The service: durable, tenant-safe sessions over one store. */
export interface Sessions {
  /** How long sessions live, with the defaults filled in. */
  readonly ttl: Readonly<Required<TtlSettings>>
  /** The consent of users. For code that has checked who asks. */
  readonly consent: SessionsConsent
  /** The record of who did what with the data of users. For code that has checked who asks. */
  readonly audit: SessionsAudit
  /** Erases the data of users, and proves it. For code that has checked who asks. */
  readonly privacy: SessionsPrivacy
  /** The sessions that this caller may touch. Costs nothing. @throws `invalid` for an unusable identity; `closed` */
  for(identity: Identity): CallerSessions
  /**
   * The arm of a session in an experiment of `experiments`: decided once, the same for all sessions of a user unless the experiment
   * is by session, and stored with the session. Costs a read, and once a write.
   *
   * @throws `invalid` for an experiment that there is not; `not_found`
   *
   * @example
   * ```ts
   * import { createSessions } from '@sessions/core'
   *
   * const sessions = createSessions({ experiments: { checkout: { arms: { short: 1, long: 1 } } } })
   * const session = await sessions.for({ tenantId: 'acme', userId: 'alice' }).create()
   * console.log(await sessions.armOf(session, 'checkout'))
   * ```
   */
  armOf(session: Session, experiment: string): Promise<string>
  /**
   * What the sessions of a tenant say together: how many, how far they got, topics, segments, arms and cohorts; without those of users
   * who do not consent to `analytics`. It names nobody, and keeps nothing. For code that has checked who asks. Costs a read of
   * each session that was made in the span, at most 20,000.
   *
   * @throws `invalid`
   *
   * @example
   * ```ts
   * import { createSessions } from '@sessions/core'
   *
   * const sessions = createSessions()
   * const { total, over } = await sessions.analytics({ tenantId: 'acme', from: Date.now() - 30 * 86_400_000 })
   * console.log(total.sessions, total.ordered / total.sessions, over.length)
   * ```
   */
  analytics(query: AnalyticsQuery): Promise<AnalyticsReport>
  /**
   * What the turns of a tenant used, and what it cost. For code that has checked who asks. Costs a read of all turns of the
   * span, or less where `usage.log` can sum up.
   *
   * @throws `invalid`, also without the setting `usage`; `too_large` for more than 10,000 groups.
   *
   * @example
   * ```ts
   * import { createSessions } from '@sessions/core'
   *
   * const sessions = createSessions({
   *   usage: {
   *     prices: [{ pattern: 'gpt-5-*', currency: 'USD', perMillion: { input: '0.25', output: '2' } }],
   *   },
   * })
   * const { groups } = await sessions.usage({ tenantId: 'acme', by: ['model'], bucket: 'day' })
   * for (const { at, model, turns, costs, unpriced } of groups)
   *   console.log(new Date(at!).toISOString(), model, turns, costs['USD'] ?? 'unknown', unpriced)
   * ```
   */
  usage(query: UsageQuery): Promise<UsageReport>
  /**
   * Tells what turns cost by the prices that the service has now. Costs that the application reported stay, and so do those
   * of models that no price fits.
   *
   * @returns How many turns have another cost now.
   * @throws `invalid`
   */
  reprice(options: RepriceOptions): Promise<number>
  /**
   * Makes sessions of an export again, with ids, times and branches; those whose ids are taken stay as they are. For
   * trusted code: nothing proves that models and tools have said what an export says. A session is there with its last
   * message, and not before; the same import again goes on where it stopped.
   *
   * @throws `invalid` with the number of the line, `too_large`, `limit_reached`, `user_erased`; `consent_missing` for a
   *   user without consent to `storage`.
   *
   * @example
   * ```ts
   * import { createReadStream } from 'node:fs'
   * import { createSessions } from '@sessions/core'
   *
   * const sessions = createSessions()
   * await sessions.import(createReadStream('alice.jsonl'), { tenantId: 'acme', userId: 'alice' })
   * ```
   */
  import(source: TextSource, into: ImportInto): Promise<ImportReport>
  /**
   * Removes sessions past their deadline; then, of the tenants that it is given, goes on with erasures whose processes
   * died, makes good what is missing of their usage, and applies `retention`. For a job that runs from time to time, in any number of processes.
   *
   * @returns How many sessions it removed or changed; as many as `limit` when there may be more.
   * @throws `invalid`
   */
  sweep(options?: SweepSettings): Promise<number>
  /**
   * Removes expired sessions about every `ms` milliseconds, up to a quarter earlier or later so that processes do not
   * sweep together, until the caller stops it or the service is closed. Any number of processes may sweep at once. The
   * timer keeps no process alive. A sweep that fails is the warning `sweep_failed`. Once an hour at most it also
   * goes on with erasures, makes usage good and applies `retention`, as `sweep` does.
   *
   * @param tenants Gives the tenants for that (default: none).
   *
   * @throws `invalid`, `closed`
   *
   * @example
   * ```ts
   * import { createSessions } from '@sessions/core'
   *
   * const sessions = createSessions()
   * const stop = sessions.sweepEvery(60_000)
   * stop()
   * ```
   */
  sweepEvery(ms: number, tenants?: () => Tenants): Sweeping
  /**
   * Whether the service can work, for readiness probes: asks the store, and the bus if there is one. Does not reject for
   * what is down, nor after `close`. @throws `invalid`
   */
  health(options?: HealthOptions): Promise<SessionsHealth>
  /**
   * Settles when no background work runs: no summaries, no replies whose readers have disconnected, no erasures that go on
   * after a 202; and when usage, notes of the audit and the index of a search are written, and listeners have sent what
   * they kept. Where one of these cannot be written, it gives up after 10 seconds, and warns.
   */
  settled(): Promise<void>
  /**
   * Closes the service: waits for every running call, turn and summary, and lets them finish. From then on every call
   * is refused as `closed`, also a call of a handle that was made before. New requests to the HTTP API are refused at
   * once, new turns after the running ones have ended. Await it before the process ends and before you close the
   * store, which the service does not close. May be called more than once.
   */
  close(): Promise<void>
  /** As `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * A service that works without options: in memory, bounded, with real deadlines. In production pass a store and
 * secrets.
 *
 * @throws `invalid` with the path of a wrong option.
 *
 * @example
 * ```ts
 * import { createSessions } from '@sessions/core'
 * import { postgresStore } from '@sessions/store-postgres'
 *
 * const sessions = createSessions({
 *   store: postgresStore('postgres://localhost/app'),
 *   credentialSecrets: [process.env['SESSION_SECRET']!],
 *   ttl: { idleMs: 30 * 24 * 3_600_000, absoluteMs: 365 * 24 * 3_600_000 },
 * })
 * const mine = sessions.for({ tenantId: 'acme', userId: 'alice' })
 * ```
 */
export function createSessions(options: SessionsOptions = {}): Sessions {
  checkSettings(options)
  const feed = searchFeedOf(options)
  const service = createService(options, (store) => feed?.over(store) ?? store)
  checkRecords(service, options.credentialSecrets)
  feed?.of(service)
  const { work } = service
  const close = async (): Promise<void> => {
    await work.close()
    service.wakeUps.wakeAll()
    await flushed(service)
  }
  const sessions: Sessions = {
    ttl: service.ttl,
    consent: createConsent(service),
    audit: createAudit(service),
    privacy: {
      erase: async (options) =>
        work.call(async () => (await others()).startErasure(service, options).receipt),
      erasure: async (user) => work.call(async () => (await others()).erasureOf(service, user)),
      pseudonym: async (user) => work.call(async () => (await others()).pseudonymOf(service, user)),
      verifyReceipt: async (receipt, userId) =>
        work.call(async () => (await others()).verifyReceipt(service, receipt, userId)),
    },
    for(identity) {
      work.checkOpen()
      return new CallerSessions(service, parseIdentity(identity))
    },
    armOf: async (session, experiment) =>
      work.call(async () => (await others()).armOf(readable(session), experiment)),
    analytics: async (query) => work.call(async () => (await others()).queryAnalytics(service, query)),
    usage: async (query) => work.call(async () => (await others()).queryUsage(service, query)),
    reprice: async (options) => work.call(async () => (await others()).repriceUsage(service, options)),
    import: async (source, into) => importInto(sessions, source, into, { actor: 'host' }),
    sweep: async (options) => work.call(async () => (await others()).sweepAll(service, options)),
    sweepEvery(ms, tenants = () => []) {
      if (typeof tenants !== 'function')
        throw new SessionError('invalid', 'tenants must be a function', { path: 'tenants' })
      return sweepEvery(service, ms, async (limit, all, isStopped) => {
        const { sweepAll } = await others()
        return sweepAll(service, all ? { limit, tenants: tenants() } : { limit }, { isStopped, isWhole: all })
      })
    },
    health: async (options) => healthOf(service, options),
    settled: async () => {
      await work.settled()
      await flushed(service)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
  partsOf.set(sessions, service)
  return sessions
}

/** Settles when nothing that was noted or told waits any more. Where one of them fails, the others are done all the same. */
async function flushed(service: Service): Promise<void> {
  const { usage, search } = service
  const loaded = usage === undefined && search === undefined ? undefined : await records()
  const ended = await Promise.allSettled([
    auditOf(service).then(async (audit) => audit?.flush()),
    loaded?.usageOf(service)?.drain(),
    loaded?.searchOf(service)?.drain(),
  ])
  // At last: the others tell them what they dropped.
  await service.flushListeners()
  const failed = ended.find((each) => each.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

/** As `sessions.import`, for the caller whom the audit names. */
export async function importInto(
  sessions: Sessions,
  source: TextSource,
  into: ImportInto,
  caller: AuditedCaller,
): Promise<ImportReport> {
  const mine = sessions.for(importerOf(into))
  noteCaller(mine.identity, caller)
  return mine.import(source)
}

// Not a property: only the layers around the service may use its parts.
const partsOf = processRegistry<Sessions, Service>('service-parts')

/** The parts of a service. @throws `invalid` for an object that `createSessions` of this package did not make. */
export function serviceOf(sessions: Sessions): Service {
  const service = partsOf.get(sessions)
  if (service !== undefined) return service
  throw new SessionError('invalid', 'sessions was not made by createSessions of this package', {
    path: 'sessions',
  })
}

/** What a handle works on. @throws `invalid`; `forbidden` for an admin who may not read */
function readable(session: Session): LiveSession {
  const live = liveSessionOf(session, 'session')
  checkAdminReads(live)
  return live
}
