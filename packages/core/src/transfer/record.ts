import { SessionError } from '../errors.js'
import { readSideRecord, sideRecordLabel, sideRecordRef, updateSideRecord } from '../service/side-records.js'
import type { Service } from '../service/service.js'
import type { SessionRecord } from '../contract/session-record.js'
import { isSameText } from '../digest.js'
import { newTransferSecret, shortCodeOf } from './code.js'

// Codes of forty bits hardly ever collide; if a store reports this many collisions, it has another reason.
const maxDraws = 10

/**
 * The side record of a secret and its short code: it names the transfer and its session, and opens nothing by itself.
 */
export interface TransferRecord {
  readonly v: 1
  readonly transferId: string
  readonly sessionId: string
  readonly incarnation: string
  readonly generation: number
  /** A digest of the secret and of everything that the secret is bound to. */
  readonly secret: string
}

type Bound = Pick<TransferRecord, 'transferId' | 'sessionId' | 'incarnation' | 'generation'>

/** The same error for a transfer that is unknown, used, expired, revoked, denied or for another caller. */
export function noSuchTransfer(): SessionError {
  return new SessionError('not_found', 'There is no such transfer.')
}

/** Stores, in one commit, the side record of a new secret and its short code. The store learns neither of the two. */
export async function storeTransferRecord(
  service: Service,
  session: SessionRecord,
  bound: Bound,
  expiresInMs: number,
): Promise<{ secret: string; shortCode: string; record: SessionRecord }> {
  const { tenantId, userId } = session
  for (let draw = 1; ; draw++) {
    const secret = newTransferSecret()
    const shortCode = await shortCodeOf(secret)
    const [[id], [digest]] = await Promise.all([
      codeDigests(service, tenantId, shortCode),
      secretDigests(service, tenantId, bound, secret),
    ])
    const kept: TransferRecord = { v: 1, ...bound, secret: digest! }
    const ref = sideRecordRef('transfers', tenantId, id!)
    const made = (before: TransferRecord | undefined) => (before === undefined ? kept : undefined)
    const stored = await updateSideRecord<TransferRecord>(service, ref, made, {
      seen: 'none',
      label: sideRecordLabel('transfers', session),
      idleMs: expiresInMs,
      ...(userId === undefined ? {} : { userId }),
    })
    if (stored !== undefined) return { secret, shortCode, record: stored.record }
    if (draw === maxDraws) throw new SessionError('store_failed', 'No transfer could be stored.')
  }
}

/** The side record of a short code, or undefined. */
export async function findTransferRecord(
  service: Service,
  tenantId: string,
  shortCode: string,
): Promise<{ kept: TransferRecord; record: SessionRecord } | undefined> {
  // Also finds transfers from before the secrets of the service changed.
  for (const id of await codeDigests(service, tenantId, shortCode)) {
    const found = await readSideRecord<TransferRecord>(service, sideRecordRef('transfers', tenantId, id))
    if (found !== undefined) return { kept: found.value, record: found.record }
  }
  return undefined
}

/** Whether a record was made for this secret. */
export async function isSecretOf(
  service: Service,
  tenantId: string,
  kept: TransferRecord,
  secret: string,
): Promise<boolean> {
  const digests = await secretDigests(service, tenantId, kept, secret)
  return digests.some((digest) => isSameText(digest, kept.secret))
}

function codeDigests(service: Service, tenantId: string, code: string): Promise<readonly string[]> {
  return service.credentials.digests('transfer code', tenantId, code)
}

function secretDigests(
  { credentials }: Service,
  tenantId: string,
  { transferId, sessionId, incarnation, generation }: Bound,
  secret: string,
): Promise<readonly string[]> {
  const bound = [tenantId, transferId, sessionId, incarnation, String(generation)]
  return credentials.digests('transfer secret', ...bound, secret)
}
