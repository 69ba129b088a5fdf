import { SessionError } from '../../errors.js'
import { parseId } from '../../ids.js'
import { checkOptions } from '../../options.js'
import { keyKind, recordKindOf, type SessionRef } from '../session-record.js'
import type { UpkeepPage } from './upkeep-report.js'

/** A page of upkeep. @throws `invalid` */
export function checkedPage(page: UpkeepPage): UpkeepPage {
  checkOptions<UpkeepPage>(page ?? null, { tenantId: 'text', limit: 'number', cursor: 'text' })
  checkTenant(parseId(page.tenantId, 'tenantId'))
  return page
}

export function checkedRef({ tenantId, id }: SessionRef): SessionRef {
  checkTenant(tenantId)
  return { tenantId, id }
}

/** The keys are not for callers: what they did with them would be done to all that they open. */
export function checkTenant(tenantId: string): void {
  if (recordKindOf(tenantId) !== keyKind) return
  throw new SessionError('invalid', `${keyKind}: is where an encrypted store keeps its keys`, {
    path: 'tenantId',
  })
}

/** A session that is to be sealed anew. @throws `invalid` */
export function checkedSession(ref: SessionRef): SessionRef {
  parseId((ref as SessionRef | null | undefined)?.tenantId, 'tenantId')
  parseId(ref.id, 'id')
  return checkedRef(ref)
}

/** Whose key is to be destroyed. @throws `invalid` */
export function checkedUser(user: { readonly tenantId: string; readonly userId: string }) {
  const tenantId = parseId((user as typeof user | null | undefined)?.tenantId, 'tenantId')
  // Without a user it would be the key of the tenant, with which all is lost that belongs to nobody.
  return { tenantId, userId: parseId(user.userId, 'userId') }
}
