import { isSessionError } from '../errors.js'
import { Attempts, newChangeId, withChange } from './attempts.js'
import { checkRevision } from './check-revision.js'
import { type UpdateOptions, updateNames } from './update-options.js'
import { type Appended, asNew, repeatAppend } from './unknown-outcome.js'
import type { SessionEventDetails, SessionEventType } from '../domain/events.js'
import { type Identity, mayOpen } from '../domain/identity.js'
import { HeldCredential, noSuchSession, ownerOf } from './held-credential.js'
import { checkOptions } from '../options.js'
import { decodeMessages, type Message } from '../domain/message.js'
import { followPhase } from '../domain/journey.js'
import { decodeBody, decodeKnown, encodeBody, type SessionBody } from '../domain/session-body.js'
import { storeAfter } from './store-after.js'
import { roomOf } from './room.js'
import { deadlineOf, type Lifetime, lifetimeOf } from './lifetime.js'
import type { Service } from './service.js'
import type { CreateDraft, SessionSnapshot, SessionUpdate } from './session-snapshot.js'
import type { Committed, NewMessage, SessionChange, SessionGuard } from '../contract/session-store.js'
import type { OwnLifetime, SessionRecord, SessionRef } from '../contract/session-record.js'

/**
 * One session for one caller. It reads the session, and changes it so that no change is lost and none is made twice.
 */
export class LiveSession {
  /** Another one once a draft is stored that may be kept nowhere. */
  service: Service
  readonly identity: Identity
  readonly ref: SessionRef
  readonly holdsCredential: boolean
  /** Whether its contexts show what is remembered of the user. */
  remembers = false
  readonly #held: HeldCredential
  #known!: SessionRecord
  #own: SessionRecord
  /** The body at the record's revision, as text: nothing that a caller does to what it gave or got is stored by a later change. */
  #body: string | undefined
  /** Whether the next `load` may return the session as this handle has just read or written it. */
  #isJustRead = false
  /** Settles when an append knows whether the session is still the caller's; undefined when none waits to. */
  #looking: Promise<unknown> | undefined
  /** Stores a session that exists only in this handle so far. */
  #create: CreateDraft | undefined
  /** Resolves to false when the messages that the creation waited for are refused. */
  #creating: Promise<boolean> | undefined
  /** Settles when every earlier append of this handle has gone to the store; undefined when none waits to. */
  encoding: Promise<void> | undefined

  constructor(
    service: Service,
    identity: Identity,
    seen: { readonly record: SessionRecord; readonly body?: SessionBody },
    options: { holdsCredential: boolean; create?: CreateDraft },
  ) {
    this.service = service
    this.identity = identity
    this.ref = { tenantId: seen.record.tenantId, id: seen.record.id }
    this.#own = this.#record = seen.record
    this.#body = seen.body === undefined ? undefined : JSON.stringify(seen.body)
    this.holdsCredential = options.holdsCredential
    this.#create = options.create
    this.#held = new HeldCredential(identity, options.holdsCredential ? seen.body?.generation : undefined)
  }

  /** Says what whoever has this handle did. */
  emit<Type extends SessionEventType>(
    type: Type,
    record: SessionRecord,
    details: SessionEventDetails[Type],
  ): void {
    this.service.emit(type, record, details, this.identity)
  }

  get record(): SessionRecord {
    return this.#known
  }

