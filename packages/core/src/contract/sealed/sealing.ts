import { telling } from '../../async/calling.js'
import { isSessionError, keyDestroyed, type SessionError } from '../../errors.js'
import { processClock } from '../../time.js'
import { corrupt } from '../refusals.js'
import type { SessionRecord, SessionRef } from '../session-record.js'
import type { NewMessage, StoredMessage, StoredSession } from '../session-store.js'
import { ExpiringCache } from './expiring-cache.js'
import { unknownKey } from './keyring.js'
import { mapMessages } from './map-messages.js'
import { OpenedPayloads } from './opened-payloads.js'
import { openedCount } from './payload-bytes.js'
import { isSealed, keyIdsOf, sealedBy, SessionSeal } from './session-seal.js'
import type { Subject, SubjectKey, SubjectKeys } from './subject-keys.js'
import { isSealedUser, unreadableUser, type UserSeal } from './user-seal.js'

const maxSessions = 10_000

/** A part of a session that was found to be unreadable. */
export interface IntegrityProblem extends SessionRef {
  /** What cannot be opened. */
  readonly part: 'body' | 'message' | 'title' | 'userId'
  /** The message, where `part` is `message`. */
  readonly seq?: number
  /**
   * `corrupt`: it was changed, cut off, moved from another place, or is not sealed. `unknown_key`: the key that it was
   * sealed with is not there any more.
   */
  readonly why: 'corrupt' | 'unknown_key'
}

/** What is known of a session from the last time that it was seen. */
export interface KnownSession {
  readonly seal: SessionSeal
  readonly incarnation: string
  readonly userId: string | undefined
  readonly changes: number
  /** The keys that texts of it are sealed with, the newest first; none when they are not known, or it is not sealed. */
  readonly keyIds: readonly string[]
  /** The revision of the body that told of them. */
  readonly revision: number
  readonly until: number
}

/** What a record tells of a session, and what its body told of its keys. */
export type SeenSession = Pick<SessionRecord, 'incarnation' | 'changes'> & {
  readonly userId?: string | undefined
} & Partial<Pick<KnownSession, 'keyIds' | 'revision'>>

/** Messages that were opened, and those of them whose payload could not be. */
export interface OpenedMessages {
  readonly messages: readonly StoredMessage[]
  readonly lost: readonly IntegrityProblem[]
}

/** Opens and seals what a store has of sessions. */
export class Sealing {
  readonly keys: SubjectKeys
  readonly users: UserSeal
  /** Whether what is not sealed is read as it is. */
  readonly isMigrating: boolean
  readonly #cacheMs: number
  readonly #report: (problem: IntegrityProblem) => void
  readonly #opened = new OpenedPayloads()
  readonly #sessions = new ExpiringCache<KnownSession>(maxSessions)

  constructor(
    keys: SubjectKeys,
    users: UserSeal,
    isMigrating: boolean,
    cacheMs: number,
    onIntegrity: ((problem: IntegrityProblem) => void) | undefined,
  ) {
    this.keys = keys
    this.users = users
    this.isMigrating = isMigrating
    this.#cacheMs = cacheMs
    // Not now: what a listener throws is none of the caller's business.
    const tell = onIntegrity && telling('onIntegrity', onIntegrity)
    this.#report = (problem) => tell !== undefined && queueMicrotask(() => tell(problem))
  }

  known(ref: SessionRef): KnownSession | undefined {
    return this.#sessions.get(placeOf(ref))
  }

  forget(ref: SessionRef): void {
    this.#sessions.delete(placeOf(ref))
  }

  /** What seals and opens the texts of a session. */
  sealOf(ref: SessionRef, incarnation: string): SessionSeal {
    const known = this.known(ref)
    return known?.incarnation === incarnation ? known.seal : new SessionSeal(ref, incarnation)
  }

  /**
   * Keeps what was seen of a session for later calls. Answers may come out of order: what is older than the session names
   * keys that it has, too.
   */
  remember(ref: SessionRef, seal: SessionSeal, seen: SeenSession): KnownSession {
    const { incarnation, userId, changes } = seen
    const found = this.known(ref)
    const before = found?.incarnation === incarnation ? found : undefined
    const { keyIds = before?.keyIds ?? [], revision = before?.revision ?? 0 } = seen
    const until = before?.until ?? processClock() + this.#cacheMs
    const known = { seal, incarnation, userId, changes, keyIds, revision, until }
    this.#sessions.set(placeOf(ref), known)
    return known
  }

  /** @throws `corrupt` when the body cannot be opened or is not sealed, `unknown_key`, `unavailable` */
  async openBody(seal: SessionSeal, { record, body }: StoredSession): Promise<string> {
    const keyIds = keyIdsOf(body)
    const [by] = keyIds
    const key = by === undefined ? undefined : await this.#find(record.tenantId, by)
    if (by !== undefined && key === undefined) {
      this.#lose(record, 'body', 'unknown_key')
      throw destroyed()
    }
    const opened = key && seal.openBody(key, keyIds, record.revision, body)
    if (opened !== undefined) return opened
    this.#lose(record, 'body', 'corrupt')
    throw corrupt('its body was changed, or is not sealed')
  }

