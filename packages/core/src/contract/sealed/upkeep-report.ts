import { isSessionError, type SessionError } from '../../errors.js'
import type { SessionRef } from '../session-record.js'

/** Which page of a walk over all there is of a tenant. */
export interface UpkeepPage {
  /** The tenant. */
  readonly tenantId: string
  /** At most so many are looked at, 1 to 1,000. */
  readonly limit: number
  /** Where the page before ended (default: the first page). */
  readonly cursor?: string
}

/** What a page of upkeep has come to. */
export interface UpkeepReport {
  /** How many were changed; 0 on every page of a walk says that there is nothing left to do. */
  readonly done: number
  /**
   * Sessions that could not be sealed, or records of keys that no key of the keyring opens: they are as they were.
   */
  readonly failures: readonly UpkeepFailure[]
  /** Where the next page begins; absent on the last one. */
  readonly cursor?: string
}

/** A session that could not be sealed, or the record of a key that could not be wrapped anew, and why. */
export interface UpkeepFailure extends SessionRef {
  /** Why it was left. */
  readonly error: SessionError
}

/** Whether an error is about one session, or one key, and no reason to leave the others. */
export function isOfOne(error: unknown): error is SessionError {
  return (['corrupt', 'conflict', 'unknown_key'] as const).some((code) => isSessionError(error, code))
}
