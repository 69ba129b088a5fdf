import { type ConsentChange, type ConsentPurpose, type Consents, noConsents } from '../domain/consent.js'
import { callerOf } from '../audit/caller.js'
import type { Identity } from '../domain/identity.js'
import { SessionError } from '../errors.js'
import { isAllowed } from '../service/consent.js'
import type { LiveSession } from '../service/live-session.js'
import type { Service } from '../service/service.js'
import type { TenantUser } from '../service/user-record.js'
import type { ConsentOutcome } from './consent.js'

const others = () => import('../later/others.js')

/** The consent of users, for code that has checked who asks. */
export interface SessionsConsent {
  /** What a user has decided, by purpose, and the newest 100 decisions. @throws `invalid` */
  get(user: TenantUser): Promise<Consents>
  /**
   * Notes a decision. A withdrawal removes what the purpose had stored: `storage` sessions and all that is beside them,
   * `personalization` preferences, `analytics` the key of the user's pseudonym. The same call again goes on where a
   * process died.
   *
   * @throws `invalid`, also without the setting `consent`; `user_erased`; `limit_reached` for more than 50 purposes of your own.
   *
   * @example
   * ```ts
   * import { createSessions } from '@sessions/core'
   *
   * const sessions = createSessions({ consent: { unsaid: { analytics: false } } })
   * const alice = { tenantId: 'acme', userId: 'alice' }
   * await sessions.consent.set(alice, { purpose: 'analytics', granted: true, version: '3', source: 'banner' })
   * console.log(await sessions.consent.allows(alice, 'analytics'))
   * ```
   */
  set(user: TenantUser, change: ConsentChange): Promise<ConsentOutcome>
  /**
   * Whether a user allows a purpose: by what the user decided, else by `consent.unsaid`. Ask it before you count, or
   * keep, anything of a user.
   */
  allows(user: TenantUser, purpose: ConsentPurpose): Promise<boolean>
}

/** The consent of one caller, or of the holder of one session. */
export interface CallerConsent {
  /** What was decided. */
  get(): Promise<Consents>
  /** Notes a decision; a withdrawal removes what the purpose had stored. @throws as `sessions.consent.set` */
  set(change: ConsentChange): Promise<ConsentOutcome>
  /** Whether a purpose is allowed. */
  allows(purpose: ConsentPurpose): Promise<boolean>
}

export function createConsent(service: Service): SessionsConsent {
  const { work } = service
  return {
    get: async (user) => work.call(async () => (await others()).consentsOf(service, user)),
    set: async (user, change) =>
      work.call(async () => (await others()).decide(service, user, change, { actor: 'host' })),
    allows: async (user, purpose) => work.call(async () => (await others()).allows(service, user, purpose)),
  }
}

/** @throws `unauthenticated` from each call for a caller who is nobody: an anonymous session has its own consent. */
export function consentOfCaller(service: Service, identity: Identity): CallerConsent {
  const user = (): TenantUser => {
    const { tenantId, userId } = identity
    if (userId !== undefined) return { tenantId, userId }
    throw new SessionError('unauthenticated', 'Only a signed-in user has a record: ask the session instead.')
  }
  const { work } = service
  return {
    get: async () => work.call(async () => (await others()).consentsOf(service, user())),
    set: async (change) =>
      work.call(async () => (await others()).decide(service, user(), change, callerOf(identity))),
    allows: async (purpose) =>
      work.call(async () =>
        isAllowed(service, purpose, await (await others()).consentsOf(service, user()), identity.consents),
      ),
  }
}

/** The user's consent for a session that has an owner; else that of its holder, which the session itself keeps. */
export function consentOfSession(live: LiveSession): CallerConsent {
  const { service } = live
  const { work } = service
  const owner = (): TenantUser | undefined => {
    // Its turn may have gone on after the session was given to a user.
    live.checkOwner()
    const { tenantId, userId } = live.record
    return userId === undefined ? undefined : { tenantId, userId }
  }
  const get = async (): Promise<Consents> => {
    const user = owner()
    if (user === undefined) return (await live.load()).body.consent ?? noConsents
    return (await others()).consentsOf(service, user)
  }
  return {
    get: async () => work.call(get),
    set: async (change) =>
      work.call(async () => {
        const { decide, decideInSession } = await others()
        const user = owner()
        return user === undefined
          ? decideInSession(live, change)
          : decide(service, user, change, callerOf(live.identity))
      }),
    allows: async (purpose) =>
      work.call(async () => isAllowed(service, purpose, await get(), live.identity.consents)),
  }
}
