import {
  corrupt,
  type OwnLifetime,
  type SessionRecord,
  type SessionRef,
  type StoredMessage,
} from '@sessions/core/store'
import type { Row } from './connection.js'
import { maxSeq } from './statements.js'
import { decodeText, recordSeparator, unitSeparator } from './text.js'

/** A session as its row has it. */
export interface Found {
  readonly record: SessionRecord
  /** Names the session inside the database. */
  readonly key: number
  /** Counts amends and trims. While the count stays the same, the messages of the log stay as they are. */
  readonly rewrites: number
}

/** @throws `corrupt` when the row cannot be that of a session. */
export function parseFound(ref: SessionRef, row: Row): Found {
  return {
    record: parseRecord(ref, row),
    key: toWhole(row['skey'], 'skey', 1),
    rewrites: toWhole(row['rewrites'], 'rewrites'),
  }
}

/** @throws `corrupt` when the row cannot be that of a session. */
export function parseRecord({ tenantId, id }: SessionRef, row: Row): SessionRecord {
  const lastSeq = toWhole(row['last_seq'], 'last_seq', 0, maxSeq)
  const { expires_at, idle_ms, absolute_ms, user_id, label, title } = row
  return {
    tenantId,
    id,
    incarnation: toText(row['incarnation'], 'incarnation'),
    revision: toWhole(row['revision'], 'revision', 1),
    changes: toWhole(row['changes'], 'changes', 1),
    lastSeq,
    trimmedSeq: toWhole(row['trimmed_seq'], 'trimmed_seq', 0, lastSeq),
    bytes: toWhole(row['bytes'], 'bytes'),
    createdAt: toWhole(row['created_at'], 'created_at'),
    updatedAt: toWhole(row['updated_at'], 'updated_at'),
    activeAt: toWhole(row['active_at'], 'active_at'),
    ...(isNull(expires_at) ? undefined : { expiresAt: toDeadline(expires_at) }),
    ...(isNull(idle_ms) && isNull(absolute_ms) ? undefined : { lifetime: toLifetime(idle_ms, absolute_ms) }),
    ...(isNull(user_id) ? undefined : { userId: toText(user_id, 'user_id') }),
    ...(isNull(label) ? undefined : { label: toText(label, 'label') }),
    ...(isNull(title) ? undefined : { title: toText(title, 'title') }),
  }
}

/**
 * The messages from `first` on. They come as one text, because each row of an answer costs drivers more than its text.
 *
 * @throws `corrupt` when there are not `count` of them.
 */
export function parseEntries(row: Row | undefined, first: number, count: number): StoredMessage[] {
  const entries = row?.['entries']
  const texts = typeof entries === 'string' ? entries.split(recordSeparator) : []
  if (Number(row?.['count']) !== count || texts.length !== count) throw corrupt('the log has gaps')
  return texts.map((text, index) => parseEntry(text, first + index))
}

function parseEntry(entry: string, seq: number): StoredMessage {
  const idEnd = entry.indexOf(unitSeparator)
  const atEnd = entry.indexOf(unitSeparator, idEnd + 1)
  const payload = entry.slice(atEnd + 1)
  if (idEnd < 0 || atEnd < 0 || payload.includes(unitSeparator)) throw corrupt('a message is not one')
  return {
    seq,
    id: decodeText(entry.slice(0, idEnd)),
    at: toWhole(entry.slice(idEnd + 1, atEnd), 'at'),
    payload: decodeText(payload),
  }
}

export function toText(value: unknown, column: string): string {
  if (typeof value !== 'string') throw corrupt(`${column} is no text`)
  return decodeText(value)
}

/** Drivers give whole numbers as numbers or as bigints, as the application has set. */
export function toWhole(value: unknown, column: string, min = 0, max = Number.MAX_SAFE_INTEGER): number {
  const number = isNull(value) ? Number.NaN : Number(value)
  if (!(Number.isInteger(number) && number >= min && number <= max))
    throw corrupt(`${column} is out of range`)
  return number
}

/** Whether the deadline of a row, if it has one, is later than `now`. */
export function isLive(row: Row, now: number): boolean {
  return isNull(row['expires_at']) || Number(row['expires_at']) > now
}

/** A bound of a session's own lifetime as it is stored: null for no bound, -1 for ever. */
export function toStoredMs(ms: number | null | undefined): number | null {
  return ms === null ? -1 : (ms ?? null)
}

function toLifetime(idle: unknown, absolute: unknown): OwnLifetime {
  const ms = (value: unknown, column: string) => {
    const stored = toWhole(value, column, -1)
    return stored === -1 ? null : stored
  }
  return {
    ...(isNull(idle) ? undefined : { idleMs: ms(idle, 'idle_ms') }),
    ...(isNull(absolute) ? undefined : { absoluteMs: ms(absolute, 'absolute_ms') }),
  }
}

function toDeadline(value: unknown): number {
  const number = Number(value)
  if (Number.isNaN(number)) throw corrupt('expires_at is no number')
  return number
}

function isNull(value: unknown): value is null | undefined {
  return value === null || value === undefined
}
