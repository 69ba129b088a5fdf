import {
  corrupt,
  decodeText,
  type OwnLifetime,
  parseDeadline,
  parseStoredMessage,
  parseText,
  parseWhole,
  recordSeparator,
  type SessionRecord,
  type SessionRef,
  type StoredMessage,
  unitSeparator,
} from '@sessions/core/store'
import type { Row } from './database.js'

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
  const lastSeq = parseWhole(last, 'last_seq')
  return {
    tenantId: ref.tenantId,
    id: ref.id,
    incarnation: decodeText(incarnation),
    revision: parseWhole(revision, 'revision', 1),
    changes: parseWhole(changes, 'changes', 1),
    lastSeq,
    trimmedSeq: parseWhole(trimmed, 'trimmed_seq', 0, lastSeq),
    bytes: parseWhole(bytes, 'bytes'),
    createdAt: parseWhole(created, 'created_at'),
    updatedAt: parseWhole(updated, 'updated_at'),
    activeAt: parseWhole(active, 'active_at'),
    ...(expires === '' ? undefined : { expiresAt: parseDeadline(expires) }),
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
    const value = parseWhole(text, column, -1)
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
  return entries.map((entry, index) => parseStoredMessage(entry, record.lastSeq - index)).reverse()
}

/** How many messages a tail of `record` has when none is left out. */
export function countOf({ lastSeq, trimmedSeq }: SessionRecord, tail: number): number {
  return Math.min(tail, lastSeq - trimmedSeq)
}

/** The message whose seq, id, at and payload begin at `from`. @throws `corrupt` when it is not of `seq`. */
export function parseMessage(row: Row, from: number, seq: number): StoredMessage {
  if (Number(row[from]) !== seq) throw corrupt('the log has gaps')
  return {
    seq,
    id: parseText(row[from + 1], 'id'),
    at: parseWhole(row[from + 2], 'at'),
    payload: parseText(row[from + 3], 'payload'),
  }
}

export function isNull(value: unknown): value is null | undefined {
  return value === null || value === undefined
}
