import type { TransferEvent } from '../domain/events.js'
import type { PendingTransfer } from '../domain/transfer.js'
import type { Service } from '../service/service.js'

// 96 bits: enough to tell devices apart, and nothing to sign with.
const deviceLength = 16

/** A device as events and the store know it: a keyed digest of what it says of itself, another one in each tenant. */
export async function deviceDigest(
  { credentials }: Service,
  tenantId: string,
  device: string | undefined,
): Promise<string | undefined> {
  if (device === undefined) return undefined
  const [digest] = await credentials.digests('transfer device', tenantId, device)
  return digest!.slice(0, deviceLength)
}

/** What every event of a transfer tells. @param targetDevice Who asks now (default: who waits for approval). */
export function factOf(
  { id: transferId, mode, device: sourceDevice, claim }: PendingTransfer,
  targetDevice = claim?.device,
): TransferEvent {
  return { transferId, mode, sourceDevice, targetDevice }
}
