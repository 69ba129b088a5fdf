import {
  type AppendedMessage,
  type Committed,
  encodeText,
  type NewMessage,
  type SessionChange,
  type SessionRecord,
  type SessionRef,
  toStoredMs,
} from '@sessions/core/store'
import { randomBytes } from 'node:crypto'
import type { Call, Value } from '../connection/database.js'

/** A change on its way, as the database takes it. It is a copy, because the caller may go on to alter the original. */
export interface Commit {
  ref: SessionRef
  change: SessionChange & { messages: readonly NewMessage[] }
  call: Call & { tenant: string }
  id: string
  incarnation: string | null
  messageIds: string[]
  payloads: string[]
  /** How many bytes of UTF-8 the payloads take. */
  bytes: number
  /** True when the change has a message id twice. */
  repeats: boolean
}

export function toCommit(ref: SessionRef, change: SessionChange, until: number): Commit {
  const { incarnation, lifetime } = change
  const messages = (change.messages ?? []).map(({ id, payload }): NewMessage => ({ id, payload }))
  const made = change.revision === 0 ? randomBytes(18).toString('base64url') : null
  const messageIds = messages.map(({ id }) => encodeText(id))
  const payloads = messages.map(({ payload }) => encodeText(payload))
  return {
    ref: { tenantId: ref.tenantId, id: ref.id },
    change: { ...change, messages, ...(lifetime === undefined ? {} : { lifetime: { ...lifetime } }) },
    call: { tenant: encodeText(ref.tenantId), until, writes: true },
    id: encodeText(ref.id),
    incarnation: incarnation === undefined ? made : encodeText(incarnation),
    messageIds,
    payloads,
    bytes: payloads.reduce((sum, payload) => sum + Buffer.byteLength(payload), 0),
    repeats: new Set(messageIds).size < messageIds.length,
  }
}

/** True for a commit that only appends. Most commits are of this kind, and they can share a statement. */
export function isAppend({ revision, userId, label, title, lifetime }: SessionChange): boolean {
  // A change of the body names a revision.
  return (
    revision === undefined &&
    userId === undefined &&
    label === undefined &&
    lifetime === undefined &&
    title === undefined
  )
}

/** Parameters of `append`. */
export function toAppendValues(commit: Commit): Value[] {
  return [...toGivenValues(commit), encoded(commit.change.ownedBy)]
}

/** Parameters of `appendOne`. */
export function toAppendOneValues(commit: Commit): Value[] {
  return [
    ...toPlaceValues(commit),
    commit.messageIds[0]!,
    commit.payloads[0]!,
    ...toRoomValues(commit),
    encoded(commit.change.ownedBy),
  ]
}

function toGivenValues(commit: Commit): Value[] {
  return [...toPlaceValues(commit), commit.messageIds, commit.payloads, ...toRoomValues(commit)]
}

function toRoomValues({ bytes, change }: Commit): Value[] {
  const { maxSeq, maxBytes } = roomOf(change, change.messages.length)
  return [bytes, maxSeq, maxBytes]
}

/** How far a change may take the log; a change without messages adds nothing to it. */
export function roomOf(
  { maxSeq, maxBytes }: SessionChange,
  count: number,
): { maxSeq: number; maxBytes: number } {
  const most = Number.MAX_SAFE_INTEGER
  if (count === 0) return { maxSeq: most, maxBytes: most }
  return { maxSeq: maxSeq ?? most, maxBytes: maxBytes ?? most }
}

function toLifetimeValues({ lifetime }: SessionChange): Value[] {
  return [String(lifetime !== undefined), toStoredMs(lifetime?.idleMs), toStoredMs(lifetime?.absoluteMs)]
}

function toPlaceValues({ call, id, incarnation, change }: Commit): Value[] {
  return [call.tenant, id, incarnation, change.idleMs ?? null, change.absoluteMs ?? null]
}

/** Parameters of `create`. */
export function toCreateValues(commit: Commit): Value[] {
  const { body = '', userId, label, title } = commit.change
  return [
    ...toGivenValues(commit),
    encodeText(body),
    encoded(userId),
    encoded(label),
    encoded(title),
    ...toLifetimeValues(commit.change),
  ]
}

/** Parameters of `change`. */
export function toChangeValues(commit: Commit): Value[] {
  const { body, userId, label, title, revision, ownedBy } = commit.change
  return [
    ...toGivenValues(commit),
    encoded(body),
    encoded(userId),
    encoded(label),
    encoded(title),
    ...toLifetimeValues(commit.change),
    revision ?? null,
    encoded(ownedBy),
  ]
}

/** The result of a commit whose messages were all new, the last of them at `record.lastSeq`. */
export function toCommitted(record: SessionRecord, messages: readonly NewMessage[]): Committed {
  const first = record.lastSeq - messages.length + 1
  return {
    record,
    messages: messages.map(({ id }, index): AppendedMessage => ({
      id,
      seq: first + index,
      at: record.updatedAt,
      inserted: true,
    })),
  }
}

function encoded(text: string | undefined): string | null {
  return text === undefined ? null : encodeText(text)
}
