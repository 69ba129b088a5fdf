/// <reference lib="esnext.disposable" preserve="true" />
import { SessionError, isSessionError } from './errors.js'
import { checkOptions, type OptionNames } from './options.js'
import { type Identity, mayOpen, parseIdentity } from './domain/identity.js'
import { isId, newId, parseId } from './ids.js'
import { foreignCursor, parseListCursor, toListCursor } from './service/list-cursor.js'
import {
  checkWhole,
  type CountOptions,
  countSessions,
  type ListOptions,
  listScope,
} from './service/list-scope.js'
import { type CreateDraft, LiveSession, type SessionSnapshot, noSuchSession } from './service/live-session.js'
import { decodeBody, newBody } from './domain/session-body.js'
import { type SessionInit, storeNewSession } from './service/create-session.js'
import { type Sweeping, sweepEvery } from './service/sweep-every.js'
import { takeCalls } from './service/take-calls.js'
import { type Service, createService } from './service/service.js'
import type { TtlSettings, SessionsOptions } from './service/settings.js'
import { Session, justRead, liveSessionOf } from './session.js'
import type { Page, SweepOptions } from './contract/session-store.js'
import type { SessionRecord, SessionRef } from './contract/session-record.js'
import { type RedeemOptionsOf, type RedemptionOf, redeemTransfer, viewTransfer } from './transfer/redeem.js'
import type { TransferDescription, TransferKey } from './transfer/redemption.js'
import { processRegistry } from './process-registry.js'
import { type AdmitCopy, type ForkOptions, forkSession } from './session/fork.js'

/** The first content of a new session, and its id. */
export interface CreateOptions extends SessionInit {
  /** 1 to 200 characters, chosen by trusted code, never by a client (default: a new random id). */
  id?: string
}

/** Hooks around the moment when a draft is stored. */
export interface DraftOptions {
  /** Runs before the session is stored; when it throws, nothing is stored (default: nothing runs). */
  beforeCreate?: () => void
  /** Called when the creation begins, with a promise that settles after `afterCreate` (default: not called). */
  onCreating?: (creation: Promise<unknown>) => void
  /** Runs after the session is stored, before the write that caused it settles (default: nothing runs). */
  afterCreate?: (session: Session) => void | Promise<void>
}

/** Options of a redemption. */
export type RedeemOptions = RedeemOptionsOf<Session>

/** The result of a redemption. */
export type Redemption = RedemptionOf<Session>

