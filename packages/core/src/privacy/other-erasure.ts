import { later } from '../time.js'
import type { Erasure, ErasureReceipt } from '../domain/erasure.js'
import { SessionError } from '../errors.js'
import type { Service } from '../service/service.js'
import { readUserRecord, type TenantUser } from '../service/user-record.js'

const lookMs = 100

/** Another call has begun to work on the erasure: this one counts and removes nothing more. */
export class TakenOver extends Error {}

/** What the erasure says, if this call still works on it. @throws `TakenOver` */
export function heldBy(holder: string | undefined, erasure: Erasure | undefined): Erasure {
  if (erasure === undefined || erasure.holder !== holder) throw new TakenOver()
  return erasure
}

/**
 * Waits until another call has ended the erasure.
 *
 * @returns Its receipt; undefined when nothing has happened for `staleMs`, so that its process is thought to have died.
 * @throws `conflict` when the erasure is over for so long that nothing is known of it.
 */
export async function receiptOfOther(
  service: Service,
  user: TenantUser,
  staleMs: number,
): Promise<ErasureReceipt | undefined> {
  let revision: number | undefined
  for (let since = performance.now(); ;) {
    const seen = await readUserRecord(service, user)
    const erasure = seen?.value.erasure
    if (erasure === undefined) throw new SessionError('conflict', 'Another call has ended the erasure.')
    if (erasure.phase === 'done' && erasure.receipt !== undefined) return erasure.receipt
    if (seen?.record.revision !== revision) since = performance.now()
    revision = seen?.record.revision
    if (performance.now() - since >= staleMs) return undefined
    await new Promise((resolve) => later(resolve, lookMs))
  }
}
