import {
  corrupt,
  type OwnLifetime,
  type SessionRecord,
  type SessionRef,
  type StoredMessage,
} from '@sessions/core/store'
import type { Row } from './database.js'
import { decodeText, recordSeparator, unitSeparator } from './text.js'

const recordFields = 15

/** The record of `ref`, from the text that `recordOf` made. @throws `corrupt` when the text cannot be a record. */
export function parseRecord(ref: SessionRef, text: unknown): SessionRecord {
  const fields = typeof text === 'string' ? text.split(unitSeparator) : []
  // The text leaves out a value that is null and must not be.
  if (fields.length !== recordFields) throw corrupt('its record is not one')
  const [
    incarnation,
    revision,
    changes,
    last,
    trimmed,
    bytes,
    created,
    updated,
    active,
    expires,
    idle,
    absolute,
    userId,
    label,
    title,
  ] = fields as Fields
  const lastSeq = toWhole(last, 'last_seq')
  return {
    tenantId: ref.tenantId,
    id: ref.id,
    incarnation: decodeText(incarnation),
    revision: toWhole(revision, 'revision', 1),
    changes: toWhole(changes, 'changes', 1),
    lastSeq,
    trimmedSeq: toWhole(trimmed, 'trimmed_seq', 0, lastSeq),
    bytes: toWhole(bytes, 'bytes'),
    createdAt: toWhole(created, 'created_at'),
    updatedAt: toWhole(updated, 'updated_at'),
    activeAt: toWhole(active, 'active_at'),
    ...(expires === '' ? undefined : { expiresAt: toWhole(expires, 'expires_at', -Infinity, Infinity) }),
    ...(idle === '' && absolute === '' ? undefined : { lifetime: toLifetime(idle, absolute) }),
    ...(userId === '' ? undefined : { userId: decodeText(userId) }),
    ...(label === '' ? undefined : { label: decodeText(label) }),
    ...(title === '' ? undefined : { title: decodeText(title) }),
  }
}

// prettier-ignore
type Fields = [string, string, string, string, string, string, string, string, string, string, string, string, string, string, string]

function toLifetime(idle: string, absolute: string): OwnLifetime {
  const ms = (text: string, column: string) => {
    const value = toWhole(text, column, -1)
    return value === -1 ? null : value
  }
  return {
    ...(idle === '' ? undefined : { idleMs: ms(idle, 'idle_ms') }),
    ...(absolute === '' ? undefined : { absoluteMs: ms(absolute, 'absolute_ms') }),
  }
}

/**
 * The newest messages of `record` as a read gives them: how many there are, and as many of them as had room, all in one
 * text.
 *
 * @throws `corrupt` when some are missing.
 */
export function parseTail(text: unknown, record: SessionRecord, tail: number): StoredMessage[] {
  const [found, ...entries] = typeof text === 'string' ? text.split(recordSeparator) : []
  const count = countOf(record, tail)
  if (Number(found) !== count || entries.length > count || (count > 0 && entries.length === 0)) {
    throw corrupt('the log has gaps')
  }
  return entries.map((entry, index) => parseEntry(entry, record.lastSeq - index)).reverse()
}

/** How many messages a tail of `record` has when none is left out. */
export function countOf({ lastSeq, trimmedSeq }: SessionRecord, tail: number): number {
  return Math.min(tail, lastSeq - trimmedSeq)
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

/** The message whose seq, id, at and payload begin at `from`. @throws `corrupt` when it is not of `seq`. */
export function parseMessage(row: Row, from: number, seq: number): StoredMessage {
  if (Number(row[from]) !== seq) throw corrupt('the log has gaps')
  return {
    seq,
    id: toText(row[from + 1], 'id'),
    at: toWhole(row[from + 2], 'at'),
    payload: toText(row[from + 3], 'payload'),
  }
}

export function toText(value: unknown, column: string): string {
  if (typeof value !== 'string') throw corrupt(`${column} is no text`)
  return decodeText(value)
}

/** Drivers give whole numbers as text, as numbers or as bigints, whatever the application has set. */
export function toWhole(value: unknown, column: string, min = 0, max = Number.MAX_SAFE_INTEGER): number {
  const number = isNull(value) ? Number.NaN : Number(value)
  if (!(number >= min && number <= max)) throw corrupt(`${column} is out of range`)
  return number
}

export function isNull(value: unknown): value is null | undefined {
  return value === null || value === undefined
}
