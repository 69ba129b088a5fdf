import { SessionError } from '../errors.js'
import { readSideRecord, sideRecordLabel, sideRecordRef, updateSideRecord } from '../service/side-records.js'
import type { Service } from '../service/service.js'
import type { SessionRecord } from '../contract/session-record.js'
import { isSameText } from '../digest.js'
import { newTransferSecret, shortCodeOf } from './code.js'

// Forty bits hardly ever meet; a store that says so this often says it for another reason.
const maxDraws = 10

/** What a secret or a short code leads to: which transfer of which session. It opens nothing by itself. */
export interface TransferRecord {
  readonly v: 1
  readonly transferId: string
  readonly sessionId: string
  readonly incarnation: string
  readonly generation: number
  /** A digest of the secret and of all it is bound to. */
  readonly secret: string
}

type Bound = Pick<TransferRecord, 'transferId' | 'sessionId' | 'incarnation' | 'generation'>

/** The one answer for a transfer that is unknown, used, expired, revoked, denied or meant for somebody else. */
export function noSuchTransfer(): SessionError {
  return new SessionError('not_found', 'There is no such transfer.')
}

/** Stores, in one commit, what a new secret and its short code lead to. The store itself learns neither. */
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

/** What a short code leads to, if anything. */
export async function findTransferRecord(
  service: Service,
  tenantId: string,
  shortCode: string,
): Promise<{ kept: TransferRecord; record: SessionRecord } | undefined> {
  // Places of transfers that were made before the secrets of the service changed, too.
  for (const id of await codeDigests(service, tenantId, shortCode)) {
    const found = await readSideRecord<TransferRecord>(service, sideRecordRef('transfers', tenantId, id))
    if (found !== undefined) return { kept: found.value, record: found.record }
  }
  return undefined
}

/** Whether it is this secret that a record was made for. */
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
