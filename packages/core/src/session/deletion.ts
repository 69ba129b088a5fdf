import { SessionError } from '../errors.js'
import { noSuchSession } from '../service/held-credential.js'
import type { LiveSession } from '../service/live-session.js'
import { removeLive } from '../service/remove-live.js'
import { removeSideRecords } from '../service/side-records.js'
import { repeatRemoval } from '../service/unknown-outcome.js'

/**
 * Removes a session and all its side records.
 *
 * @param ifChanges Only while its record counts so many changes (default: whatever it counts).
 * @throws `not_found` when the session is gone already; `conflict`, with its revision, when it counts others.
 */
export async function deleteSession(live: LiveSession, ifChanges?: number): Promise<void> {
  const { record, body } = await live.load()
  if (live.isStored && ifChanges !== undefined) await removeAt(live, ifChanges)
  else if (live.isStored && !(await removeLive(live))) throw noSuchSession()
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

async function removeAt(live: LiveSession, changes: number): Promise<void> {
  const { service, ref, guard } = live
  const removed = await repeatRemoval(() => service.store.remove(ref, { ...guard, changes }))
  if (removed === true) return
  const stored = await service.store.read(ref)
  if (stored === undefined || stored.record.incarnation !== guard.incarnation) {
    if (removed === undefined) return
    throw noSuchSession()
  }
  const { revision } = stored.record
  throw new SessionError('conflict', 'The session has changed meanwhile.', { revision })
}
