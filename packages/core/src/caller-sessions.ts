import { pause } from './async/slices.js'
import { isSessionError } from './errors.js'
import { denied, recordAccess } from './audit/access.js'
import { checkOptions } from './options.js'
import { type Identity, isAdmin, mayOpen } from './domain/identity.js'
import { isId, newId, parseId } from './ids.js'
import type { ImportReport } from './portability/import-sessions.js'
import type { TextSource } from './portability/lines-in.js'
import type { ExportOptions } from './portability/export-sessions.js'
import type { CountOptions, ListOptions } from './service/list-scope.js'
import { noSuchSession } from './service/held-credential.js'
import { LiveSession } from './service/live-session.js'
import type { CreateDraft, SessionSnapshot } from './service/session-snapshot.js'
import type { MessageInput } from './domain/message.js'
import type { FoundMessage, FoundSession, SearchOptions, SearchPage } from './domain/search.js'
import { countFor, listSessions } from './search/list-sessions.js'
import { checkAdminReads } from './session/admin-reads.js'
import { appendOwned } from './session/append-owned.js'
import { decodeBody, newBody } from './domain/session-body.js'
import { draftRecord } from './service/draft-record.js'
import { initNames, type SessionInit, storeNewSession } from './service/create-session.js'
import { type Allows, isAllowed, readConsents, refuseWithout } from './service/consent.js'
import type { Consents } from './domain/consent.js'
import { takeCalls } from './service/take-calls.js'
import { refreshOnRead } from './service/refresh-on-read.js'
import type { Service } from './service/service.js'
import { Session } from './session.js'
import { justRead, liveSessionOf, remembering } from './session/live-of.js'
import type { AppendedMessage, Page } from './contract/session-store.js'
import type { SessionRecord, SessionRef } from './contract/session-record.js'
import type { RedeemOptionsOf, RedemptionOf } from './transfer/redeem.js'
import type { TransferDescription, TransferKey } from './transfer/redemption.js'
import { copyAdmissionOf } from './session/copy-admission.js'
import type { ForkOptions } from './session/fork.js'
import { type CallerConsent, consentOfCaller } from './privacy/consent-handles.js'
import { type CallerMemory, memoryOfCaller, type OpenOptions } from './privacy/caller-memory.js'

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

// The calls of one request come within it; a decision holds from the next request on.
const freshMs = 1000

const others = () => import('./later/others.js')

const draftNames = { beforeCreate: 'function', onCreating: 'function', afterCreate: 'function' } as const

