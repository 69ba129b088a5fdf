import { isSessionError, SessionError } from '../errors.js'
import type { Service } from '../service/service.js'
import type { SessionRef } from '../contract/session-record.js'
import type { StoredSession } from '../contract/session-store.js'
import { transferTenant } from './record.js'

// Every round one of the contenders wins, and those that find the register full stop trying.
const maxAttempts = 1000

/** Short codes and verifiers that were tried of late: by everybody, and by each caller. */
interface Register {
  readonly total: number
  readonly by: Readonly<Record<string, number>>
}

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
  const ref: SessionRef = { tenantId: transferTenant(tenantId), id: 'tries' }
  const [digest] = await service.credentials.digests('transfer caller', tenantId, caller)
  const by = digest!.slice(0, 16)
  let counted: Register = { total: 0, by: {} }
  const at = await change(service, ref, (before, stored) => {
    const count = before.by[by] ?? 0
    if (count >= maxTries || before.total >= maxTenantTries) throw locked(service, stored, path)
    counted = { total: before.total + 1, by: { ...before.by, [by]: count + 1 } }
    return counted
  })
  return {
    at,
    async right() {
      await change(service, ref, ({ total, by: { [by]: count = 0, ...others } }) => ({
        total: Math.max(0, total - 1),
        by: count > 1 ? { ...others, [by]: count - 1 } : others,
      }))
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

async function change(
  service: Service,
  ref: SessionRef,
  next: (before: Register, stored: StoredSession | undefined) => Register,
): Promise<number> {
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const stored = await service.store.read(ref)
    const before: Register =
      stored === undefined ? { total: 0, by: {} } : (JSON.parse(stored.body) as Register)
    const body = JSON.stringify(next(before, stored))
    try {
      const { record } = await service.store.commit(ref, {
        revision: stored?.record.revision ?? 0,
        body,
        // Its deadline is set when it is made and stays, so that trying does not keep anybody locked out.
        ...(stored === undefined ? { idleMs: service.transfers.codeMs } : {}),
      })
      return record.updatedAt
    } catch (error) {
      // A try whose answer got lost counts twice rather than not at all.
      const codes = ['conflict', 'not_found', 'unknown_outcome'] as const
      if (!codes.some((code) => isSessionError(error, code))) throw error
    }
  }
  throw new SessionError('conflict', 'Too many are being tried at this moment.')
}

function locked({ storeClock }: Service, stored: StoredSession | undefined, path: string): SessionError {
  const now = storeClock.now()
  const retryAfterMs = Math.max(1000, (stored?.record.expiresAt ?? now) - now)
  return new SessionError('limit_reached', 'Too many wrong tries. Wait.', {
    path,
    retryAfterMs,
  })
}
