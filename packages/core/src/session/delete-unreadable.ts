import type { Identity } from '../domain/identity.js'
import type { SessionRecord } from '../contract/session-record.js'
import { isUnreadable } from '../errors.js'
import { noSuchSession } from '../service/held-credential.js'
import type { Service } from '../service/service.js'
import { removeSeen } from '../service/remove-seen.js'

const pageSize = 200

/**
 * Removes a session of the caller that nobody can read: the list of the caller's sessions says whose it is.
 *
 * @param unread Why it could not be opened.
 *
 * @throws `unread` where that is another reason, and for a session that is not among the caller's own.
 */
export async function deleteUnreadable(
  service: Service,
  identity: Identity,
  id: string,
  unread: unknown,
): Promise<void> {
  if (!isUnreadable(unread)) throw unread
  const record = await ownRecord(service, identity, id)
  if (record === undefined) throw unread
  if (!(await removeSeen(service, record))) throw noSuchSession()
  service.emit('session.deleted', record, {}, identity)
}

async function ownRecord(
  { store }: Service,
  { tenantId, userId }: Identity,
  id: string,
): Promise<SessionRecord | undefined> {
  if (userId === undefined) return undefined
  const query = { tenantId, userId, limit: pageSize }
  let cursor: string | undefined
  do {
    const page = await store.list(cursor === undefined ? query : { ...query, cursor })
    const record = page.items.find((item) => item.id === id)
    if (record !== undefined) return record
    cursor = page.cursor
  } while (cursor !== undefined)
  return undefined
}