/** The sessions of one caller. Every method checks ownership: a session of another owner is `not_found`. */
export class CallerSessions {
  static {
    takeCalls(CallerSessions.prototype, (mine) => mine.#service.work, ['draft', 'export'])
  }

  /** Who is asking. */
  readonly identity: Identity
  /** The consent of the caller; of a caller who is nobody each call is `unauthenticated`. */
  readonly consent: CallerConsent
  /** What is remembered of the caller across sessions; of a caller who is nobody each call is `unauthenticated`. */
  readonly memory: CallerMemory
  readonly #service: Service
  /** Over the memory of this object, once a session was made that may be kept nowhere. */
  #fleeting: Service | undefined
  /** What was decided, so that the calls of a request read it once. */
  #asked: { readonly at: number; readonly decided: Promise<Consents | undefined> } | undefined

  /** @internal Made by `Sessions.for`. */
  constructor(service: Service, identity: Identity) {
    this.#service = service
    this.identity = identity
    this.consent = consentOfCaller(service, identity)
    this.memory = memoryOfCaller(service, identity)
  }

  /**
   * Whether sessions of this caller are kept. Without consent to `storage` they are not: a session that the caller makes
   * lives in this object alone, and ends with it. Costs a read where the application asks for consent.
   */
  async keepsSessions(): Promise<boolean> {
    return (await this.#allowing())('storage')
  }

  /**
   * Creates a session; without consent to `storage` one that lives in this object alone.
   *
   * @throws `conflict` when the id is taken, `limit_reached`, `too_large`, `invalid`, `user_erased`; `consent_missing`
   *   for `preferences` without consent to `personalization`.
   */
  async create(options: CreateOptions = {}): Promise<Session> {
    checkOptions<CreateOptions>(options, { ...initNames, id: true })
    const { id, ...init } = options
    const ref = this.#ref(id ?? newId())
    const service = await this.#serviceFor(init)
    const seen = await storeNewSession(service, this.identity, { ref, incarnation: newId(), init })
    return new Session(new LiveSession(service, this.identity, seen, { holdsCredential: true }))
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
  async open(id: string, options: OpenOptions = {}): Promise<Session> {
    checkOptions<OpenOptions>(options, { ...initNames, remember: 'flag' }, 'init')
    const { remember, ...init } = options
    for (;;) {
      const found = await this.find(id)
      if (found !== undefined) return remembering(found, remember)
      try {
        return remembering(await this.create({ ...init, id }), remember)
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
    if (stored === undefined) return this.#fleetingSession(id)
    const { record } = stored
    if (!mayOpen(this.identity, record, false)) {
      denied(this.#service, this.identity, record, 'owner')
      return undefined
    }
    // One answer of a store may bring the sessions of hundreds.
    await pause()
    // Decode only now: before the ownership check, the time would tell a foreign caller how large the session is.
    return this.#opened({ record, body: decodeBody(stored.body) }, false)
  }

  /**
   * Appends messages to a session of the caller, all or none, in one round trip: `get` and `append` take two. An admin
   * may append to any session of the tenant.
   *
   * @throws `not_found` as `get`; `invalid`, `too_large`, `limit_reached`, `conflict` as `session.append`.
   *
   * @example
   * ```ts
   * import { createSessions } from '@sessions/core'
   *
   * const mine = createSessions().for({ tenantId: 'acme', userId: 'alice' })
   * const { id } = await mine.create()
   * await mine.append(id, { role: 'user', content: 'Two phones, please' })
   * ```
   */
  async append(
    id: string,
    messages: MessageInput | readonly MessageInput[],
  ): Promise<readonly AppendedMessage[]> {
    // Where a record is kept, the session of an admin is read first: it may be another's.
    const isFirstRead = this.#service.audit !== undefined && isAdmin(this.identity)
    const owned = isFirstRead ? undefined : await appendOwned(this.#service, this.identity, id, messages)
    // The session may be another caller's, which is for the audit to know.
    return owned?.appended ?? (await this.get(id)).append(messages)
  }

  /** The session a credential opens; undefined when it is forged, outdated, or the session is not the caller's. */
  async findByCredential(credential: string): Promise<Session | undefined> {
    const claim = await this.#service.credentials.verify(credential)
    if (claim === undefined || claim.ref.tenantId !== this.identity.tenantId) return undefined
    const seen = await this.#read(claim.ref)
    if (seen === undefined || seen.record.incarnation !== claim.incarnation) return undefined
    if (seen.body.generation !== claim.generation) {
      denied(this.#service, this.identity, seen.record, 'credential')
      return undefined
    }
    if (!mayOpen(this.identity, seen.record, true)) {
      denied(this.#service, this.identity, seen.record, 'owner')
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
    checkOptions<DraftOptions>(options, draftNames)
    const ref = this.#ref(newId())
    const incarnation = newId()
    const record = draftRecord(ref, incarnation, this.identity)
    const store: CreateDraft = async (ready) => {
      options.beforeCreate?.()
      await ready
      const service = await this.#serviceFor()
      const seen = await storeNewSession(service, this.identity, { ref, incarnation })
      await options.afterCreate?.(
        new Session(new LiveSession(service, this.identity, seen, { holdsCredential: true })),
      )
      return { ...seen, service }
    }
    const create: CreateDraft = (ready) => {
      const creation = store(ready)
      options.onCreating?.(creation)
      return creation
    }
    const draft = { record, body: newBody() }
    const live = new LiveSession(this.#service, this.identity, draft, { holdsCredential: true, create })
    return new Session(live)
  }

  /**
   * One page of the caller's live sessions, the most active first; an admin sees the whole tenant's.
   *
   * @throws `invalid` for a wrong limit, or a cursor of another list.
   */
  async list(options: ListOptions = {}): Promise<Page<SessionRecord>> {
    return listSessions(this.#service, this.identity, options)
  }

  /**
   * How many live sessions the caller has; of an admin, how many the tenant has. Costs one page of the list for each
   * 1,000 of them, and a look at those that became active meanwhile; past 100,000 it may miss such ones.
   *
   * @throws `invalid`
   */
  async count(options: CountOptions = {}): Promise<number> {
    return countFor(this.#service, this.identity, options)
  }

  /**
   * Messages of the caller's sessions that have all words of a text; of an admin, of all sessions of the tenant. Without
   * an index it reads the messages, some thousand a page, the last active session first; with one, the newest message
   * comes first.
   *
   * @throws `invalid`; `forbidden` for an admin who may not read; `unavailable` while an index does not answer.
   *
   * @example
   * ```ts
   * import { createSessions } from '@sessions/core'
   *
   * const mine = createSessions().for({ tenantId: 'acme', userId: 'alice' })
   * const { items } = await mine.search({ text: 'blue phone' })
   * for (const { sessionId, excerpt } of items) console.log(sessionId, excerpt.text)
   * ```
   */
  async search(options: SearchOptions): Promise<SearchPage<FoundMessage>> {
    return (await others()).searchMessages(this.#service, this.identity, options)
  }

  /** The sessions with such messages, or with such a title, each once. @throws as `search` */
  async searchSessions(options: SearchOptions): Promise<SearchPage<FoundSession>> {
    return (await others()).searchSessions(this.#service, this.identity, options)
  }

  /**
   * The caller's sessions as lines of JSON, a page of messages in memory at a time; those of a user, or of the tenant,
   * for an admin. An export without its last line was cut off. @throws `invalid`
   *
   * @example
   * ```ts
   * import { createSessions } from '@sessions/core'
   *
   * const mine = createSessions().for({ tenantId: 'acme', userId: 'alice' })
   * for await (const line of mine.export()) process.stdout.write(line)
   * ```
   */
  async *export(options: ExportOptions = {}): AsyncGenerator<string, void, undefined> {
    checkOptions<ExportOptions>(options, { userId: 'text', label: 'text' })
    yield* (await others()).exportFor(this.#service, this.identity, options)
  }

  /**
   * Makes sessions of an export again, with ids, times and branches; an admin's import keeps whose they are. For trusted
   * code: nothing proves that models and tools have said what an export says.
   *
   * @throws `invalid` with the number of the line, `too_large`, `limit_reached`, `unauthenticated`, `user_erased`;
   *   `consent_missing` without consent to `storage`, and for preferences without consent to `personalization`.
   */
  async import(source: TextSource): Promise<ImportReport> {
    if (!(await this.keepsSessions())) refuseWithout('storage')
    return (await others()).importFor(this.#service, this.identity, source)
  }

  /** Removes a session and all in it, for good; the caller’s own also where nobody can read it. @throws `not_found` */
  async delete(id: string): Promise<void> {
    const { identity } = this
    const unread = async (why: unknown) => (await others()).deleteUnreadable(this.#service, identity, id, why)
    await this.get(id).then((session) => justRead(session).delete(), unread)
  }

  /**
   * Makes a new session of the caller with the messages of another session, up to one of them. After that the two are
   * independent.
   *
   * @throws `invalid` when `atSeq` is not on the active branch of `source`.
   */
  async fork(source: Session, options: ForkOptions = {}): Promise<Session> {
    const from = liveSessionOf(source, 'source')
    checkAdminReads(from)
    const terms = {
      admit: copyAdmissionOf(this),
      into: await this.#serviceFor(),
      allows: await this.#allowing(),
    }
    return new Session(await (await others()).forkSession(from, this.identity, options, terms))
  }

  /**
   * The description of a transfer, for the caller to see before redeeming it. The transfer stays open, however often
   * it is described.
   *
   * @throws `not_found` for one that is unknown, used, expired, revoked or not for this caller: the error does not say
   * which. `limit_reached` after too many wrong short codes.
   */
  async describeTransfer(key: TransferKey): Promise<TransferDescription> {
    return (await others()).viewTransfer(this.#service, this.identity, key ?? {})
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
    // A transfer is redeemed once, so its session must be kept.
    if (!(await this.keepsSessions())) refuseWithout('storage')
    const { redeemTransfer } = await others()
    const terms = { admit: copyAdmissionOf(this), allows: await this.#allowing() }
    const outcome = await redeemTransfer(this.#service, this.identity, { ...asked, holding: held }, terms)
    return outcome.status === 'redeemed' ? { ...outcome, session: new Session(outcome.session) } : outcome
  }

  /** What is allowed to be done with the data of the caller. */
  async #allowing(): Promise<Allows> {
    const { tenantId, userId, consents } = this.identity
    const service = this.#service
    if (service.consent === undefined) return () => true
    if (this.#asked === undefined || performance.now() - this.#asked.at > freshMs) {
      const decided = userId === undefined ? undefined : readConsents(service, { tenantId, userId })
      this.#asked = { at: performance.now(), decided: Promise.resolve(decided) }
      this.#asked.decided.catch(() => (this.#asked = undefined))
    }
    const decided = await this.#asked.decided
    return (purpose, own) => isAllowed(service, purpose, own ?? decided, consents)
  }

  /** Where a new session of the caller goes. @throws `consent_missing` */
  async #serviceFor({ preferences }: Pick<SessionInit, 'preferences'> = {}): Promise<Service> {
    const allows = await this.#allowing()
    if (Object.keys(preferences ?? {}).length > 0 && !allows('personalization'))
      refuseWithout('personalization')
    if (allows('storage')) return this.#service
    return (this.#fleeting ??= this.#service.inMemory())
  }

  /** A session of this object alone. */
  async #fleetingSession(id: string): Promise<Session | undefined> {
    const service = this.#fleeting
    const seen = service && (await this.#read(this.#ref(id), service))
    return seen && new Session(new LiveSession(service, this.identity, seen, { holdsCredential: true }))
  }

  async #read(ref: SessionRef, { store } = this.#service): Promise<SessionSnapshot | undefined> {
    const stored = await store.read(ref)
    await pause()
    return stored === undefined ? undefined : { record: stored.record, body: decodeBody(stored.body) }
  }

  async #opened(seen: SessionSnapshot, holdsCredential: boolean): Promise<Session> {
    const live = new LiveSession(this.#service, this.identity, seen, { holdsCredential })
    await recordAccess(this.#service, this.identity, seen.record, holdsCredential)
    await refreshOnRead(live)
    return new Session(live)
  }

  #ref(id: string): SessionRef {
    return { tenantId: this.identity.tenantId, id: parseId(id, 'id') }
  }
}
