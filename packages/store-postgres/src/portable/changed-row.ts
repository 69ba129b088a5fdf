import { encodeText, type SessionChange, type SessionRecord, toStoredMs } from '@sessions/core/store'
import { activityStepMs } from '../statements/statements.js'
import type { LockedRow, RecordColumn, RecordRow } from './locked-row.js'

/** What every change of a session writes. The store works it out, so that no statement has to. */
export type ChangedColumn = Exclude<RecordColumn, 'incarnation' | 'trimmed_seq' | 'created_at'>
export type ChangedRow = Pick<RecordRow, ChangedColumn> & { readonly expires_bucket: number | null }

/** What a new session has before the server has told it the time. */
export type NewColumn =
  | 'incarnation'
  | 'revision'
  | 'changes'
  | 'last_seq'
  | 'bytes'
  | 'idle_ms'
  | 'absolute_ms'
  | 'user_id'
  | 'label'
  | 'title'
export type NewRow = Pick<RecordRow, NewColumn> & { readonly lifeMs: number | null }

/** What a commit adds to the log. */
export interface Added {
  readonly count: number
  readonly bytes: number
}

const hourMs = 3_600_000
const lastHour = 2_147_483_647

/** The row of a session after a change. `record` is what `locked` says. */
export function toChangedRow(
  change: SessionChange,
  { count, bytes }: Added,
  locked: LockedRow,
  record: SessionRecord,
): ChangedRow {
  const { now, row } = locked
  // The clock of the server may be set back; times of a session do not go back with it.
  const updatedAt = Math.max(record.updatedAt, now)
  const own = ownLifetime(change) ?? row
  const idleMs = lasting(own.idle_ms, change.idleMs)
  const absoluteMs = lasting(own.absolute_ms, change.absoluteMs)
  const deadline = Math.min(updatedAt + idleMs, record.createdAt + absoluteMs)
  const expiresAt = deadline < Infinity ? deadline : (record.expiresAt ?? null)
  return {
    revision: change.body === undefined ? record.revision : record.revision + 1,
    changes: record.changes + 1,
    last_seq: record.lastSeq + count,
    bytes: record.bytes + bytes,
    updated_at: updatedAt,
    active_at: now - record.activeAt >= activityStepMs ? now : record.activeAt,
    expires_at: expiresAt,
    expires_bucket: expiresAt === null ? null : Math.min(Math.floor(expiresAt / hourMs), lastHour),
    idle_ms: own.idle_ms,
    absolute_ms: own.absolute_ms,
    user_id: named(change.userId, row.user_id),
    label: named(change.label, row.label),
    title: named(change.title, row.title),
  }
}

/** The row of a session that a change makes. */
export function toNewRow(change: SessionChange, { count, bytes }: Added, incarnation: string): NewRow {
  const own = ownLifetime(change) ?? { idle_ms: null, absolute_ms: null }
  const lifeMs = Math.min(lasting(own.idle_ms, change.idleMs), lasting(own.absolute_ms, change.absoluteMs))
  return {
    incarnation,
    revision: 1,
    changes: 1,
    last_seq: count,
    bytes,
    lifeMs: lifeMs < Infinity ? lifeMs : null,
    ...own,
    user_id: named(change.userId, null),
    label: named(change.label, null),
    title: named(change.title, null),
  }
}

/** The row of a session that was made at `now`. */
export function toMadeRow({ lifeMs, ...row }: NewRow, now: number): RecordRow {
  const expiresAt = lifeMs === null ? null : now + lifeMs
  return { ...row, trimmed_seq: 0, created_at: now, updated_at: now, active_at: now, expires_at: expiresAt }
}

function ownLifetime({ lifetime }: SessionChange): Pick<RecordRow, 'idle_ms' | 'absolute_ms'> | undefined {
  if (lifetime === undefined) return undefined
  return { idle_ms: toStoredMs(lifetime.idleMs), absolute_ms: toStoredMs(lifetime.absoluteMs) }
}

/** How long something lasts: the session's own bound goes before that of the commit, and -1 is for ever. */
function lasting(own: string | number | null, given: number | undefined): number {
  const ms = own === null ? (given ?? Infinity) : Number(own)
  return ms === -1 ? Infinity : ms
}

/** A name that a change gives, which takes it away when it is empty; else the name as it was. */
function named(given: string | undefined, before: string | number | null): string | number | null {
  if (given === undefined) return before
  return given === '' ? null : encodeText(given)
}
