import type { SessionRecord, SessionRef } from '../contract/session-record.js'
import { SessionError } from '../errors.js'
import type { Service } from '../service/service.js'
import { sideRecordRef } from '../service/side-records.js'
import { updateTogether } from '../service/update-together.js'

/** Recent tries of short codes and verifiers: by one caller, or by all callers of a tenant. */
interface Register {
  readonly count: number
}

/** One try, counted before the code is looked up. */
export interface CountedTry {
  /** When it was made, by the store's clock, epoch ms. */
  readonly at: number
  /** The try was right, and does not count. */
  readonly right: () => Promise<void>
  /**
   * The try was wrong. After the last allowed try it emits `transfer.locked`.
   *
   * @throws `limit_reached` when the tenant had no tries left.
   */
  readonly wrong: (targetDevice: string | undefined) => void
}

/**
 * Counts a try of a short code or of a verifier, in registers under compare-and-set: tries at the same moment, over
 * all processes, never exceed the limit. A right try is taken off again. A register expires after the lifetime of a
 * code, and the tries begin again.
 *
 * A caller with too many wrong tries has to wait. When the callers of a tenant together have too many wrong tries,
 * callers with a wrong try have to wait, and each other caller has one try: so no caller can lock others out by wrong
 * tries.
 *
 * @param path The kind of the try.
 * @throws `limit_reached` when the caller has no tries left.
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
    at: own.record!.updatedAt,
    async right() {
      await giveBack(service, ofCaller)
      if (!isOver) await giveBack(service, ofAll)
    },
    wrong(targetDevice) {
      const about = { tenantId, id: '' }
      if (own.count === maxTries)
        service.emit('transfer.locked', about, { scope: 'caller', targetDevice }, 'system')
      if (all.count === maxTenantTries)
        service.emit('transfer.locked', about, { scope: 'tenant', targetDevice }, 'system')
      if (isOver) throw locked(service, all.record, path)
    },
  }
}

/** Counts one try, up to one more than allowed. */
async function take(
  service: Service,
  ref: SessionRef,
  most: number,
): Promise<{ count: number; record: SessionRecord | undefined }> {
  let seen: SessionRecord | undefined
  const count = (before: Register = { count: 0 }, record?: SessionRecord): Register | undefined => {
    seen = record
    return before.count >= most ? undefined : { count: before.count + 1 }
  }
  const changed = await updateTogether(service, ref, count, optionsOf(service))
  return changed === undefined
    ? { count: most + 1, record: seen }
    : { count: changed.value.count, record: changed.record }
}

async function giveBack(service: Service, ref: SessionRef): Promise<void> {
  const less = (before?: Register): Register | undefined =>
    before === undefined ? undefined : { count: Math.max(0, before.count - 1) }
  await updateTogether(service, ref, less, optionsOf(service))
}

/** The deadline stays, so that further tries do not keep a caller locked out. */
function optionsOf({ transfers }: Service) {
  return { idleMs: transfers.codeMs, keepsDeadline: true }
}

function locked(
  { storeClock, transfers }: Service,
  record: SessionRecord | undefined,
  path: string,
): SessionError {
  const now = storeClock.now()
  // Until a commit has told the store's time, the clock of this process may be hours behind it.
  const retryAfterMs = Math.max(1000, Math.min(transfers.codeMs, (record?.expiresAt ?? now) - now))
  return new SessionError('limit_reached', 'Too many wrong tries. Try again later.', {
    path,
    retryAfterMs,
  })
}
