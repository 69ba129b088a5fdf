import { erased, Subjects } from '../audit/subjects.js'
import type { SessionRecord, SessionRef } from '../contract/session-record.js'
import type { StoredMessage } from '../contract/session-store.js'
import { decodeMessage, textOf } from '../domain/message.js'
import type { SearchEntry, SearchIndex } from '../domain/search.js'
import type { TermSeal } from '../contract/term-seal.js'
import { isSessionError, isUnreadable, SessionError } from '../errors.js'
import type { Service } from '../service/service.js'
import { flushMs, TenantQueue } from '../service/tenant-queue.js'
import { inSlices, pause } from '../async/slices.js'
import { within } from '../time.js'
import { readMessage } from './find.js'
import { searchTermsOf } from './terms.js'

type About = Pick<
  SessionRecord,
  'tenantId' | 'id' | 'incarnation' | 'changes' | 'userId' | 'expiresAt' | 'createdAt' | 'title'
>

interface Said {
  readonly record: About
  /** Absent when it is the title of the session. */
  readonly message?: StoredMessage
}

/** Where an index has the title of a session: before its messages. */
export const titleSeq = 0

// Messages that wait to be put into the index, over all tenants.
const maxQueuedBytes = 4 * 1024 * 1024
const messageBytes = 256
// Messages that come at about the same time are put together.
const delayMs = 500
const pageSize = 200
const maxTells = 1000
const maxFollowed = 10_000

/** Puts into the index what is said, beside it, so that nobody waits for it. */
export class SearchRecorder {
  readonly index: SearchIndex
  readonly terms: TermSeal | undefined
  readonly subjects: Subjects
  readonly service: Service
  readonly #queue: TenantQueue<Said>
  readonly #followed = new Set<string>()
  /** When something of a tenant was last dropped, by the store's clock. */
  readonly #lostAt = new Map<string, number>()
  #told: Promise<void> = Promise.resolve()
  #tells = 0
  #drains = 0

