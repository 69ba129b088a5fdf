import type { TransferEvent } from '../domain/events.js'
import type { PendingTransfer } from '../domain/transfer.js'
import { parseText } from '../parse.js'
import type { Service } from '../service/service.js'

// 96 bits: enough to tell devices apart.
const deviceLength = 16

/** A device in events and in the store: a keyed digest of the name it gives itself, different in each tenant. */
export async function deviceDigest(
  { credentials }: Service,
  tenantId: string,
  device: string | undefined,
): Promise<string | undefined> {
  if (device === undefined) return undefined
  const [digest] = await credentials.digests('transfer device', tenantId, parseText(device, 'device'))
  return digest!.slice(0, deviceLength)
}

/**
 * The fields of every event of a transfer. @param targetDevice The device that asks now (default: the one that waits
 * for approval).
 */
export function factOf(
  { id: transferId, mode, device: sourceDevice, claim }: PendingTransfer,
  targetDevice = claim?.device,
): TransferEvent {
  return { transferId, mode, sourceDevice, targetDevice }
}
