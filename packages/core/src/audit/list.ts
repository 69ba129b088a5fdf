import { SessionError } from '../errors.js'
import { isId } from '../ids.js'
import { checkOptions } from '../options.js'
import { type AuditLog, nobodysTenant } from './audit-log.js'
import type { AuditActor, AuditEntry } from './entry.js'
import { entriesInOrder } from './read-lanes.js'

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

const maxUnsettled = 10_000

/** The entries of a query, the oldest first. @throws `invalid` */
export function listEntries(log: AuditLog, query: AuditQuery): AsyncGenerator<AuditEntry, void, undefined> {
  checkOptions<AuditQuery>(query, {
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
  const { tenantId } = query
  const isTenant = tenantId === nobodysTenant || (isId(tenantId) && !tenantId.startsWith('~'))
  if (!isTenant) throw new SessionError('invalid', 'tenantId is none', { path: 'tenantId' })
  return query.unsettled === true ? unsettled(log, query) : matching(log, query)
}

async function* matching(log: AuditLog, query: AuditQuery): AsyncGenerator<AuditEntry, void, undefined> {
  const { tenantId, from = 0, to = Number.POSITIVE_INFINITY, after } = query
  const isMeant = await filterOf(log, query)
  if (isMeant === undefined) return
  for await (const entry of entriesInOrder(log.lanes, tenantId, { from, to, after }))
    if (isMeant(entry)) yield entry
}

/** An outcome may be in another lane, and of a later day: another process has gone on with the operation. */
async function* unsettled(log: AuditLog, query: AuditQuery): AsyncGenerator<AuditEntry, void, undefined> {
  const { tenantId, from = 0, to = Number.POSITIVE_INFINITY, after } = query
  const isMeant = await filterOf(log, query)
  if (isMeant === undefined) return
  const open = new Map<string, AuditEntry>()
  const all = { from, to: Number.POSITIVE_INFINITY, after }
  for await (const entry of entriesInOrder(log.lanes, tenantId, all)) {
    if (entry.outcome !== 'intent') open.delete(entry.id)
    else if (entry.at < to && open.size < maxUnsettled && isMeant(entry)) open.set(entry.id, entry)
  }
  yield* open.values()
}

/** Undefined when no entry can be meant. */
async function filterOf(
  { subjects }: AuditLog,
  { tenantId, action, actor, subject, sessionId }: AuditQuery,
): Promise<((entry: AuditEntry) => boolean) | undefined> {
  const nameOf = async (user: { readonly userId: string }) => subjects.find({ tenantId, userId: user.userId })
  const by = typeof actor === 'object' ? await nameOf(actor) : actor
  const about = subject === undefined ? undefined : await nameOf(subject)
  if ((actor !== undefined && by === undefined) || (subject !== undefined && about === undefined))
    return undefined
  return (entry) =>
    (action === undefined || entry.action === action || entry.action.startsWith(`${action}.`)) &&
    (by === undefined || entry.actor === by) &&
    (about === undefined || entry.subject === about) &&
    (sessionId === undefined || entry.sessionId === sessionId)
}
