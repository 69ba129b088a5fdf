import { isSessionError } from '../errors.js'
import { newId } from '../ids.js'
import type { Service } from './service.js'
import { sideRecordRef, updateSideRecord } from './side-records.js'
import { repeatUnknown } from './unknown-outcome.js'

const idleMs = 3_600_000
const againMs = 60_000
// One record for each process, so that processes that ask at once do not conflict. Made at the first question: while a
// module is loaded, Cloudflare's runtime gives no random values.
let processId: string | undefined

/** The time of the store's own clock, epoch ms: as commits have told it, or as one tells it now where there was none. */
export async function tellStoreTime(
  service: Pick<Service, 'store' | 'storeClock'>,
  tenantId: string,
): Promise<number> {
  const { storeClock } = service
  const failedAt = failures.get(storeClock) ?? -Infinity
  if (!storeClock.isKnown() && performance.now() - failedAt >= againMs) {
    try {
      storeClock.learn(await readStoreTime(service, tenantId))
    } catch {
      // A process that may only read goes by its own clock, and so does one whose store is away.
      failures.set(storeClock, performance.now())
    }
  }
  return storeClock.now()
}

// When a process asked in vain: most reads must not wait for that again, and an outage ends.
const failures = new WeakMap<Service['storeClock'], number>()

/**
 * The time of the store's own clock, epoch ms. Only a commit tells that time, so this writes to a record that serves
 * nothing else. Call it only when two processes have to agree on what has expired.
 */
export async function readStoreTime(service: Pick<Service, 'store'>, tenantId: string): Promise<number> {
  const ref = sideRecordRef('clock', tenantId, (processId ??= newId()))
  try {
    return (await repeatUnknown(() => service.store.commit(ref, { idleMs }))).record.updatedAt
  } catch (error) {
    if (!isSessionError(error, 'not_found')) throw error
  }
  const made = await updateSideRecord(service, ref, () => ({}), { seen: 'none', idleMs })
  return made!.record.updatedAt
}