  get #record(): SessionRecord {
    return this.#known
  }

  set #record(record: SessionRecord) {
    this.#known = record
    if (this.#mayOpen(record)) this.#own = record
  }

  /** The record for who has this handle: as it last was theirs. A turn of theirs may know it as another's by now. */
  get shownRecord(): SessionRecord {
    return this.#own
  }

  /** The session as it was last read or written; undefined when another caller has changed the body since. */
  get seen(): SessionSnapshot | undefined {
    return this.#body === undefined ? undefined : { record: this.#record, body: decodeKnown(this.#body) }
  }

  /** How long the session lives, as far as this handle knows. */
  get lifetime(): Lifetime {
    return lifetimeOf(this.service, this.#record)
  }

  /** Whether a snapshot is of the same session, and this handle's credential or identity still opens it. */
  mayStillOpen({ record, body }: SessionSnapshot): boolean {
    if (record.incarnation !== this.#record.incarnation || !this.#mayOpen(record)) return false
    return this.#held.isCurrent(body)
  }

  /** @throws `not_found` when the credential of this handle was replaced, and nothing else opens the session. */
  checkHeld({ record, body }: SessionSnapshot): void {
    if (!this.#held.opens(record, body)) throw noSuchSession()
  }

  /** @throws `not_found` when the session is another caller's, as far as this handle knows: from its own turn, too. */
  checkOwner(): void {
    if (!this.#mayOpen(this.#record)) throw noSuchSession()
  }

  /** From here on the handle has the credential of this generation, because this handle made it. */
  holds(generation: number): void {
    this.#held.become(generation)
  }

  /** Names this very session, in case another session has its id when a call arrives. */
  get guard(): SessionGuard {
    return { incarnation: this.#record.incarnation }
  }

  get isStored(): boolean {
    return this.#create === undefined
  }

  /**
   * Lets the next `load` return the snapshot of this handle, when it has just read or written the session. Any other
   * call of the handle, and `forgetRead`, end that.
   */
  reuseRead(): void {
    this.#isJustRead = true
  }

  /** Drops the snapshot that was just read, because it is old now. */
  forgetRead(): void {
    this.#isJustRead = false
  }

  /** The snapshot that was just read, once, instead of a `load`. */
  takeRead(): SessionSnapshot | undefined {
    const justRead = this.#isJustRead ? this.seen : undefined
    this.forgetRead()
    return justRead
  }

  /** As `load`, for what is shown: it may be as old as the settings allow, and never older than what this handle knows. */
  async show(tail = 0): Promise<SessionSnapshot & { messages: Message[] }> {
    return this.load(tail, this.service.shownAgeMs)
  }

  #mayOpen(record: SessionRecord): boolean {
    return mayOpen(this.identity, record, this.holdsCredential)
  }

  /** The session as the store has it now, or had at most `maxAgeMs` ago, with its newest `tail` messages. */
  async load(tail = 0, maxAgeMs = 0, byTurn = false): Promise<SessionSnapshot & { messages: Message[] }> {
    this.service.work.checkRunning()
    const justRead = this.takeRead()
    if (this.#create !== undefined) return { ...this.seen!, messages: [] }
    if (justRead !== undefined && tail === 0) return { ...justRead, messages: [] }
    const copy = maxAgeMs > 0 ? await this.service.store.read(this.ref, { tail, maxAgeMs }) : undefined
    // A copy decides nothing, such as that the session is gone.
    const stored = this.#goesOnWith(copy?.record) ? copy : await this.service.store.read(this.ref, { tail })
    if (stored === undefined || stored.record.incarnation !== this.#record.incarnation) throw noSuchSession()
    if (!byTurn && !this.#mayOpen(stored.record)) throw noSuchSession()
    if (copy === undefined) this.#held.lookedAt = performance.now()
    const body = stored.body === this.#body ? decodeKnown(stored.body) : decodeBody(stored.body)
    this.#record = stored.record
    // The check leaves counts out that nobody can read.
    this.#body = body.stats === undefined ? JSON.stringify(body) : stored.body
    return { record: stored.record, body, messages: await decodeMessages(stored.messages) }
  }

  #goesOnWith(record: SessionRecord | undefined): boolean {
    if (record?.incarnation !== this.#record.incarnation) return false
    return record.changes >= this.#record.changes && this.#mayOpen(record)
  }

  /** Appends messages; a session that was not stored yet is stored first. */
  async append(messages: readonly NewMessage[]): Promise<Appended> {
    await this.store()
    // Of all that wait for the same look none goes before an earlier one, also when another call has looked meanwhile.
    if (this.#looking !== undefined || this.#held.isOld(this.#record)) {
      const looking = (this.#looking ??= this.load())
      try {
        await looking
      } finally {
        if (this.#looking === looking) this.#looking = undefined
      }
    }
    this.checkOwner()
    const change = { messages, ...roomOf(this.service), ...ownerOf(this.identity, this.#record) }
    return this.#keep(await repeatAppend(() => this.#commit(change)))
  }

  /**
   * Changes the body by a pure function, which runs again when another caller was faster. A function that returns the
   * same body changes nothing.
   */
  async update(
    change: (body: SessionBody) => SessionBody,
    options: UpdateOptions = {},
  ): Promise<SessionUpdate> {
    checkOptions(options, updateNames)
    const attempts = new Attempts()
    try {
      return await this.#update(change, await this.#storeFor(change, options), attempts)
    } catch (error) {
      throw attempts.told(error)
    } finally {
      // The caller may have given the session away since the turn began.
      if (options.byTurn === true && !this.#mayOpen(this.#record)) this.#body = undefined
    }
  }

  /** Stores a session that exists only in this handle so far, unless the change would be refused. */
  async #storeFor(
    change: (body: SessionBody) => SessionBody,
    options: UpdateOptions,
  ): Promise<UpdateOptions> {
    if (this.#create === undefined) return options
    const { slack = 0, changeId = newChangeId() } = options
    checkRevision(this.#record, options.ifRevision)
    const before = this.seen!.body
    const check = (body: SessionBody): void => {
      encodeBody(follow(body, before, changeId), this.service.limits.maxSessionLength + slack)
    }
    const changed = change(before)
    const checked = this.service.redaction?.body(changed, before).then(check) ?? check(changed)
    if (checked instanceof Promise) await storeAfter(this, checked)
    return { ...options, ifRevision: await this.storeAt(options.ifRevision) }
  }

  async #update(
    change: (body: SessionBody) => SessionBody,
    options: UpdateOptions,
    attempts: Attempts,
  ): Promise<SessionUpdate> {
    const { ifRevision, changeId: named, slack = 0, lifetime, byTurn, ...others } = options
    const changeId = named ?? newChangeId()
    // The known snapshot saves a read. It may be old: the commit checks it, and nothing else relies on it.
    let seen = this.seen
    let triedAt = 0
    for (;;) {
      const fresh = seen === undefined
      seen ??= await this.load(0, 0, byTurn)
      const { changes } = seen.body
      const isNamed = named !== undefined && changes.includes(named)
      if (isNamed || attempts.isMade(changeId, changes, seen.record.revision)) {
        const { messages } = others
        // The message ids make a repeat harmless, and the repeat returns their seqs.
        const found = messages === undefined ? [] : (await this.#commit({ messages })).messages
        const appended = attempts.mayBeApplied ? asNew(found, triedAt) : found
        return { ...seen, appended, isRepeat: isNamed && !attempts.mayBeApplied }
      }
      let next = seen.body
      let text: string | undefined
      let own: OwnLifetime | undefined
      try {
        checkRevision(seen.record, ifRevision)
        next = change(seen.body)
        own = lifetime?.(seen.record)
        if (next !== seen.body || own !== undefined || Object.keys(others).length > 0) {
          next = follow((await this.service.redaction?.body(next, seen.body)) ?? next, seen.body, changeId)
          text = encodeBody(next, this.service.limits.maxSessionLength + slack)
        }
      } catch (error) {
        // What is refused now may be fine after what others have changed meanwhile.
        if (fresh || isSessionError(error, 'redaction_failed')) throw error
      }
      if (text === undefined) {
        if (fresh) return { ...seen, appended: [] }
        seen = undefined
        continue
      }
      triedAt = seen.record.lastSeq
      this.#held.awaits(seen.body, next)
      try {
        const { revision } = seen.record
        const owned = own === undefined ? others : { ...others, lifetime: own }
        const { record, messages: appended } = await this.#commit({ ...owned, revision, body: text })
        this.#record = record
        this.#body = text
        return { record, body: next, appended }
      } catch (error) {
        this.#held.gaveUp(seen.body, next)
        await attempts.again(error, seen.record.revision)
        seen = undefined
      }
    }
  }

  /** Drops messages up to and including `throughSeq`. */
  async trim(throughSeq: number): Promise<void> {
    await this.service.store.trim(this.ref, throughSeq, this.guard)
    const { lastSeq, trimmedSeq } = this.#record
    this.#record = { ...this.#record, trimmedSeq: Math.max(trimmedSeq, Math.min(throughSeq, lastSeq)) }
  }

  /**
   * Replaces the payload of a message, if the session is as it was when it had so many changes; false when somebody was
   * faster. Another call of this handle may have seen later ones meanwhile. The same again is safe.
   */
  async amend(seq: number, payload: string, { changes }: Pick<SessionRecord, 'changes'>): Promise<boolean> {
    this.service.work.checkRunning()
    this.forgetRead()
    if ((await this.service.store.amend(this.ref, [{ seq, payload }], { ...this.guard, changes })) === 0)
      return false
    if (this.#record.changes === changes) this.#record = { ...this.#record, changes: changes + 1 }
    return true
  }

  /** Moves the deadline as a write would. */
  async touch(): Promise<void> {
    this.#keep(await this.#commit({}))
  }

  /**
   * Stores a session that exists only in this handle so far.
   *
   * @param ready The creation begins at once, but stores nothing before this settles, and nothing at all when it
   *   rejects (default: it does not wait).
   */
  async store(ready?: Promise<unknown>): Promise<void> {
    while (this.#create !== undefined) {
      this.#creating ??= this.#storeBy(this.#create, ready)
      // Another write may have begun the creation. What that write waits for says nothing about this one.
      if (!(await this.#creating)) await ready
    }
  }

  async #storeBy(create: CreateDraft, ready: Promise<unknown> | undefined): Promise<boolean> {
    const isReady = ready?.then(
      () => true,
      () => false,
    )
    try {
      const { record, body, service } = await create(ready)
      this.service = service
      this.#record = record
      this.#body = JSON.stringify(body)
      this.#create = undefined
      return true
    } catch (error) {
      if ((await isReady) === false) return false
      throw error
    } finally {
      this.#creating = undefined
    }
  }

  /**
   * As `store`, for a caller who insists on a revision: the one to insist on from now on.
   *
   * @throws `conflict` when a draft is at another one.
   */
  async storeAt(ifRevision: number | undefined): Promise<number | undefined> {
    if (this.#create === undefined || ifRevision === undefined) {
      await this.store()
      return ifRevision
    }
    checkRevision(this.#record, ifRevision)
    await this.store()
    // The draft was what the caller insists on, and this is what became of it.
    return this.#record.revision
  }

  async #commit(change: SessionChange): Promise<Committed> {
    this.service.work.checkRunning()
    this.forgetRead()
    try {
      const committed = await this.service.store.commit(this.ref, {
        incarnation: this.#record.incarnation,
        ...deadlineOf(this.service.ttl),
        ...change,
      })
      this.service.storeClock.learn(committed.record.updatedAt)
      return committed
    } catch (error) {
      throw isSessionError(error, 'not_found') ? noSuchSession() : error
    }
  }

  #keep<Kept extends Committed>(committed: Kept): Kept {
    if (committed.record.revision !== this.#record.revision) this.#body = undefined
    this.#record = committed.record
    return committed
  }
}

/** The body as it is stored after a change. */
function follow(body: SessionBody, before: SessionBody, changeId: string): SessionBody {
  return { ...followPhase(body, before), changes: withChange(body.changes, changeId) }
}
