import { isSessionError, SessionError } from '../../errors.js'
import { newId } from '../../ids.js'
import { notFound } from '../refusals.js'
import type { SessionRef } from '../session-record.js'
import type { Committed, SessionChange, SessionStore } from '../session-store.js'
import type { KnownSession, Sealing } from './sealing.js'
import { maxKeys, sealedBy, SessionSeal } from './session-seal.js'
import type { SubjectKey } from './subject-keys.js'
import { commitWithin } from './within-room.js'

const newest = 100

/** The session that a commit is for. */
type Meant = Pick<KnownSession, 'seal' | 'incarnation' | 'userId' | 'keyIds'>

/** Commits to an encrypted store. */
export class SealedCommits {
  readonly #store: SessionStore
  readonly #sealing: Sealing
  /** Looks at a session that is to be written, and at its keys; undefined when it is absent. */
  readonly #look: (ref: SessionRef) => Promise<KnownSession | undefined>

  constructor(
    store: SessionStore,
    sealing: Sealing,
    look: (ref: SessionRef) => Promise<KnownSession | undefined>,
  ) {
    this.#store = store
    this.#sealing = sealing
    this.#look = look
  }

  async commit(ref: SessionRef, change: SessionChange): Promise<Committed> {
    if (change.revision === 0) {
      const { incarnation = newId() } = change
      const seal = new SessionSeal(ref, incarnation)
      return this.#send(ref, change, { seal, incarnation, userId: undefined, keyIds: [] })
    }
    for (;;) {
      const cached = this.#sealing.known(ref)
      const isUsable = cached !== undefined && isMeant(cached, change) && tellsKeys(cached, change)
      const known = isUsable ? cached : await this.#look(ref)
      if (known === undefined || !isMeant(known, change)) throw notFound()
      try {
        return await this.#send(ref, change, known)
      } catch (error) {
        // What was known may be of an earlier session.
        if (!isUsable || change.incarnation !== undefined || !isSessionError(error, 'not_found')) throw error
        this.#sealing.forget(ref)
      }
    }
  }

  async #send(ref: SessionRef, change: SessionChange, meant: Meant): Promise<Committed> {
    const { tenantId } = ref
    const { revision, body = revision === 0 ? '' : undefined, title, userId, ownedBy, messages = [] } = change
    const { seal } = meant
    const { users, keys } = this.#sealing
    // A body tells which keys there are, so a session goes on with another key together with a body.
    const subject = { tenantId, userId: (userId ?? meant.userId) || undefined }
    const keyIds = body === undefined ? meant.keyIds : withKey(meant.keyIds, keys.idOf(subject))
    const id = keyIds[0]!
    const key = meant.keyIds.includes(id)
      ? await this.#sealing.keyOf(tenantId, id)
      : await keys.ensure(subject)
    const sealed: SessionChange = { ...change, incarnation: meant.incarnation }
    if (userId !== undefined) sealed.userId = users.seal(tenantId, userId)
    if (ownedBy !== undefined) sealed.ownedBy = users.seal(tenantId, ownedBy)
    if (body !== undefined) sealed.body = seal.sealBody(key, keyIds, revision! + 1, body)
    if (title !== undefined) sealed.title = title && seal.sealTitle(key, title)
    const payloads = await this.#sealing.sealMessages(seal, key, messages)
    if (messages.length > 0) sealed.messages = payloads
    const otherKeys = new Map<string, SubjectKey[]>()
    for (;;) {
      try {
        const committed = await this.#write(ref, sealed)
        return await this.#opened(ref, { ...meant, keyIds }, committed, body !== undefined)
      } catch (error) {
        if (!isSessionError(error, 'conflict') || error.messageId === undefined) throw error
        // It may be the same text, sealed with a key that the session had at another time.
        const { messageId } = error
        const left = otherKeys.get(messageId) ?? (await this.#otherKeys(ref, meant, key, messageId))
        const next = left.pop()
        if (next === undefined) throw error
        otherKeys.set(messageId, left)
        for (const [index, { id, payload }] of messages.entries()) {
          if (id === messageId) payloads[index] = { id, payload: seal.sealPayload(next, id, payload) }
        }
      }
    }
  }

  #write(ref: SessionRef, change: SessionChange): Promise<Committed> {
    const { maxBytes, messages = [] } = change
    return maxBytes === undefined || messages.length === 0
      ? this.#store.commit(ref, change)
      : commitWithin(this.#store, ref, change, maxBytes)
  }

  async #opened(
    ref: SessionRef,
    { seal, keyIds }: Meant,
    { record: sealed, messages }: Committed,
    isBody: boolean,
  ): Promise<Committed> {
    try {
      const record = await this.#sealing.openRecord(sealed, seal)
      const { incarnation, changes, userId, revision } = record
      const told = isBody ? { keyIds, revision } : {}
      this.#sealing.remember(ref, seal, { incarnation, changes, userId, ...told })
      return { record, messages }
    } catch (cause) {
      // It was written: the caller must not take it for refused.
      throw new SessionError('unknown_outcome', 'The change was made, and its result cannot be opened.', {
        cause,
      })
    }
  }

  /** The keys that a message may be sealed with, but for one: the likeliest is the last. */
  async #otherKeys(
    ref: SessionRef,
    meant: Meant,
    used: SubjectKey,
    messageId: string,
  ): Promise<SubjectKey[]> {
    const now = await this.#look(ref)
    if (now?.incarnation !== meant.incarnation) return []
    const ids = new Set([...meant.keyIds, ...now.keyIds])
    const own = await this.#keyIdOf(ref, messageId)
    if (own !== undefined) {
      ids.delete(own)
      ids.add(own)
    }
    ids.delete(used.id)
    const found = await Promise.all([...ids].map((id) => this.#sealing.keys.find(ref.tenantId, id)))
    return found.filter((key) => key !== undefined)
  }

  /**
   * The key of a message among the newest, which those are that come again. A body that was restored meanwhile need not
   * name it.
   */
  async #keyIdOf(ref: SessionRef, messageId: string): Promise<string | undefined> {
    const { messages } = await this.#store.messages(ref, { limit: newest, order: 'desc' })
    const stored = messages.find(({ id }) => id === messageId)
    return stored === undefined ? undefined : sealedBy(stored.payload)
  }
}

/** Whether enough is known of the keys of a session for this change. */
function tellsKeys({ keyIds, revision }: KnownSession, change: SessionChange): boolean {
  return keyIds.length > 0 && (change.body === undefined || change.revision === revision)
}

/** The keys of a session that goes on with this one. */
function withKey(keyIds: readonly string[], id: string): readonly string[] {
  if (keyIds.length >= maxKeys && !keyIds.includes(id)) return keyIds
  return [id, ...keyIds.filter((other) => other !== id)]
}

function isMeant({ incarnation }: Meant, change: SessionChange): boolean {
  return change.incarnation === undefined || change.incarnation === incarnation
}