  constructor(service: Service) {
    const { index, terms } = service.search!
    this.service = service
    this.index = index!
    this.terms = terms
    this.subjects = new Subjects(service, 'searchKey')
    this.#queue = new TenantQueue<Said>({
      maxBytes: maxQueuedBytes,
      delayMs,
      write: async (tenantId, said) => {
        const entries = await this.#entries(said)
        // A title that says nothing takes the place of one that did.
        const kept = entries.filter(({ seq, terms }) => terms.length > 0 || seq === titleSeq)
        if (kept.length > 0) await this.index.put(tenantId, kept)
      },
      onLost: (tenantId) => {
        if (this.#lostAt.size === maxFollowed) this.#lostAt.clear()
        this.#lostAt.set(tenantId, service.storeClock.now())
      },
      onDropped: (count, cause) => {
        const message = `${count} messages were not put into the index; the next sweep makes it good.`
        service.warn({ code: 'search_failed', message, ...(cause === undefined ? {} : { cause }) })
      },
    })
  }

  /** Takes messages to put them into the index soon. What does not fit is dropped, and the next sweep finds it. */
  note(record: About, messages: readonly StoredMessage[]): void {
    for (const message of messages) {
      this.#queue.add(record.tenantId, { record, message }, message.payload.length * 2 + messageBytes)
    }
  }

  /** Takes the title of a session, as `note` does messages. */
  noteTitle(record: About): void {
    this.#queue.add(record.tenantId, { record }, (record.title?.length ?? 0) * 2 + messageBytes)
  }

  /** Whether it is known that the index has what was said before it was there, and all that this process has put. */
  knowsFollowed(tenantId: string): boolean {
    return this.#followed.has(tenantId) && !this.#lostAt.has(tenantId)
  }

  /** @param done What was stored before this, epoch ms, is in the index. @returns Whether that is all. */
  noteFollowed(tenantId: string, done: number): boolean {
    const lostAt = this.#lostAt.get(tenantId)
    if (done === 0 || (lostAt !== undefined && done <= lostAt)) return false
    this.#lostAt.delete(tenantId)
    if (this.#followed.size === maxFollowed) this.#followed.clear()
    this.#followed.add(tenantId)
    return true
  }

  /** Has the index told something that it must not miss. What fails, or does not fit, a note in the store tells. */
  tell(tenantId: string, work: () => Promise<void>): void {
    if (this.#tells === maxTells) return
    this.#tells++
    const drains = this.#drains
    this.#told = this.#told.then(async () => {
      try {
        if (drains !== this.#drains) return
        if (!(await this.#queue.flush(tenantId)))
          throw new SessionError('unavailable', 'What was said before is not in the index yet.')
        await work()
      } catch (cause) {
        this.service.warn({
          code: 'search_failed',
          message: 'The index was not told of a change; the next sweep tells it.',
          cause,
        })
      } finally {
        this.#tells--
      }
    })
  }

  /**
   * Settles when the index has what a tenant has said until now, and what it was told.
   *
   * @returns False when that took too long; then it goes on without whoever has waited.
   */
  async flush(tenantId: string): Promise<boolean> {
    const told = this.#told
    return (await this.#queue.flush(tenantId)) && (this.#tells === 0 || (await within(told, flushMs)))
  }

  /** As `flush`, of all tenants, at the end: what cannot be put by then the next sweep puts. */
  async drain(): Promise<void> {
    await this.#queue.drain()
    if (this.#tells === 0 || (await within(this.#told, flushMs))) return
    this.#drains++
    const message = `The index was not told of ${this.#tells} changes in time; the next sweep tells it.`
    this.service.warn({ code: 'search_failed', message })
  }

  /**
   * Puts into the index what a session says, as the store has it now; takes out what it says no more.
   *
   * Of a session that nobody can read it puts nothing.
   *
   * @param since Only messages from this moment on, epoch ms (default: all, also those that say nothing any more).
   * @returns How many messages it put.
   */
  async reindex(ref: SessionRef, since?: number): Promise<number> {
    try {
      return await this.#reindexed(ref, since)
    } catch (error) {
      if (isUnreadable(error)) return 0
      throw error
    }
  }

  async #reindexed({ tenantId, id }: SessionRef, since?: number): Promise<number> {
    const stored = await this.service.store.read({ tenantId, id })
    if (stored === undefined) {
      await this.index.drop(tenantId, { sessionId: id })
      return 0
    }
    const { record } = stored
    const session = { sessionId: id, incarnation: record.incarnation }
    const saysNothing = record.lastSeq === record.trimmedSeq && record.title === undefined
    if (since === undefined && saysNothing) {
      // Nothing that it says takes the place of what an earlier session of this id has said.
      await this.index.drop(tenantId, { sessionId: id })
      return 0
    }
    if (since === undefined) {
      if (record.trimmedSeq > 0) await this.index.drop(tenantId, session, record.trimmedSeq)
      await this.index.own(tenantId, session, await this.#userOf(record))
    }
    await this.#putTitle(record)
    let count = 0
    try {
      for (let before: number | undefined; ;) {
        const query = { order: 'desc' as const, limit: pageSize, ...(before === undefined ? {} : { before }) }
        const page = await this.service.store.messages({ tenantId, id }, query)
        const fresh = page.messages.filter(({ at }) => at >= (since ?? 0))
        count += await this.#put(record, fresh, since === undefined)
        if (!page.more || fresh.length < page.messages.length) return count
        before = page.messages.at(-1)!.seq
      }
    } catch (error) {
      if (!isSessionError(error, 'not_found')) throw error
      return count
    }
  }

  /** Puts some messages into the index as they are now, also those that say nothing any more. */
  async putAgain(ref: SessionRef, seqs: readonly number[]): Promise<void> {
    const stored = await this.service.store.read(ref)
    for (const seq of stored === undefined ? [] : seqs) {
      const message = await readMessage(this.service, ref, seq)
      if (message !== undefined) await this.#put(stored!.record, [message], true)
    }
  }

  /** Takes out what a session has trimmed away. */
  async dropTrimmed({ tenantId, id }: SessionRef): Promise<void> {
    const { record } = (await this.service.store.read({ tenantId, id })) ?? {}
    if (record === undefined) return
    const session = { sessionId: id, incarnation: record.incarnation }
    await this.index.drop(tenantId, session, record.trimmedSeq)
    await this.#putTitle(record)
  }

  /** Says whose a session is from now on. */
  async own(record: About): Promise<void> {
    const session = { sessionId: record.id, incarnation: record.incarnation }
    await this.index.own(record.tenantId, session, await this.#userOf(record))
  }

  async #userOf({ tenantId, userId }: About): Promise<string | undefined> {
    if (userId === undefined) return undefined
    const user = await this.subjects.of({ tenantId, userId })
    return user === erased ? undefined : user
  }

  async #putTitle(record: About): Promise<void> {
    const { tenantId, id: sessionId, incarnation, title } = record
    if (title === undefined) await this.index.drop(tenantId, { sessionId, incarnation }, titleSeq)
    else await this.index.put(tenantId, await this.#entries([{ record }]))
  }

  async #put(record: About, messages: readonly StoredMessage[], withEmpty: boolean): Promise<number> {
    const entries = await this.#entries(messages.map((message) => ({ record, message })))
    const kept = withEmpty ? entries : entries.filter(({ terms }) => terms.length > 0)
    if (kept.length > 0) await this.index.put(record.tenantId, kept)
    return kept.length
  }

  async #entries(items: readonly Said[]): Promise<readonly SearchEntry[]> {
    const entries: SearchEntry[] = []
    for (const { record, message } of items) {
      const { tenantId, id: sessionId, incarnation, changes, expiresAt, createdAt } = record
      const { role, text } =
        message === undefined ? { role: 'title' as const, text: record.title ?? '' } : saidIn(message)
      const { seq, at } = message ?? { seq: titleSeq, at: createdAt }
      const counts = await inSlices(searchTermsOf(text))
      const terms = [...counts].map(
        ([term, count]) => [this.terms?.seal(tenantId, term) ?? term, count] as const,
      )
      const user = await this.#userOf(record)
      entries.push({ sessionId, incarnation, seq, at, changes, role, user, expiresAt, terms })
      await pause()
    }
    return entries
  }
}

function saidIn(message: StoredMessage): Pick<SearchEntry, 'role'> & { readonly text: string } {
  const { role, status, ...content } = decodeMessage(message)
  return { role, text: status === 'corrupt' ? '' : textOf(content) }
}

const recorders = new WeakMap<object, SearchRecorder>()

/** What fills the index of a service, of which there is one; undefined where there is none. */
export function searchOf(service: Service): SearchRecorder | undefined {
  const { search } = service
  if (search === undefined) return undefined
  const known = recorders.get(search)
  if (known !== undefined) return known
  const recorder = new SearchRecorder(service)
  recorders.set(search, recorder)
  return recorder
}
