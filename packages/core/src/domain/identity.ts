import { parseId } from '../ids.js'
import { SessionError } from '../errors.js'
import { reservedTenantPrefix, type SessionRecord } from '../contract/session-record.js'

/** The identity of a caller. It comes from trusted code (a verified token, a login), never from a request body. */
export interface Identity {
  /** The tenant whose sessions there are at all. */
  readonly tenantId: string
  /** Absent for an anonymous caller, who opens a session by its credential alone. */
  readonly userId?: string | undefined
  /** `admin` may open every session of the tenant. */
  readonly roles?: readonly string[] | undefined
  /**
   * What trusted code knows of the caller's consent, by purpose, such as a banner's cookie says (default: nothing). It
   * can deny what the user record allows, and allow what nothing was said about.
   */
  readonly consents?: Readonly<Record<string, boolean>> | undefined
}

/** The identity, after it has been checked. @throws `invalid` with the path. */
export function parseIdentity(identity: Identity): Identity {
  const tenantId = parseId((identity as Identity | null | undefined)?.tenantId, 'tenantId')
  if (tenantId.startsWith(reservedTenantPrefix)) {
    throw new SessionError('invalid', `tenantId must not start with ${reservedTenantPrefix}`, {
      path: 'tenantId',
    })
  }
  if (identity.userId !== undefined) parseId(identity.userId, 'userId')
  if (identity.roles !== undefined && !Array.isArray(identity.roles)) {
    throw new SessionError('invalid', 'roles must be a list', { path: 'roles' })
  }
  const { consents } = identity
  if (consents !== undefined && !isFlags(consents)) {
    throw new SessionError('invalid', 'consents must be true or false by purpose', { path: 'consents' })
  }
  return {
    tenantId,
    ...(identity.userId === undefined ? {} : { userId: identity.userId }),
    ...(identity.roles === undefined ? {} : { roles: [...identity.roles] }),
    ...(consents === undefined ? {} : { consents: { ...consents } }),
  }
}

function isFlags(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every((each) => typeof each === 'boolean')
}

interface TenantUser {
  readonly tenantId: string
  readonly userId: string
}

/** A user of a tenant, after a check. @throws `invalid` with the path. */
export function parseUser(user: Partial<TenantUser> | null | undefined): TenantUser {
  const { tenantId, userId } = user ?? {}
  return { ...parseIdentity({ tenantId: tenantId! }), userId: parseId(userId, 'userId') }
}

/** Whether the caller may do what admins may. */
export function isAdmin({ roles }: Identity): boolean {
  return roles?.includes('admin') === true
}

/** Whether the caller may touch the session: its owner, an admin, or the holder of an anonymous one's credential. */
export function mayOpen(identity: Identity, record: SessionRecord, holdsCredential: boolean): boolean {
  if (identity.tenantId !== record.tenantId) return false
  if (isAdmin(identity)) return true
  return record.userId === undefined ? holdsCredential : record.userId === identity.userId
}

/** Whether the caller may touch the session for nothing but the role of an admin. */
export function isByRole(identity: Identity, record: SessionRecord, holdsCredential: boolean): boolean {
  const { tenantId, userId } = identity
  return isAdmin(identity) && !mayOpen({ tenantId, userId }, record, holdsCredential)
}
