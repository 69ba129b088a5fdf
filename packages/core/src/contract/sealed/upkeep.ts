import { isSessionError, SessionError } from '../../errors.js'
import { copyConflict, corrupt } from '../refusals.js'
import type { SessionRecord, SessionRef } from '../session-record.js'
import type { SessionCopy, SessionStore } from '../session-store.js'
import type { SealedReads } from './sealed-reads.js'
import type { Sealing } from './sealing.js'
import { keyIdsOf, sealedBy } from './session-seal.js'
import { isOfOne, type UpkeepFailure, type UpkeepPage, type UpkeepReport } from './upkeep-report.js'

const pageSize = 200
const maxTries = 5

/**
 * Seals what is in a store: sessions that were never sealed, or with another key. Each is put in its own place as a copy
 * of itself, so it is sealed at one moment, and its times and counts stay as they are.
 */
export class Upkeep {
  readonly #store: SessionStore
  readonly #sealing: Sealing
  readonly #reads: SealedReads
  /** Seals a copy, whose session may have texts that these keys sealed, and puts it in its place. */
  readonly #restore: (ref: SessionRef, copy: SessionCopy, earlierKeys: readonly string[]) => Promise<void>

  constructor(
    store: SessionStore,
    sealing: Sealing,
    reads: SealedReads,
    restore: (ref: SessionRef, copy: SessionCopy, earlierKeys: readonly string[]) => Promise<void>,
  ) {
    this.#store = store
    this.#sealing = sealing
    this.#reads = reads
    this.#restore = restore
  }

  async sealPage({ tenantId, limit, cursor }: UpkeepPage): Promise<UpkeepReport> {
    const page = await this.#store.list({ tenantId, limit, ...(cursor === undefined ? {} : { cursor }) })
    let done = 0
    const failures: UpkeepFailure[] = []
    for (const { id } of page.items) {
      const ref = { tenantId, id }
      try {
        if (await this.sealPlain(ref)) done++
      } catch (error) {
        if (!isOfOne(error)) throw error
        failures.push({ ...ref, error })
      }
    }
    return { done, failures, ...(page.cursor === undefined ? {} : { cursor: page.cursor }) }
  }

  /** Seals a session that is not sealed; false when it is. */
  sealPlain(ref: SessionRef): Promise<boolean> {
    return this.#seal(ref, async () => {
      const stored = await this.#store.read(ref)
      return stored !== undefined && this.#reads.isPlain(stored)
    })
  }

  /** Seals a session with the key of its user; false when it is. */
  rekey(ref: SessionRef): Promise<boolean> {
    return this.#seal(ref, () => this.#hasOtherKey(ref))
  }

  async #seal(ref: SessionRef, isToDo: () => Promise<boolean>): Promise<boolean> {
    for (let tries = 0; tries < maxTries; tries++) {
      if (!(await isToDo())) return tries > 0
      try {
        await this.#copyOverItself(ref)
      } catch (error) {
        // It was changed meanwhile.
        if (!isSessionError(error, 'conflict') && !isSessionError(error, 'not_found')) throw error
      }
    }
    if (!(await isToDo())) return true
    throw new SessionError('conflict', 'The session is written all the time: seal it later.')
  }

  async #copyOverItself(ref: SessionRef): Promise<void> {
    const raw = await this.#store.read(ref)
    const stored = await this.#reads.read(ref)
    if (raw === undefined || stored === undefined) return
    const { record, body } = stored
    const { lastSeq } = record
    // What cannot be opened stays as it is, or a copy would be without it for good.
    if (raw.record.title !== undefined && record.title === undefined)
      throw corrupt('its title cannot be opened')
    // Who has seen the session with its earlier keys may go on with them for a while.
    const earlierKeys = keyIdsOf(raw.body)
    const copy = { record: { ...record, changes: record.changes + 1 }, body }
    let after = record.trimmedSeq
    do {
      const range = { after, before: lastSeq + 1, limit: pageSize }
      const page = await this.#reads.page(ref, range)
      if (page.lost.length > 0) throw corrupt('one of its messages cannot be opened')
      const { messages } = page
      if (messages.length > 0 ? messages[0]!.seq !== after + 1 : after < lastSeq)
        throw copyConflict(record.revision)
      const isFirst = after === record.trimmedSeq
      after = messages.at(-1)?.seq ?? after
      const more = after < lastSeq
      // The parts before the last one go with the session: once it is removed, the last one goes on from nothing.
      // Of one message, or none, there is no part before the last one, which stores refuse when it is empty.
      const isSplit = isFirst && !more && messages.length > 1
      for (const [at, part] of (isSplit
        ? [messages.slice(0, -1), messages.slice(-1)]
        : [messages]
      ).entries()) {
        await this.#expectSame(ref, record)
        await this.#restore(
          ref,
          { ...copy, messages: part, more: more || (isSplit && at === 0) },
          earlierKeys,
        )
      }
    } while (after < lastSeq)
  }

  /** @throws `conflict` when the session was removed or changed meanwhile: a copy would bring it back. */
  async #expectSame(ref: SessionRef, { incarnation, changes, revision }: SessionRecord): Promise<void> {
    const now = (await this.#store.read(ref))?.record
    if (now?.incarnation !== incarnation || now.changes !== changes) throw copyConflict(revision)
  }

  async #hasOtherKey(ref: SessionRef): Promise<boolean> {
    const stored = await this.#store.read(ref)
    if (stored === undefined) return false
    const { record, body } = stored
    const { tenantId } = ref
    const userId = this.#sealing.openUser(record)
    const wanted = this.#sealing.keys.idOf({ tenantId, userId })
    const texts = record.title === undefined ? [body] : [body, record.title]
    if (texts.some((text) => sealedBy(text) !== wanted)) return true
    let after = record.trimmedSeq
    for (let more = true; more;) {
      const page = await this.#store.messages(ref, { after, limit: pageSize })
      if (page.messages.some(({ payload }) => sealedBy(payload) !== wanted)) return true
      after = page.messages.at(-1)?.seq ?? after
      more = page.more && page.messages.length > 0
    }
    return false
  }
}
