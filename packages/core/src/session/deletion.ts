import { type LiveSession, noSuchSession } from '../service/live-session.js'
import { removeSideRecords } from '../service/side-records.js'

/** Removes a session and everything that is kept for it. @throws `not_found` when it is gone already. */
export async function deleteSession(live: LiveSession): Promise<void> {
  const { record, body } = await live.load()
  if (live.isStored && !(await live.remove())) throw noSuchSession()
  // A turn may have begun since. So may a transfer, but its record says nothing of the session and leads nowhere.
  const kinds = [
    'turns',
    'requests',
    ...(body.transfers === undefined ? [] : (['transfers'] as const)),
  ] as const
  if (live.isStored) await removeSideRecords(live.service, record, kinds)
  live.service.emit('session.deleted', record, {})
}
