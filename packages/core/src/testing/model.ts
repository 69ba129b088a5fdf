import { SessionError } from '../errors.js'
import { maxPageBytes } from '../contract/page-bytes.js'
import type { SessionRecord, SessionRef } from '../contract/session-record.js'
import type {
  Amendment,
  AppendedMessage,
  MessageQuery,
  NewMessage,
  ReadOptions,
  SessionChange,
  SessionCopy,
  SessionGuard,
  SessionQuery,
  SessionStore,
  StoredMessage,
} from '../contract/session-store.js'

interface ModelSession {
  record: { -readonly [K in keyof SessionRecord]: SessionRecord[K] }
  body: string
  messages: StoredMessage[]
}

/**
 * The simplest store that says what sessions must be after any calls: every time is 0, and the only deadline is
 * `idleMs: 0`.
 */
export class StoreModel implements SessionStore {
  #sessions: ModelSession[] = []

  async commit(ref: SessionRef, change: SessionChange) {
    const {
      revision,
      incarnation,
      ownedBy,
      body,
      messages = [],
      lifetime,
      maxSeq = Infinity,
      maxBytes = Infinity,
    } = change
    const found = this.#find(ref)
    if (
      revision !== 0 &&
      (!found || (incarnation ?? found.record.incarnation) !== found.record.incarnation)
    ) {
      throw absent()
    }
    if (found && ownedBy !== undefined && ownedBy !== found.record.userId) throw absent()
    if (found && revision !== undefined && revision !== found.record.revision) {
      throw new SessionError('conflict', 'revision', { revision: found.record.revision })
    }
    const session = found ? structuredClone(found) : begin(ref, incarnation ?? 'made')
    const appended = messages.map((message) => append(session, message))
    const isNew = appended.some(({ inserted }) => inserted)
    if (isNew && session.record.lastSeq > maxSeq) throw new SessionError('limit_reached', 'messages')
    if (isNew && bytesOf(session) > maxBytes) throw new SessionError('too_large', 'messages')
    session.record.bytes = bytesOf(session)
    if (!found || body !== undefined) session.record.revision++
    session.record.changes++
    session.body = body ?? session.body
    for (const name of ['userId', 'label', 'title'] as const) {
      if (change[name] !== undefined) session.record[name] = change[name]
      if (change[name] === '') delete session.record[name]
    }
    if (lifetime !== undefined) session.record.lifetime = structuredClone(lifetime)
    if (Object.keys(session.record.lifetime ?? {}).length === 0) delete session.record.lifetime
    const { idleMs = change.idleMs } = session.record.lifetime ?? {}
    await this.remove(ref)
    if (idleMs !== 0) this.#sessions.push(session)
    return { record: structuredClone(session.record), messages: appended }
  }

  async read(ref: SessionRef, { tail = 0 }: ReadOptions = {}) {
    const session = this.#find(ref)
    if (!session) return undefined
    const newest = tail === 0 ? [] : session.messages.slice(-tail).reverse()
    return structuredClone({ ...session, messages: pageOf(newest).reverse() })
  }

  async messages(ref: SessionRef, { after = 0, before = Infinity, limit, order }: MessageQuery) {
    const session = this.#find(ref)
    if (!session) throw absent()
    const matching = session.messages.filter(({ seq }) => seq > after && seq < before)
    if (order === 'desc') matching.reverse()
    const page = pageOf(matching.slice(0, limit))
    return { messages: structuredClone(page), more: matching.length > page.length }
  }

  async amend(ref: SessionRef, amendments: readonly Amendment[], { changes }: SessionGuard = {}) {
    const session = this.#find(ref)
    if (!session || (changes !== undefined && changes !== session.record.changes)) return 0
    const payloads = new Map(amendments.map(({ seq, payload }) => [seq, payload]))
    const there = session.messages.filter(({ seq }) => payloads.has(seq)).length
    if (there > 0) session.record.changes++
    session.messages = session.messages.map((stored) => {
      return { ...stored, payload: payloads.get(stored.seq) ?? stored.payload }
    })
    session.record.bytes = bytesOf(session)
    return there
  }

  async trim(ref: SessionRef, throughSeq: number) {
    const session = this.#find(ref)
    if (!session) return 0
    const { record, messages } = session
    session.messages = messages.filter(({ seq }) => seq > throughSeq)
    if (session.messages.length < messages.length) record.changes++
    record.bytes = bytesOf(session)
    record.trimmedSeq = Math.max(record.trimmedSeq, Math.min(throughSeq, record.lastSeq))
    return messages.length - session.messages.length
  }

  async remove(ref: SessionRef, { changes }: SessionGuard = {}) {
    const found = this.#find(ref)
    if (changes !== undefined && changes !== found?.record.changes) return false
    this.#sessions = this.#sessions.filter((session) => session !== found)
    return found !== undefined
  }

  async list({ tenantId, userId, label, limit, cursor = '0' }: SessionQuery) {
    const matching = this.#sessions
      .map(({ record }) => structuredClone(record))
      .filter((record) => record.tenantId === tenantId)
      .filter((record) => userId === undefined || record.userId === userId)
      .filter((record) => label === undefined || record.label === label)
      .sort((a, b) => (a.id < b.id ? -1 : 1))
    const end = Number(cursor) + limit
    const items = matching.slice(Number(cursor), end)
    return end < matching.length ? { items, cursor: String(end) } : { items }
  }

  async restore(ref: SessionRef, { record, body, messages }: SessionCopy) {
    const found = this.#find(ref)?.record
    if (found && (found.incarnation !== record.incarnation || found.changes > record.changes)) {
      throw new SessionError('conflict', 'newer', { revision: found.revision })
    }
    if (found?.changes === record.changes) return
    await this.remove(ref)
    this.#sessions.push(structuredClone({ record: { ...record, ...ref }, body, messages: [...messages] }))
  }

  async sweep() {
    return 0
  }

  #find({ tenantId, id }: SessionRef): ModelSession | undefined {
    return this.#sessions.find(({ record }) => record.tenantId === tenantId && record.id === id)
  }
}

function begin({ tenantId, id }: SessionRef, incarnation: string): ModelSession {
  const times = { createdAt: 0, updatedAt: 0, activeAt: 0 }
  const record = {
    tenantId,
    id,
    incarnation,
    revision: 0,
    changes: 0,
    lastSeq: 0,
    trimmedSeq: 0,
    bytes: 0,
    ...times,
  }
  return { record, body: '', messages: [] }
}

function append(session: ModelSession, { id, payload }: NewMessage): AppendedMessage {
  const known = session.messages.find((stored) => stored.id === id)
  if (known && known.payload !== payload) throw new SessionError('conflict', 'message id', { messageId: id })
  if (known) return { id, seq: known.seq, at: 0, inserted: false }
  const seq = ++session.record.lastSeq
  session.messages.push({ seq, id, at: 0, payload })
  return { id, seq, at: 0, inserted: true }
}

/** The first messages, as many as one page holds. */
function pageOf(messages: readonly StoredMessage[]): StoredMessage[] {
  const page: StoredMessage[] = []
  for (const message of messages) {
    const texts = [...page, message].map(({ payload }) => payload)
    if (page.length > 0 && Buffer.byteLength(texts.join('')) > maxPageBytes) break
    page.push(message)
  }
  return page
}

function bytesOf({ messages }: ModelSession): number {
  return Buffer.byteLength(messages.map(({ payload }) => payload).join(''))
}

function absent(): SessionError {
  return new SessionError('not_found', 'absent')
}
