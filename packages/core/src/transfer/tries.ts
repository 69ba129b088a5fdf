import type { SessionRecord } from '../contract/session-record.js'
import { SessionError } from '../errors.js'
import type { Service } from '../service/service.js'
import { sideRecordRef, updateSideRecord } from '../service/side-records.js'

/** Short codes and verifiers that were tried of late: by everybody, and by each caller. */
interface Register {
  readonly total: number
  readonly by: Readonly<Record<string, number>>
}

const noTries: Register = { total: 0, by: {} }

/** One try, counted before anybody looks whether it is right. */
export interface CountedTry {
  /** When it was made, by the store's clock. */
  readonly at: number
  /** It was right, and does not count. */
  readonly right: () => Promise<void>
  /** It was wrong. Announces that there are no more, after the last one. */
  readonly wrong: (targetDevice: string | undefined) => void
}

/**
 * Counts a try of a short code or of a verifier, in a register under compare-and-set: however many are made at once, over however many
 * processes, no more get through than there are. What was right is given back. The register is forgotten after the
 * time that a code is good for, and the tries are anew.
 *
 * @param path What was tried.
 * @throws `limit_reached` when the caller, or the tenant, has none left.
 */
export async function countTry(
  service: Service,
  tenantId: string,
  caller: string,
  path: 'shortCode' | 'verifier',
): Promise<CountedTry> {
  const { maxTries, maxTenantTries } = service.transfers
  const ref = sideRecordRef('tries', tenantId, 'all')
  // The deadline stays, so that trying does not keep anybody locked out.
  const options = { idleMs: service.transfers.codeMs, keepsDeadline: true }
  const [digest] = await service.credentials.digests('transfer caller', tenantId, caller)
  const by = digest!.slice(0, 16)
  let counted = noTries
  const count = (before: Register = noTries, record?: SessionRecord): Register => {
    const own = before.by[by] ?? 0
    if (own >= maxTries || before.total >= maxTenantTries) throw locked(service, record, path)
    counted = { total: before.total + 1, by: { ...before.by, [by]: own + 1 } }
    return counted
  }
  const giveBack = (before?: Register): Register | undefined => {
    if (before === undefined) return undefined
    const { [by]: own = 0, ...others } = before.by
    return { total: Math.max(0, before.total - 1), by: own > 1 ? { ...others, [by]: own - 1 } : others }
  }
  const { record } = (await updateSideRecord(service, ref, count, options))!
  return {
    at: record.updatedAt,
    async right() {
      await updateSideRecord(service, ref, giveBack, options)
    },
    wrong(targetDevice) {
      const about = { tenantId, id: '' }
      if (counted.by[by] === maxTries)
        service.emit('transfer.locked', about, { scope: 'caller', targetDevice })
      if (counted.total === maxTenantTries)
        service.emit('transfer.locked', about, { scope: 'tenant', targetDevice })
    },
  }
}

function locked({ storeClock }: Service, record: SessionRecord | undefined, path: string): SessionError {
  const now = storeClock.now()
  const retryAfterMs = Math.max(1000, (record?.expiresAt ?? now) - now)
  return new SessionError('limit_reached', 'Too many wrong tries. Wait.', {
    path,
    retryAfterMs,
  })
}