/** The service: durable, tenant-safe sessions over one store. */
export interface Sessions {
  /** How long sessions live, with the defaults filled in. */
  readonly ttl: Readonly<Required<TtlSettings>>
  /** The sessions that this caller may touch. Costs nothing. @throws `invalid` for an unusable identity; `closed` */
  for(identity: Identity): CallerSessions
  /**
   * Removes sessions past their deadline, up to `limit`; resolves to how many. For a job that runs from time to time.
   */
  sweep(options?: Partial<SweepOptions>): Promise<number>
  /**
   * Removes expired sessions about every `ms` milliseconds, up to a quarter earlier or later so that processes do not
   * sweep together, until the caller stops it or the service is closed. Any number of processes may sweep at once. The
   * timer keeps no process alive. A sweep that fails is the warning `sweep_failed`.
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
  sweepEvery(ms: number): Sweeping
  /** Settles when no background work runs: no summaries, and no replies whose readers have disconnected. */
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
  const service = createService(options)
  const close = async (): Promise<void> => {
    await service.work.close()
    await service.flushListeners()
  }
  const sessions: Sessions = {
    ttl: service.ttl,
    for(identity) {
      service.work.checkOpen()
      return new CallerSessions(service, parseIdentity(identity))
    },
    sweep: async (options) => service.work.call(() => service.store.sweep({ limit: options?.limit ?? 500 })),
    sweepEvery: (ms) => sweepEvery(service, ms),
    settled: async () => {
      await service.work.settled()
      await service.flushListeners()
    },
    close,
    [Symbol.asyncDispose]: close,
  }
  partsOf.set(sessions, service)
  return sessions
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

const initNames: OptionNames<SessionInit> = {
  title: true,
  label: true,
  state: true,
  preferences: true,
  cart: 'list',
  ttl: true,
  messages: 'list',
}

const copyAdmissions = processRegistry<CallerSessions, AdmitCopy>('copy-admissions')

/** Has copies that these sessions make admitted first. @returns The same sessions. */
export function admitCopies(mine: CallerSessions, admit: AdmitCopy | undefined): CallerSessions {
  if (admit !== undefined) copyAdmissions.set(mine, admit)
  return mine
}

/** The sessions of one caller. Every method checks ownership: a session of another owner is `not_found`. */
export class CallerSessions {
  static {
    takeCalls(CallerSessions.prototype, (mine) => mine.#service.work, ['draft'])
  }

  readonly identity: Identity
  readonly #service: Service

  /** @internal Made by `Sessions.for`. */
  constructor(service: Service, identity: Identity) {
    this.#service = service
    this.identity = identity
  }

  /** Creates a session. @throws `conflict` when the id is taken, `limit_reached`, `invalid` */
  async create(options: CreateOptions = {}): Promise<Session> {
    checkOptions<CreateOptions>(options, { ...initNames, id: true })
    const { id, ...init } = options
    const ref = this.#ref(id ?? newId())
    const seen = await storeNewSession(this.#service, this.identity, { ref, incarnation: newId(), init })
    return this.#session(seen, true)
  }

  /**
   * The session of this id, created with `init` when there is none. However many callers open an id at once, one
   * session is created.
   *
   * @throws `not_found` when it belongs to another caller.
   *
   * @example
   * ```ts
   * import { createSessions } from '@sessions/core'
   *
   * const mine = createSessions().for({ tenantId: 'acme', userId: 'alice' })
   * const session = await mine.open('support-123', { title: 'Two phones' })
   * ```
   */
  async open(id: string, init: SessionInit = {}): Promise<Session> {
    checkOptions<SessionInit>(init, initNames, 'init')
    for (;;) {
      const found = await this.find(id)
      if (found !== undefined) return found
      try {
        return await this.create({ ...init, id })
      } catch (error) {
        if (!isSessionError(error, 'conflict') || error.messageId !== undefined) throw error
        const stored = await this.#service.store.read(this.#ref(id))
        if (stored !== undefined && !mayOpen(this.identity, stored.record, false)) throw noSuchSession()
      }
    }
  }

  /** The session of this id. @throws `not_found` when it is unknown, expired, deleted or another caller's. */
  async get(id: string): Promise<Session> {
    const session = await this.find(id)
    if (session === undefined) throw noSuchSession()
    return session
  }

  /** As `get`, but undefined instead of `not_found`. */
  async find(id: string): Promise<Session | undefined> {
    // No session can have an invalid id, so the answer is the same as for an unknown one.
    if (!isId(id)) return undefined
    const stored = await this.#service.store.read(this.#ref(id))
    if (stored === undefined) return undefined
    const { record } = stored
    if (!mayOpen(this.identity, record, false)) {
      this.#service.emit('access.denied', record, { reason: 'owner' }, this.identity)
      return undefined
    }
    // Decode only now: before the ownership check, the time would tell a foreign caller how large the session is.
    return this.#opened({ record, body: decodeBody(stored.body) }, false)
  }

  /** The session a credential opens; undefined when it is forged, outdated, or the session is not the caller's. */
  async findByCredential(credential: string): Promise<Session | undefined> {
    const claim = await this.#service.credentials.verify(credential)
    if (claim === undefined || claim.ref.tenantId !== this.identity.tenantId) return undefined
    const seen = await this.#read(claim.ref)
    if (seen === undefined || seen.record.incarnation !== claim.incarnation) return undefined
    if (seen.body.generation !== claim.generation) {
      this.#service.emit('access.denied', seen.record, { reason: 'credential' }, this.identity)
      return undefined
    }
    if (!mayOpen(this.identity, seen.record, true)) {
      this.#service.emit('access.denied', seen.record, { reason: 'owner' }, this.identity)
      return undefined
    }
    return this.#opened(seen, true)
  }

  /**
   * Whether a genuine credential has been replaced, by `bind`, a rotation or a transfer, while its session still
   * exists: the client may be about to receive the new one.
   */
  async isOutdated(credential: string): Promise<boolean> {
    const claim = await this.#service.credentials.verify(credential)
    if (claim === undefined || claim.ref.tenantId !== this.identity.tenantId) return false
    const seen = await this.#read(claim.ref)
    return seen?.record.incarnation === claim.incarnation && seen.body.generation !== claim.generation
  }

  /** A session that the first write stores, so that a caller who only reads leaves no trace. */
  draft(options: DraftOptions = {}): Session {
    checkOptions<DraftOptions>(options, {
      beforeCreate: 'function',
      onCreating: 'function',
      afterCreate: 'function',
    })
    const ref = this.#ref(newId())
    const incarnation = newId()
    const { userId } = this.identity
    const at = Date.now()
    const record: SessionRecord = {
      ...ref,
      incarnation,
      revision: 0,
      changes: 0,
      lastSeq: 0,
      trimmedSeq: 0,
      createdAt: at,
      updatedAt: at,
      activeAt: at,
      ...(userId === undefined ? {} : { userId }),
    }
    const store: CreateDraft = async (ready) => {
      options.beforeCreate?.()
      await ready
      const seen = await storeNewSession(this.#service, this.identity, { ref, incarnation })
      await options.afterCreate?.(this.#session(seen, true))
      return seen
    }
    const create: CreateDraft = (ready) => {
      const creation = store(ready)
      options.onCreating?.(creation)
      return creation
    }
    const live = new LiveSession(
      this.#service,
      this.identity,
      { record, body: newBody() },
      {
        holdsCredential: true,
        create,
      },
    )
    return new Session(live)
  }

  /**
   * One page of the caller's live sessions, the most active first; an admin sees the whole tenant's.
   *
   * @throws `invalid` for a wrong limit, or a cursor of another list.
   */
  async list(options: ListOptions = {}): Promise<Page<SessionRecord>> {
    checkOptions<ListOptions>(options, { limit: 'number', cursor: 'text', label: 'text', userId: 'text' })
    const { limit = 20, cursor } = options
    checkWhole(limit, 'limit', 200)
    const listed = listScope(this.identity, options)
    if (listed === undefined) {
      if (cursor !== undefined) throw foreignCursor()
      return { items: [] }
    }
    const page = await this.#service.store.list({
      ...listed,
      limit,
      ...(cursor === undefined ? {} : { cursor: await parseListCursor(this.#service, listed, cursor) }),
    })
    if (page.cursor === undefined) return page
    return { ...page, cursor: await toListCursor(this.#service, listed, page.cursor) }
  }

  /**
   * How many live sessions the caller has; of an admin, how many the tenant has. Costs one page of the list for each
   * 1,000 of them.
   *
   * @throws `invalid`
   */
  async count(options: CountOptions = {}): Promise<number> {
    checkOptions<CountOptions>(options, { label: true, userId: true, atMost: true })
    const { atMost = 10_000 } = options
    checkWhole(atMost, 'atMost', Number.MAX_SAFE_INTEGER)
    const listed = listScope(this.identity, options)
    if (listed === undefined) return 0
    return countSessions(this.#service.store, listed, atMost)
  }

  /** Removes a session and everything in it, for good. @throws `not_found` */
  async delete(id: string): Promise<void> {
    await justRead(await this.get(id)).delete()
  }

  /**
   * Makes a new session of the caller with the messages of another session, up to one of them. After that the two are
   * independent.
   *
   * @throws `invalid` when `atSeq` is not on the active branch of `source`.
   */
  async fork(source: Session, options: ForkOptions = {}): Promise<Session> {
    return new Session(
      await forkSession(liveSessionOf(source, 'source'), this.identity, options, copyAdmissions.get(this)),
    )
  }

  /**
   * The description of a transfer, for the caller to see before redeeming it. The transfer stays open, however often
   * it is described.
   *
   * @throws `not_found` for one that is unknown, used, expired, revoked or not for this caller: the error does not say
   * which. `limit_reached` after too many wrong short codes.
   */
  async describeTransfer(key: TransferKey): Promise<TransferDescription> {
    return viewTransfer(this.#service, this.identity, key ?? {})
  }

  /**
   * Redeems a transfer that another device began, once: of all callers that try, one gets the session and a new
   * credential. Call it for a POST alone, never for a GET: previews and scanners follow links.
   *
   * @throws As `describeTransfer`.
   */
  async redeem(options: RedeemOptions): Promise<Redemption> {
    const { holding, ...asked } = options ?? {}
    const held = holding === undefined ? undefined : liveSessionOf(holding, 'holding')
    const all = { ...asked, holding: held }
    const outcome = await redeemTransfer(this.#service, this.identity, all, copyAdmissions.get(this))
    return outcome.status === 'redeemed' ? { ...outcome, session: new Session(outcome.session) } : outcome
  }

  async #read(ref: SessionRef): Promise<SessionSnapshot | undefined> {
    const stored = await this.#service.store.read(ref)
    return stored === undefined ? undefined : { record: stored.record, body: decodeBody(stored.body) }
  }

  async #opened(seen: SessionSnapshot, holdsCredential: boolean): Promise<Session> {
    const live = this.#live(seen, holdsCredential)
    const { ttl, storeClock } = this.#service
    // Several times in the life of a session, however short it is.
    const isDue = storeClock.now() - seen.record.updatedAt > Math.min(60_000, live.lifetime.idleMs / 4)
    if (ttl.refreshOnRead && isDue) await live.touch()
    return new Session(live)
  }

  #session(seen: SessionSnapshot, holdsCredential: boolean): Session {
    return new Session(this.#live(seen, holdsCredential))
  }

  #live(seen: SessionSnapshot, holdsCredential: boolean): LiveSession {
    return new LiveSession(this.#service, this.identity, seen, { holdsCredential })
  }

  #ref(id: string): SessionRef {
    return { tenantId: this.identity.tenantId, id: parseId(id, 'id') }
  }
}
