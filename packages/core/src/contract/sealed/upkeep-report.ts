import { isSessionError, type SessionError } from '../../errors.js'
import type { SessionRef } from '../session-record.js'
import type { SessionStore } from '../session-store.js'

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

/** A store whose texts are sealed in the store beneath it, and the upkeep of what it seals. */
export interface EncryptedStore extends SessionStore {
  /**
   * Wraps keys that another key of the keyring wrapped with the current one, a page of them at a time. Safe on many
   * processes at once and after a crash. Once a walk over all pages of all tenants has nothing to do, and names no
   * failures, the older key of the keyring can go.
   *
   * @throws `unavailable`, `invalid`
   */
  rewrapKeys(page: UpkeepPage): Promise<UpkeepReport>
  /**
   * Seals sessions that are not sealed yet, a page of them at a time; for mode `migrate`. Each session is sealed at one
   * moment, with every count and time as it was; `changes` grows by 1.
   *
   * @throws `unavailable`, and `invalid` with another mode.
   */
  encryptExisting(page: UpkeepPage): Promise<UpkeepReport>
  /**
   * Seals a session anew with the key of its user, all at one moment: what was said before it was bound is sealed with
   * the key of the tenant until then. True when there was something to do.
   *
   * @throws `unavailable` while the session is written all the time; `corrupt` for one that cannot be opened whole.
   */
  rekey(ref: SessionRef): Promise<boolean>
  /**
   * Destroys the key of a user: what was sealed with it cannot be opened any more, here at once and by other processes
   * within `cacheMs`. True when there was a key. Remove the sessions of the user first.
   *
   * @throws `invalid` without a user: what belongs to nobody has the key of the tenant, which nothing destroys.
   */
  destroyKey(user: { readonly tenantId: string; readonly userId: string }): Promise<boolean>
}

/** Whether an error is about one session, or one key, and no reason to leave the others. */
export function isOfOne(error: unknown): error is SessionError {
  return (['corrupt', 'conflict', 'unknown_key'] as const).some((code) => isSessionError(error, code))
}
