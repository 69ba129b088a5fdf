import { isSessionError, SessionError } from '../../errors.js'
import { newId } from '../../ids.js'
import { notFound } from '../refusals.js'
import type { SessionRef } from '../session-record.js'
import type { AppendedMessage, Committed, NewMessage, SessionChange, SessionStore } from '../session-store.js'
import type { KnownSession, Sealing } from './sealing.js'
import { SessionSeal } from './session-seal.js'
import type { SubjectKey } from './subject-keys.js'
import { commitWithin } from './within-room.js'

/** The session that a commit is for. */
type Meant = Pick<KnownSession, 'seal' | 'incarnation' | 'userId'>

/** Commits to an encrypted store. */
export class SealedCommits {
  readonly #store: SessionStore
  readonly #sealing: Sealing
  /** Looks at a session that is to be written; undefined when it is absent. */
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
      return this.#send(ref, change, {
        seal: new SessionSeal(ref, incarnation),
        incarnation,
        userId: undefined,
      })
    }
    for (;;) {
      const cached = this.#sealing.known(ref)
      const isUsable = cached?.isPlain === false && isMeant(cached, change)
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
    const { revision, body = revision === 0 ? '' : undefined, messages = [], title } = change
    const { userId, ownedBy, maxBytes, ...rest } = change
    const { keys, users } = this.#sealing
    const isText = body !== undefined || messages.length > 0 || title !== undefined
    const key = isText
      ? await keys.ensure({ tenantId: ref.tenantId, userId: (userId ?? meant.userId) || undefined })
      : undefined
    const sealed: SessionChange = {
      ...rest,
      incarnation: meant.incarnation,
      ...(userId === undefined ? {} : { userId: users.seal(ref.tenantId, userId) }),
      ...(ownedBy === undefined ? {} : { ownedBy: users.seal(ref.tenantId, ownedBy) }),
      ...(body === undefined ? {} : { body: meant.seal.sealBody(key!, revision! + 1, body) }),
      ...(title === undefined ? {} : { title: title && meant.seal.sealTitle(key!, title) }),
    }
    const there = new Map<string, AppendedMessage>()
    for (;;) {
      const added = messages.filter(({ id }) => !there.has(id))
      const payloads = key === undefined ? [] : await this.#sealing.sealMessages(meant.seal, key, added)
      try {
        const committed = await this.#write(ref, { ...sealed, messages: payloads }, maxBytes)
        return await this.#opened(ref, meant, committed, messages, there)
      } catch (error) {
        if (!isSessionError(error, 'conflict') || error.messageId === undefined) throw error
        const found = await this.#findUnderOtherKey(
          ref,
          sealed,
          meant,
          key!,
          sentAs(messages, error.messageId),
        )
        if (found === undefined) throw error
        there.set(found.id, found)
      }
    }
  }

  #write(ref: SessionRef, change: SessionChange, maxBytes: number | undefined): Promise<Committed> {
    return maxBytes === undefined || change.messages!.length === 0
      ? this.#store.commit(ref, change)
      : commitWithin(this.#store, ref, change, maxBytes)
  }

  async #opened(
    ref: SessionRef,
    { seal }: Meant,
    committed: Committed,
    messages: readonly NewMessage[],
    there: ReadonlyMap<string, AppendedMessage>,
  ): Promise<Committed> {
    const left = committed.messages[Symbol.iterator]()
    const appended = messages.map(({ id }) => there.get(id) ?? left.next().value!)
    try {
      const record = await this.#sealing.openRecord(committed.record, seal)
      this.#sealing.remember(ref, record, seal)
      return { record, messages: appended }
    } catch (cause) {
      // It was written: the caller must not take it for refused.
      throw new SessionError('unknown_outcome', 'The change was made, and its result cannot be opened.', {
        cause,
      })
    }
  }

  /**
   * The message where it is in the log, sealed with another key: stored before the session was bound to a user, and sent
   * again after that. Undefined when it is not, or another text has its id.
   */
  async #findUnderOtherKey(
    ref: SessionRef,
    { ownedBy }: SessionChange,
    meant: Meant,
    used: SubjectKey,
    message: NewMessage | undefined,
  ): Promise<AppendedMessage | undefined> {
    const now = message && (await this.#look(ref))
    if (message === undefined || now?.incarnation !== meant.incarnation) return undefined
    const { keys } = this.#sealing
    const { tenantId } = ref
    const ids = new Set(
      [undefined, meant.userId, now.userId].map((userId) => keys.idOf({ tenantId, userId })),
    )
    ids.delete(used.id)
    for (const id of ids) {
      const key = await keys.find(tenantId, id)
      if (key === undefined) continue
      const payload = meant.seal.sealPayload(key, message.id, message.payload)
      try {
        // A message that is there needs no room, so this stores nothing.
        const { messages } = await this.#store.commit(ref, {
          incarnation: meant.incarnation,
          ...(ownedBy === undefined ? {} : { ownedBy }),
          messages: [{ id: message.id, payload }],
          maxSeq: 0,
        })
        return messages[0]
      } catch (error) {
        if (isSessionError(error, 'limit_reached')) return undefined
        if (!isSessionError(error, 'conflict')) throw error
      }
    }
    return undefined
  }
}

function isMeant({ incarnation }: Meant, change: SessionChange): boolean {
  return change.incarnation === undefined || change.incarnation === incarnation
}

/** The message of this id; undefined when the change has two texts for it. */
function sentAs(messages: readonly NewMessage[], id: string): NewMessage | undefined {
  const [first, ...others] = messages.filter((message) => message.id === id)
  return others.every(({ payload }) => payload === first?.payload) ? first : undefined
}
