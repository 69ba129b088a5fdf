import { checkIsMeant, notFound, parseStoredRecord, type SessionRecord } from '@sessions/core/store'
import type { Commit } from './commit.js'
import type { Run } from '../connection/database.js'
import type { LockedSession, SessionSteps } from './session-steps.js'

/** A session that a transaction holds, and its record. */
export interface HeldSession<Locked> {
  readonly locked: Locked
  readonly record: SessionRecord
}

/**
 * Holds the session that a commit is meant for; undefined when the commit is to create it. A session past its deadline
 * makes room for the new one.
 *
 * @throws `not_found` or `conflict` when the commit is not meant for the session as it is.
 */
export async function holdSession<Locked extends LockedSession>(
  run: Run,
  steps: SessionSteps<Locked>,
  { ref, change, call, id }: Commit,
): Promise<HeldSession<Locked> | undefined> {
  const place = { tenant: call.tenant, id }
  const locked = await steps.lock(run, place)
  if (locked === undefined || !locked.live) {
    if (change.revision !== 0) throw notFound()
    if (locked !== undefined) await steps.remove(run, place)
    return undefined
  }
  const record = parseStoredRecord(ref, locked.record)
  checkIsMeant(record, change)
  return { locked, record }
}
