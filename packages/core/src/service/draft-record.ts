import type { SessionRecord, SessionRef } from '../contract/session-record.js'
import type { Identity } from '../domain/identity.js'

/** The record of a session that is not stored yet. */
export function draftRecord(ref: SessionRef, incarnation: string, { userId }: Identity): SessionRecord {
  const at = Date.now()
  return {
    ...ref,
    incarnation,
    revision: 0,
    changes: 0,
    lastSeq: 0,
    trimmedSeq: 0,
    bytes: 0,
    createdAt: at,
    updatedAt: at,
    activeAt: at,
    ...(userId === undefined ? {} : { userId }),
  }
}