  /**
   * A record as callers see it. A title that cannot be opened is left out.
   *
   * @throws `corrupt` for the id of a user that cannot be opened; with `isListed` it is `unreadableUser`. `unknown_key`
   *   for a title whose key the keyring lacks; with `isListed` it is left out, or nobody could list the others.
   */
  async openRecord(record: SessionRecord, seal: SessionSeal, isListed = false): Promise<SessionRecord> {
    const userId = this.openUser(record, isListed)
    const { title: sealed } = record
    const title = sealed === undefined ? undefined : await this.#openTitle(record, sealed, seal, isListed)
    const opened: { -readonly [Name in keyof SessionRecord]: SessionRecord[Name] } = { ...record }
    opened.bytes = openedCount(record)
    if (userId !== undefined) opened.userId = userId
    if (title !== undefined) opened.title = title
    else if (sealed !== undefined) delete opened.title
    return opened
  }

  /** The user of a record; see `openRecord`. */
  openUser(record: SessionRecord, isListed = false): string | undefined {
    const { userId: user } = record
    if (user === undefined || (this.isMigrating && !isSealedUser(user))) return user
    const userId = this.users.open(record.tenantId, user)
    if (userId !== undefined) return userId
    this.#lose(record, 'userId', 'corrupt')
    if (isListed) return unreadableUser
    throw corrupt('its user was changed, or is not sealed')
  }

  /** Messages with their payloads; the payload of one that cannot be opened is empty. @throws `unknown_key`, `unavailable` */
  async openMessages(
    ref: SessionRef,
    seal: SessionSeal,
    messages: readonly StoredMessage[],
  ): Promise<OpenedMessages> {
    const keys = new Map<string, SubjectKey | undefined>()
    for (const { payload } of messages) {
      const by = sealedBy(payload)
      if (by !== undefined && !keys.has(by)) keys.set(by, await this.#find(ref.tenantId, by))
    }
    const lost: IntegrityProblem[] = []
    const opened = await mapMessages(messages, ({ seq, id, at, payload: sealed }) => {
      const payload = this.#openPayload(seal, id, sealed, keys)
      if (typeof payload === 'string') return { seq, id, at, payload }
      lost.push({ tenantId: ref.tenantId, id: ref.id, part: 'message', seq, ...payload })
      return { seq, id, at, payload: '' }
    })
    return { messages: opened, lost }
  }

  /** Tells of what was lost. */
  report(lost: readonly IntegrityProblem[]): void {
    for (const problem of lost) this.#report(problem)
  }

  /** A key of a session that is to be written. @throws `unknown_key` when it was destroyed, `unavailable` */
  async keyOf(tenantId: string, id: string): Promise<SubjectKey> {
    const key = await this.#find(tenantId, id)
    if (key === undefined) throw destroyed()
    return key
  }

  /** Destroys the key of a user, and forgets what it has opened. */
  destroyKey(user: Subject): Promise<boolean> {
    this.#opened.clear()
    return this.keys.destroy(user)
  }

  /** The messages with their payloads sealed. */
  sealMessages<Message extends NewMessage>(
    seal: SessionSeal,
    key: SubjectKey,
    messages: readonly Message[],
  ): Message[] | Promise<Message[]> {
    return mapMessages(messages, (message) => ({
      ...message,
      payload: seal.sealPayload(key, message.id, message.payload),
    }))
  }

  #openPayload(
    seal: SessionSeal,
    id: string,
    sealed: string,
    keys: ReadonlyMap<string, SubjectKey | undefined>,
  ): string | Pick<IntegrityProblem, 'why'> {
    const by = sealedBy(sealed)
    if (by === undefined) return this.isMigrating && !isSealed(sealed) ? sealed : { why: 'corrupt' }
    const key = keys.get(by)
    if (key === undefined) return { why: 'unknown_key' }
    const place = `${seal.number} ${id}`
    const known = this.#opened.find(place, key, sealed)
    if (known !== undefined) return known
    const payload = seal.openPayload(key, id, sealed)
    if (payload === undefined) return { why: 'corrupt' }
    this.#opened.keep(place, { by: key, sealed, payload })
    return payload
  }

  async #openTitle(
    record: SessionRecord,
    sealed: string,
    seal: SessionSeal,
    isListed: boolean,
  ): Promise<string | undefined> {
    if (this.isMigrating && !isSealed(sealed)) return sealed
    const by = sealedBy(sealed)
    let key: SubjectKey | undefined
    try {
      key = by === undefined ? undefined : await this.#find(record.tenantId, by)
    } catch (error) {
      if (!isListed || !isSessionError(error, 'unknown_key')) throw error
    }
    const title = key && seal.openTitle(key, sealed)
    if (title === undefined) {
      this.#lose(record, 'title', by !== undefined && key === undefined ? 'unknown_key' : 'corrupt')
    }
    return title
  }

  #find(tenantId: string, id: string): SubjectKey | undefined | Promise<SubjectKey | undefined> {
    return this.keys.known(tenantId, id) ?? this.keys.find(tenantId, id)
  }

  #lose({ tenantId, id }: SessionRef, part: IntegrityProblem['part'], why: IntegrityProblem['why']): void {
    this.#report({ tenantId, id, part, why })
  }
}

/** The refusal for a session whose key is gone for good. */
function destroyed(): SessionError {
  return unknownKey('the key of the session was destroyed', keyDestroyed)
}

function placeOf({ tenantId, id }: SessionRef): string {
  return `${tenantId.length}:${tenantId}${id}`
}
