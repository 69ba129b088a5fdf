import {
  corrupt,
  parseStoredMessage,
  parseText,
  parseWhole,
  recordSeparator,
  type SessionRecord,
  type StoredMessage,
} from '@sessions/core/store'
import type { Row } from '../connection/database.js'

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
