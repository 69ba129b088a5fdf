import type { SessionRecord, SessionRef } from '../contract/session-record.js'
import { SessionError } from '../errors.js'
import type { Service } from '../service/service.js'
import { sideRecordRef, updateSideRecord } from '../service/side-records.js'

/** Short codes and verifiers that were tried of late: by one caller, or by all of a tenant. */
interface Register {
  readonly count: number
}

/** One try, counted before anybody looks whether it is right. */
export interface CountedTry {
  /** When it was made, by the store's clock. */
  readonly at: number
  /** It was right, and does not count. */
  readonly right: () => Promise<void>
  /**
   * It was wrong. Announces that there are no more, after the last one.
   *
   * @throws `limit_reached` where the tenant had none left.
   */
  readonly wrong: (targetDevice: string | undefined) => void
}

/**
 * Counts a try of a short code or of a verifier, in registers under compare-and-set: however many are made at once, over
 * however many processes, no more get through than there are. What was right is given back. A register is forgotten
 * after the time that a code is good for, and the tries are anew.
 *
 * A caller who has been wrong too often waits. When the callers of a tenant have been wrong too often together, those
 * who have been wrong before wait, and who has not has one try: nobody can lock others out by being wrong.
 *
 * @param path What was tried.
 * @throws `limit_reached` when the caller has none left.
 */
export async function countTry(
  service: Service,
  tenantId: string,
  caller: string,
  path: 'shortCode' | 'verifier',
): Promise<CountedTry> {
  const { maxTries, maxTenantTries } = service.transfers
  const [digest] = await service.credentials.digests('transfer caller', tenantId, caller)
  const ofCaller = sideRecordRef('tries', tenantId, `by ${digest!.slice(0, 24)}`)
  const ofAll = sideRecordRef('tries', tenantId, 'all')
  const own = await take(service, ofCaller, maxTries)
  if (own.count > maxTries) throw locked(service, own.record, path)
  const all = await take(service, ofAll, maxTenantTries)
  const isOver = all.count > maxTenantTries
  if (isOver && own.count > 1) {
    await giveBack(service, ofCaller)
    throw locked(service, all.record, path)
  }
  return {
    at: own.record.updatedAt,
    async right() {
      await giveBack(service, ofCaller)
      if (!isOver) await giveBack(service, ofAll)
    },
    wrong(targetDevice) {
      const about = { tenantId, id: '' }
      if (own.count === maxTries) service.emit('transfer.locked', about, { scope: 'caller', targetDevice })
      if (all.count === maxTenantTries)
        service.emit('transfer.locked', about, { scope: 'tenant', targetDevice })
      if (isOver) throw locked(service, all.record, path)
    },
  }
}

/** Counts one, up to one more than there are. */
async function take(
  service: Service,
  ref: SessionRef,
  most: number,
): Promise<{ count: number; record: SessionRecord }> {
  let full: SessionRecord | undefined
  const count = (before: Register = { count: 0 }, record?: SessionRecord): Register | undefined => {
    full = before.count >= most ? record : undefined
    return full === undefined ? { count: before.count + 1 } : undefined
  }
  const changed = await updateSideRecord(service, ref, count, optionsOf(service))
  return changed === undefined
    ? { count: most + 1, record: full! }
    : { count: changed.value.count, record: changed.record }
}

async function giveBack(service: Service, ref: SessionRef): Promise<void> {
  const less = (before?: Register): Register | undefined =>
    before === undefined ? undefined : { count: Math.max(0, before.count - 1) }
  await updateSideRecord(service, ref, less, optionsOf(service))
}

/** The deadline stays, so that trying does not keep anybody locked out. */
function optionsOf({ transfers }: Service) {
  return { idleMs: transfers.codeMs, keepsDeadline: true }
}

function locked({ storeClock }: Service, record: SessionRecord | undefined, path: string): SessionError {
  const now = storeClock.now()
  const retryAfterMs = Math.max(1000, (record?.expiresAt ?? now) - now)
  return new SessionError('limit_reached', 'Too many wrong tries. Try again later.', {
    path,
    retryAfterMs,
  })
}
