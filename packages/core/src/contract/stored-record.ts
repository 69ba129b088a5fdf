import { corrupt } from './refusals.js'
import type { OwnLifetime, SessionRecord, SessionRef } from './session-record.js'
import { decodeText, parseDeadline, parseWhole, unitSeparator } from './stored-text.js'

const recordFields = 15

/**
 * For a store in a SQL database: the record of `ref`, from one text of its columns, because each column of an answer
 * costs drivers more than its text. The fields stand in the order below, with `unitSeparator` between them; what is null
 * is the empty text, and bounds of the lifetime are as `toStoredMs` gives them.
 *
 * @throws `corrupt` when the text cannot be a record.
 */
export function parseStoredRecord(ref: SessionRef, text: unknown): SessionRecord {
  const fields = typeof text === 'string' ? text.split(unitSeparator) : []
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
