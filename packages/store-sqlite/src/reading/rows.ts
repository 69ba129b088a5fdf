import {
  corrupt,
  parseStoredMessage,
  parseStoredRecord,
  parseWhole,
  recordSeparator,
  type SessionRecord,
  type SessionRef,
  type StoredMessage,
} from '@sessions/core/store'
import type { Row } from '../database/connection.js'
import { maxSeq } from '../statements.js'

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
    key: parseWhole(row['skey'], 'skey', 1),
    rewrites: parseWhole(row['rewrites'], 'rewrites'),
  }
}

/** @throws `corrupt` when the row cannot be that of a session. */
export function parseRecord(ref: SessionRef, row: Row): SessionRecord {
  const record = parseStoredRecord(ref, row['record'])
  // The place of a message has no room for more.
  if (record.lastSeq > maxSeq) throw corrupt('last_seq is out of range')
  return record
}

/**
 * The messages from `first` on. They come as one text, because each row of an answer costs drivers more than its text.
 *
 * @throws `corrupt` when there are not `count` of them.
 */
export function parseEntries(row: Row, first: number, count: number): StoredMessage[] {
  const entries = row['entries']
  const texts = typeof entries === 'string' ? entries.split(recordSeparator) : []
  if (Number(row['count']) !== count || texts.length !== count) throw corrupt('the log has gaps')
  return texts.map((text, index) => parseStoredMessage(text, first + index))
}

/** Whether the deadline of a row, if it has one, is later than `now`. */
export function isLive(row: Row, now: number): boolean {
  return isNull(row['expires_at']) || Number(row['expires_at']) > now
}

function isNull(value: unknown): value is null | undefined {
  return value === null || value === undefined
}
