import { idTwice } from '../check-arguments.js'
import { countFitting } from '../page-bytes.js'
import { checkRoom, messageConflict } from '../refusals.js'
import { byteLength } from '../../json.js'
import type { OwnLifetime, SessionRecord, SessionRef } from '../session-record.js'
import type {
  Amendment,
  AppendedMessage,
  MessagePage,
  MessageQuery,
  NewMessage,
  SessionChange,
  SessionCopy,
  StoredMessage,
} from '../session-store.js'

// The engine needs roughly this beside the text: an object and two map entries for a message, some more for a session
// and its places in lists.
const messageBytes = 200
const sessionBytes = 800

// Real stores keep `activeAt` in an index that most appends must not touch. So `activeAt` moves in steps in every
// store.
const activityStepMs = 60_000

/** One session as `memoryStore` keeps it. It hands out copies, never objects of its own. */
export class MemorySession {
  readonly tenantId: string
  readonly id: string
  readonly incarnation: string
  readonly createdAt: number
  activeAt: number
  expiresAt: number | undefined
  userId: string | undefined
  label: string | undefined
  revision = 0
  changes = 0
  #title: string | undefined
  #lifetime: OwnLifetime | undefined
  #payloadBytes = 0
  #updatedAt: number
  #lastSeq = 0
  #trimmedSeq = 0
  #body = ''
  #textLength: number
  // The message of seq n is at n - trimmedSeq - 1.
  readonly #messages: StoredMessage[] = []
  readonly #byId = new Map<string, StoredMessage>()

  constructor(ref: SessionRef, incarnation: string, now: number) {
    this.tenantId = ref.tenantId
    this.id = ref.id
    this.incarnation = incarnation
    this.createdAt = now
    this.activeAt = now
    this.#updatedAt = now
    this.#textLength = ref.tenantId.length + ref.id.length + incarnation.length
  }

  /** The session of a copy, still without its messages. */
  static restored(ref: SessionRef, { record, body }: SessionCopy): MemorySession {
    const session = new MemorySession(ref, record.incarnation, record.createdAt)
    session.changes = record.changes
    session.#lastSeq = record.trimmedSeq
    session.#trimmedSeq = record.trimmedSeq
    session.take({ record, body })
    return session
  }

  /** Takes what a part of the copy says beside its messages. */
  take({ record, body }: Pick<SessionCopy, 'record' | 'body'>): void {
    this.revision = record.revision
    this.activeAt = record.activeAt
    this.expiresAt = record.expiresAt
    this.#updatedAt = record.updatedAt
    this.#payloadBytes = record.bytes
    this.#textLength += growth(this.#body, body)
    this.#body = body
    this.userId = this.#named(this.userId, record.userId ?? '')
    this.label = this.#named(this.label, record.label ?? '')
    this.#title = this.#named(this.#title, record.title ?? '')
    this.#lifetime = owned(record.lifetime)
  }

