import { SessionError } from '../errors.js'
import { isId } from '../ids.js'
import { checkOptions } from '../options.js'
import { parseCount } from '../parse.js'
import { nobodysTenant } from './caller.js'
import type { AuditActor, AuditEntry } from './entry.js'

/** Which entries are listed. */
export interface AuditQuery {
  /** The tenant. `~nobody` has what was refused before its caller was known. */
  tenantId: string
  /** Entries of this moment or later, epoch ms by the store's clock (default: from the first on). */
  from?: number
  /** Entries before this moment, epoch ms by the store's clock (default: to the last). */
  to?: number
  /** Only this action, or all that begin with it and a dot: `user` for `user.erase` and `user.export` (default: any). */
  action?: string
  /** Only what this actor did (default: anybody). */
  actor?: AuditActor
  /** Only what was about this user (default: any). */
  subject?: { readonly userId: string }
  /** Only what was about this session (default: any). */
  sessionId?: string
  /**
   * Only intents without an outcome, whenever that came: what runs now, and what was killed (default false). The oldest
   * 10,000 of them.
   */
  unsettled?: boolean
  /** Only entries after this one in the order of the list (default: from the first on). */
  after?: Pick<AuditEntry, 'at' | 'lane' | 'seq'>
}

/** @throws `invalid` */
export function checkQuery(query: AuditQuery): void {
  checkOptions<AuditQuery>(query ?? null, {
    tenantId: 'text',
    from: 'number',
    to: 'number',
    action: 'text',
    actor: true,
    subject: 'object',
    sessionId: 'text',
    unsettled: 'flag',
    after: 'object',
  })
  const { tenantId, from, to } = query
  if (from !== undefined) parseCount(from, 'from')
  if (to !== undefined) parseCount(to, 'to')
  const isTenant = tenantId === nobodysTenant || (isId(tenantId) && !tenantId.startsWith('~'))
  if (!isTenant) throw new SessionError('invalid', 'tenantId is none', { path: 'tenantId' })
}
