import type { SessionRecord } from '../contract/session-record.js'
import type { Service } from './service.js'
import { removeSideRecords } from './side-records.js'
import { repeatRemoval } from './unknown-outcome.js'

/**
 * Removes the very session that was seen, with what is kept beside it, and nobody's who has its id by now.
 *
 * @returns False when it was gone already.
 */
export async function removeSeen(service: Service, record: SessionRecord): Promise<boolean> {
  const { incarnation } = record
  if ((await repeatRemoval(() => service.store.remove(record, { incarnation }))) === false) return false
  service.histories.forget(record)
  service.tallies.forget(record)
  await removeSideRecords(service, record, ['turns', 'requests', 'transfers'])
  return true
}
