import type { SessionRecord } from '../contract/session-record.js'
import { SessionError } from '../errors.js'

/** @throws `conflict` when a caller insists on another revision. */
export function checkRevision(record: SessionRecord, ifRevision: number | undefined): void {
  if (ifRevision === undefined || ifRevision === record.revision) return
  const { revision } = record
  throw new SessionError('conflict', `The session is at revision ${revision}, not ${ifRevision}.`, {
    revision,
  })
}
