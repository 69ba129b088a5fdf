import { isSessionError } from '../../errors.js'
import { pause } from '../../async/slices.js'
import { notFound } from '../refusals.js'
import type { SessionRecord, SessionRef } from '../session-record.js'
import type {
  MessagePage,
  MessageQuery,
  ReadOptions,
  SessionStore,
  StoredMessage,
  StoredSession,
} from '../session-store.js'
import { fillPage } from './full-page.js'
import type { IntegrityProblem, KnownSession, Sealing } from './sealing.js'
import { isSealed, keyIdsOf } from './session-seal.js'
import { isSealedUser } from './user-seal.js'

// So many keys are asked for at once, at most.
const concurrency = 16

/** A page, and the messages of it that could not be opened. */
export interface OpenedPage extends MessagePage {
  readonly lost: readonly IntegrityProblem[]
}

/** Reads what an encrypted store has. */
export class SealedReads {
  readonly #store: SessionStore
  readonly #sealing: Sealing

  constructor(store: SessionStore, sealing: Sealing) {
    this.#store = store
    this.#sealing = sealing
  }

  /** Whether a session is still to be sealed. */
  isPlain({ body }: StoredSession): boolean {
    return this.#sealing.isMigrating && !isSealed(body)
  }

  /** What is known of a session, from a look at it; undefined when it is absent. */
  async look(ref: SessionRef): Promise<KnownSession | undefined> {
    const stored = await this.#store.read(ref)
    if (stored === undefined) {
      this.#sealing.forget(ref)
      return undefined
    }
    const { record } = stored
    const userId = this.isPlain(stored) ? record.userId : this.#sealing.openUser(record)
    const { incarnation, changes } = record
    return this.#sealing.remember(ref, this.#sealing.sealOf(ref, incarnation), {
      incarnation,
      changes,
      userId,
    })
  }

  async read(ref: SessionRef, options: ReadOptions = {}): Promise<StoredSession | undefined> {
    const stored = await this.#readFull(ref, options)
    if (stored === undefined) {
      this.#sealing.forget(ref)
      return undefined
    }
    const { record, body, known } = await this.#open(ref, stored)
    const { messages, lost } = await this.#sealing.openMessages(ref, known.seal, stored.messages)
    this.#sealing.report(lost)
    return { record, body, messages }
  }

  /** As `look`, with the keys of the session, which its body tells. There are none while it is not sealed. */
  async lookAtKeys(ref: SessionRef): Promise<KnownSession | undefined> {
    const stored = await this.#store.read(ref)
    if (stored !== undefined) return (await this.#open(ref, stored)).known
    this.#sealing.forget(ref)
    return undefined
  }

  async page(ref: SessionRef, query: MessageQuery): Promise<OpenedPage> {
    for (let isLast = false; ; isLast = true) {
      const known = this.#sealing.known(ref) ?? (await this.look(ref))
      if (known === undefined) throw notFound()
      const { messages: sealed, more } = await this.#pageFull(ref, query, known)
      const { messages, lost } = await this.#sealing.openMessages(ref, known.seal, sealed)
      if (lost.length === 0 || isLast) return { messages, more, lost }
      // Another session may have the id by now.
      this.#sealing.forget(ref)
      const now = await this.look(ref)
      if (now?.incarnation === known.incarnation) return { messages, more, lost }
    }
  }

  async openListed(records: readonly SessionRecord[]): Promise<SessionRecord[]> {
    const opened: SessionRecord[] = []
    for (let from = 0; from < records.length; from += concurrency) {
      const some = records.slice(from, from + concurrency)
      opened.push(...(await Promise.all(some.map((record) => this.#openListed(record)))))
      await pause()
    }
    return opened
  }

  async #openListed(record: SessionRecord): Promise<SessionRecord> {
    const { title = '', userId = '', incarnation } = record
    if (this.#sealing.isMigrating && !isSealed(title) && !isSealedUser(userId)) return record
    return this.#sealing.openRecord(record, this.#sealing.sealOf(record, incarnation), true)
  }

  async #open(ref: SessionRef, stored: StoredSession) {
    const seal = this.#sealing.sealOf(ref, stored.record.incarnation)
    const isPlain = this.isPlain(stored)
    const record = isPlain ? stored.record : await this.#sealing.openRecord(stored.record, seal)
    const body = isPlain ? stored.body : await this.#sealing.openBody(seal, stored)
    const { incarnation, changes, userId, revision } = record
    const keyIds = isPlain ? [] : keyIdsOf(stored.body)
    const known = this.#sealing.remember(ref, seal, { incarnation, changes, userId, revision, keyIds })
    return { record, body, known }
  }

  /** As the store reads, with a tail that is as long as its opened payloads allow. */
  async #readFull(ref: SessionRef, options: ReadOptions): Promise<StoredSession | undefined> {
    const { tail = 0 } = options
    let stored = await this.#store.read(ref, options)
    for (let tries = 0; tries < 2 && stored !== undefined; tries++) {
      const { record, messages }: StoredSession = stored
      const more = messages.length > 0 && messages[0]!.seq > record.trimmedSeq + 1
      if (!more || messages.length >= tail) return stored
      const filled = await this.#fillTail(ref, messages, tail)
      const now: StoredSession | undefined = await this.#store.read(ref, options)
      if (now !== undefined && isSame(now.record, record)) return { ...stored, messages: filled }
      stored = now
    }
    return stored
  }

  async #fillTail(
    ref: SessionRef,
    messages: readonly StoredMessage[],
    tail: number,
  ): Promise<readonly StoredMessage[]> {
    try {
      const newest = { messages: messages.toReversed(), more: true }
      const query = { limit: tail, order: 'desc' } as const
      const filled = await fillPage(newest, query, (rest) => this.#store.messages(ref, rest))
      return filled.messages.toReversed()
    } catch (error) {
      // The session is gone: the caller finds that out.
      if (isSessionError(error, 'not_found')) return messages
      throw error
    }
  }

  /** As the store gives pages, with as many messages as their opened payloads allow. */
  async #pageFull(
    ref: SessionRef,
    query: MessageQuery,
    known: Pick<SessionRecord, 'incarnation' | 'changes'>,
  ): Promise<MessagePage> {
    let seen = known
    let first = await this.#store.messages(ref, query)
    for (let isLast = false; ; isLast = true) {
      const page = await fillPage(first, query, (rest) => this.#store.messages(ref, rest))
      if (!page.isJoined) return page
      const record = (await this.#store.read(ref))?.record
      if (record === undefined) throw notFound()
      if (isSame(record, seen)) return page
      // Its parts may be of different moments. A page of the store is of one.
      if (isLast) return first
      seen = record
      first = await this.#store.messages(ref, query)
    }
  }
}

function isSame(
  one: Pick<SessionRecord, 'incarnation' | 'changes'>,
  other: Pick<SessionRecord, 'incarnation' | 'changes'>,
): boolean {
  return one.incarnation === other.incarnation && one.changes === other.changes
}