  /** Adds the messages of a copy that the log does not have yet; false when they do not go on where the log ends. */
  extend(messages: readonly StoredMessage[]): boolean {
    const next = this.#lastSeq + 1
    if (messages.length > 0 && messages[0]!.seq > next) return false
    const added = messages.filter(({ seq }) => seq >= next)
    if (added.some(({ id }) => this.#byId.has(id))) throw idTwice()
    for (const message of added) this.#add(copy(message))
    return true
  }

  /** Two bytes for each UTF-16 unit of text, and an allowance for the objects around it. */
  get bytes(): number {
    return sessionBytes + this.#messages.length * messageBytes + 2 * this.#textLength
  }

  isPast(now: number): boolean {
    return this.expiresAt !== undefined && this.expiresAt <= now
  }

  record(): SessionRecord {
    return {
      tenantId: this.tenantId,
      id: this.id,
      incarnation: this.incarnation,
      revision: this.revision,
      changes: this.changes,
      lastSeq: this.#lastSeq,
      trimmedSeq: this.#trimmedSeq,
      bytes: this.#payloadBytes,
      createdAt: this.createdAt,
      updatedAt: this.#updatedAt,
      activeAt: this.activeAt,
      ...(this.expiresAt === undefined ? {} : { expiresAt: this.expiresAt }),
      ...(this.#lifetime === undefined ? {} : { lifetime: { ...this.#lifetime } }),
      ...(this.userId === undefined ? {} : { userId: this.userId }),
      ...(this.label === undefined ? {} : { label: this.label }),
      ...(this.#title === undefined ? {} : { title: this.#title }),
    }
  }

  body(): string {
    return this.#body
  }

  tail(count: number): StoredMessage[] {
    if (count === 0) return []
    const newest = this.#messages.slice(-count).reverse()
    return newest.slice(0, countFitting(newest)).reverse().map(copy)
  }

  /**
   * `bytes` as they would be after `change`.
   *
   * @throws `conflict` when a message id is used with another payload; `limit_reached`, `too_large`
   */
  bytesAfter(change: SessionChange): number {
    const fresh = new Map<string, string>()
    const grown =
      growth(this.#body, change.body) +
      growth(this.userId, change.userId) +
      growth(this.label, change.label) +
      growth(this.#title, change.title)
    let bytes = this.bytes + 2 * grown
    for (const { id, payload } of change.messages ?? []) {
      const known = this.#byId.get(id)?.payload ?? fresh.get(id)
      if (known === undefined) {
        fresh.set(id, payload)
        bytes += messageBytes + 2 * (id.length + payload.length)
      } else if (known !== payload) {
        throw messageConflict(id)
      }
    }
    if (fresh.size > 0) {
      let added = 0
      for (const payload of fresh.values()) added += byteLength(payload)
      checkRoom({ lastSeq: this.#lastSeq, bytes: this.#payloadBytes }, change, {
        count: fresh.size,
        bytes: added,
      })
    }
    return bytes
  }

  /** Applies what `bytesAfter` has accepted. */
  apply(change: SessionChange, now: number): AppendedMessage[] {
    if (change.body !== undefined) {
      this.#textLength += growth(this.#body, change.body)
      this.#body = change.body
    }
    if (change.body !== undefined || this.revision === 0) this.revision++
    this.changes++
    this.#updatedAt = now
    if (now - this.activeAt >= activityStepMs) this.activeAt = now
    if (change.lifetime !== undefined) this.#lifetime = owned(change.lifetime)
    const { idleMs = change.idleMs, absoluteMs = change.absoluteMs } = this.#lifetime ?? {}
    const deadline = Math.min(now + (idleMs ?? Infinity), this.createdAt + (absoluteMs ?? Infinity))
    if (deadline < Infinity) this.expiresAt = deadline
    this.userId = this.#named(this.userId, change.userId)
    this.label = this.#named(this.label, change.label)
    this.#title = this.#named(this.#title, change.title)
    return (change.messages ?? []).map((message) => this.#append(message, now))
  }

  page(query: MessageQuery): MessagePage {
    const first = Math.max(query.after ?? 0, this.#trimmedSeq) + 1
    const last = Math.min((query.before ?? Infinity) - 1, this.#lastSeq)
    const count = Math.max(0, Math.min(query.limit, last - first + 1))
    const start = (query.order === 'desc' ? last - count + 1 : first) - this.#trimmedSeq - 1
    const found = count === 0 ? [] : this.#messages.slice(start, start + count)
    if (query.order === 'desc') found.reverse()
    const messages = found.slice(0, countFitting(found)).map(copy)
    return { messages, more: last - first + 1 > messages.length }
  }

  /** `bytes` as they would be after `amendments`. */
  bytesAmended(amendments: readonly Amendment[]): number {
    return amendments.reduce((bytes, { seq, payload }) => {
      const before = this.#messages[seq - this.#trimmedSeq - 1]
      return before === undefined ? bytes : bytes + 2 * (payload.length - before.payload.length)
    }, this.bytes)
  }

  amend(amendments: readonly Amendment[]): number {
    let count = 0
    for (const { seq, payload } of amendments) {
      const index = seq - this.#trimmedSeq - 1
      const before = this.#messages[index]
      if (before === undefined) continue
      const after = { ...before, payload }
      this.#messages[index] = after
      this.#byId.set(after.id, after)
      this.#textLength += payload.length - before.payload.length
      this.#payloadBytes += byteLength(payload) - byteLength(before.payload)
      count++
    }
    this.#payloadBytes = Math.max(0, this.#payloadBytes)
    if (count > 0) this.changes++
    return count
  }

  trim(throughSeq: number): number {
    const through = Math.min(throughSeq, this.#lastSeq)
    if (through <= this.#trimmedSeq) return 0
    const dropped = this.#messages.splice(0, through - this.#trimmedSeq)
    for (const { id, payload } of dropped) {
      this.#byId.delete(id)
      this.#textLength -= id.length + payload.length
      this.#payloadBytes -= byteLength(payload)
    }
    this.#payloadBytes = Math.max(0, this.#payloadBytes)
    this.#trimmedSeq = through
    this.changes++
    return dropped.length
  }

  #append({ id, payload }: NewMessage, now: number): AppendedMessage {
    const known = this.#byId.get(id)
    if (known !== undefined) return { id, seq: known.seq, at: known.at, inserted: false }
    const seq = this.#lastSeq + 1
    this.#add({ seq, id, at: now, payload })
    this.#payloadBytes += byteLength(payload)
    return { id, seq, at: now, inserted: true }
  }

  #add(message: StoredMessage): void {
    this.#lastSeq = message.seq
    this.#messages.push(message)
    this.#byId.set(message.id, message)
    this.#textLength += message.id.length + message.payload.length
  }

  #named(before: string | undefined, change: string | undefined): string | undefined {
    if (change === undefined) return before
    this.#textLength += growth(before, change)
    return change === '' ? undefined : change
  }
}

/** The lifetime of its own that a session has; undefined when it sets no bound. */
function owned({ idleMs, absoluteMs }: OwnLifetime = {}): OwnLifetime | undefined {
  if (idleMs === undefined && absoluteMs === undefined) return undefined
  return {
    ...(idleMs === undefined ? {} : { idleMs }),
    ...(absoluteMs === undefined ? {} : { absoluteMs }),
  }
}

function growth(before: string | undefined, after: string | undefined): number {
  return after === undefined ? 0 : after.length - (before?.length ?? 0)
}

function copy({ seq, id, at, payload }: StoredMessage): StoredMessage {
  return { seq, id, at, payload }
}
