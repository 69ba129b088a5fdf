import { parseId } from '../ids.js'
import { SessionError } from '../errors.js'
import { reservedTenantPrefix, type SessionRecord } from '../contract/session-record.js'

/** The identity of a caller. It comes from trusted code (a verified token, a login), never from a request body. */
export interface Identity {
  readonly tenantId: string
  /** Absent for an anonymous caller, who opens a session by its credential alone. */
  readonly userId?: string | undefined
  /** `admin` may open every session of the tenant. */
  readonly roles?: readonly string[] | undefined
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
  return {
    tenantId,
    ...(identity.userId === undefined ? {} : { userId: identity.userId }),
    ...(identity.roles === undefined ? {} : { roles: [...identity.roles] }),
  }
}

interface TenantUser {
  readonly tenantId: string
  readonly userId: string
}

/** A user of a tenant, after a check. @throws `invalid` with the path. */
export function parseUser(user: TenantUser): TenantUser {
  const { tenantId, userId } = (user as Partial<TenantUser> | null | undefined) ?? {}
  return { ...parseIdentity({ tenantId: tenantId! }), userId: parseId(userId, 'userId') }
}

/** Whether the caller may touch the session: its owner, an admin, or the holder of an anonymous one's credential. */
export function mayOpen(identity: Identity, record: SessionRecord, holdsCredential: boolean): boolean {
  if (identity.tenantId !== record.tenantId) return false
  if (identity.roles?.includes('admin') === true) return true
  return record.userId === undefined ? holdsCredential : record.userId === identity.userId
}
