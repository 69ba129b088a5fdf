import { type LiveSession, noSuchSession } from '../service/live-session.js'
import { removeSideRecords } from '../service/side-records.js'

/** Removes a session and all its side records. @throws `not_found` when the session is gone already. */
export async function deleteSession(live: LiveSession): Promise<void> {
  const { record, body } = await live.load()
  if (live.isStored && !(await live.remove())) throw noSuchSession()
  // A turn may have begun since. A transfer may have begun, too, but its record has no content and opens nothing.
  const kinds = [
    'turns',
    'requests',
    ...(body.transfers === undefined ? [] : (['transfers'] as const)),
  ] as const
  if (live.isStored) await removeSideRecords(live.service, record, kinds)
  live.service.histories.forget(record)
  live.service.tallies.forget(record)
  live.emit('session.deleted', record, {})
}
