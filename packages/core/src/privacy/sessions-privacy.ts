import type { ErasureReceipt, ErasureStatus } from '../domain/erasure.js'
import type { TenantUser } from '../service/user-record.js'
import type { EraseOptions } from './erase.js'

/** What a host does with the data of a user, whoever asks for it: call it for callers that you have checked. */
export interface SessionsPrivacy {
  /**
   * Erases what is kept of a user: sessions, what is kept beside them, the user record, and what `privacy.onErase`
   * knows of. Turns that run are stopped. Until `privacy.fenceMs` after it, sessions can neither be made for the user
   * nor given to the user. It keeps no cursor: when its process died, call it again, or let `sweep` go on with it.
   * `docs/privacy.md` says what it does not reach.
   *
   * @throws `invalid`, also for a store without `credentialSecrets`; `unavailable` and the like, after which it can be
   * called again; whatever a hook throws.
   *
   * @example
   * ```ts
   * import { createSessions } from '@sessions/core'
   *
   * const sessions = createSessions()
   * const receipt = await sessions.privacy.erase({
   *   tenantId: 'acme',
   *   userId: 'alice',
   *   by: 'alice',
   *   reason: 'article 17',
   * })
   * console.log(receipt.counts['sessions'])
   * ```
   */
  erase(options: EraseOptions): Promise<ErasureReceipt>
  /** How far the erasure of a user is; undefined when there was none within `privacy.fenceMs`. @throws `invalid` */
  erasure(user: TenantUser): Promise<ErasureStatus | undefined>
  /**
   * Stands for a user in what you count. Its key is in the user record: an erasure, and a withdrawal of the consent to
   * `analytics`, destroy it, and what was counted is nobody's from then on.
   *
   * @throws `invalid`, `user_erased`; `consent_missing` when the user does not allow `analytics`.
   */
  pseudonym(user: TenantUser): Promise<string>
  /**
   * Whether a receipt is just as this service signed it, with any of its `credentialSecrets`.
   *
   * @param userId Whether it is this user's, too (default: anybody's).
   */
  verifyReceipt(receipt: ErasureReceipt, userId?: string): Promise<boolean>
}
