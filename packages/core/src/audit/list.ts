import type { AuditLog } from './audit-log.js'
import type { AuditQuery } from './audit-query.js'
import type { AuditEntry } from './entry.js'
import { entriesInOrder } from './read-lanes.js'

const maxUnsettled = 10_000

/** The entries of a query that was checked, the oldest first. */
export function listEntries(log: AuditLog, query: AuditQuery): AsyncGenerator<AuditEntry, void, undefined> {
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
