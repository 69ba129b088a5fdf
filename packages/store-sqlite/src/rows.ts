import {
  corrupt,
  type OwnLifetime,
  parseDeadline,
  parseStoredMessage,
  parseText,
  parseWhole,
  recordSeparator,
  type SessionRecord,
  type SessionRef,
  type StoredMessage,
} from '@sessions/core/store'
import type { Row } from './connection.js'
import { maxSeq } from './statements.js'

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
export function parseRecord({ tenantId, id }: SessionRef, row: Row): SessionRecord {
  const lastSeq = parseWhole(row['last_seq'], 'last_seq', 0, maxSeq)
  const { expires_at, idle_ms, absolute_ms, user_id, label, title } = row
  return {
    tenantId,
    id,
    incarnation: parseText(row['incarnation'], 'incarnation'),
    revision: parseWhole(row['revision'], 'revision', 1),
    changes: parseWhole(row['changes'], 'changes', 1),
    lastSeq,
    trimmedSeq: parseWhole(row['trimmed_seq'], 'trimmed_seq', 0, lastSeq),
    bytes: parseWhole(row['bytes'], 'bytes'),
    createdAt: parseWhole(row['created_at'], 'created_at'),
    updatedAt: parseWhole(row['updated_at'], 'updated_at'),
    activeAt: parseWhole(row['active_at'], 'active_at'),
    ...(isNull(expires_at) ? undefined : { expiresAt: parseDeadline(expires_at) }),
    ...(isNull(idle_ms) && isNull(absolute_ms) ? undefined : { lifetime: toLifetime(idle_ms, absolute_ms) }),
    ...(isNull(user_id) ? undefined : { userId: parseText(user_id, 'user_id') }),
    ...(isNull(label) ? undefined : { label: parseText(label, 'label') }),
    ...(isNull(title) ? undefined : { title: parseText(title, 'title') }),
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
  return texts.map((text, index) => parseStoredMessage(text, first + index))
}

/** Whether the deadline of a row, if it has one, is later than `now`. */
export function isLive(row: Row, now: number): boolean {
  return isNull(row['expires_at']) || Number(row['expires_at']) > now
}

function toLifetime(idle: unknown, absolute: unknown): OwnLifetime {
  const ms = (value: unknown, column: string) => {
    const stored = parseWhole(value, column, -1)
    return stored === -1 ? null : stored
  }
  return {
    ...(isNull(idle) ? undefined : { idleMs: ms(idle, 'idle_ms') }),
    ...(isNull(absolute) ? undefined : { absoluteMs: ms(absolute, 'absolute_ms') }),
  }
}

function isNull(value: unknown): value is null | undefined {
  return value === null || value === undefined
}
