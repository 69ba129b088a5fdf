import { SessionError } from '../errors.js'
import { newId } from '../ids.js'
import { noSuchSession } from '../service/held-credential.js'
import type { LiveSession } from '../service/live-session.js'
import { withdrawIfErased } from '../service/user-record.js'
import type { PendingTransfer } from '../domain/transfer.js'
import type { SessionBody } from '../domain/session-body.js'
import { isSameText } from '../digest.js'
import { toTransferUrl } from './code.js'
import type { TransferMode } from '../domain/transfer.js'
import { deviceDigest, factOf } from './event.js'
import { parseTransferOptions, type TransferOptions } from './options.js'
import { noSuchTransfer, storeTransferRecord } from './record.js'

const maxTransfers = 8

/** A new transfer, and what opens it. Give `url`, `secret` and `shortCode` to the user alone. */
export interface StartedTransfer {
  /** Names the transfer. */
  readonly transferId: string
  /** What the other device gets. */
  readonly mode: TransferMode
  /** The link, and the text of a QR code; absent without `transfers.url`. The secret is in its fragment. */
  readonly url?: string
  /** What the link holds: opens the transfer, once. */
  readonly secret: string
  /** 8 characters to type, where a link cannot be used. */
  readonly shortCode: string
  /** Epoch ms, by the store's clock. */
  readonly expiresAt: number
  /** Until when the short code is valid, epoch ms. */
  readonly shortCodeExpiresAt: number
}

/** A transfer in the list of its session. */
export interface TransferStatus {
  /** Names the transfer. */
  readonly transferId: string
  /** What the other device gets. */
  readonly mode: TransferMode
  /** The devices it is for; absent when it is for any. */
  readonly audience?: string
  /** Until when it can be redeemed, epoch ms. */
  readonly expiresAt: number
  /**
   * `waiting`: a device waits for approval. `approved`: the source has approved the device, which has not come back
   * yet.
   */
  readonly status: 'open' | 'waiting' | 'approved' | 'redeemed'
  /** The number that the waiting device shows. Approve it only when the user has seen the same number there. */
  readonly matchCode?: string
}

/** Begins a transfer. @throws `invalid`; `consent_missing` for a session that is kept nowhere, which no device can get. */
export async function startTransfer(live: LiveSession, options: TransferOptions): Promise<StartedTransfer> {
  const { device: said, ...given } = options ?? {}
  const { mode, expiresInMs, ...others } = parseTransferOptions(given, live.service.transfers)
  await live.store()
  // Another one once a draft is stored that may be kept nowhere.
  const { service } = live
  if (service.store !== service.ledgers) {
    throw new SessionError(
      'consent_missing',
      'Without consent to storage no other device can get the session.',
      {
        path: 'storage',
      },
    )
  }
  const { record, body } = await live.load()
  live.checkHeld({ record, body })
  const { generation } = body
  const { id: sessionId, incarnation } = record
  const page = service.transfers.pageOf(live.ref)
  const transferId = newId()
  // Store the side record first: until the session's body names the transfer, the record opens nothing.
  const bound = { transferId, sessionId, incarnation, generation }
  const made = await storeTransferRecord(service, record, bound, expiresInMs)
  const { createdAt, expiresAt = createdAt + expiresInMs } = made.record
  const device = await deviceDigest(service, record.tenantId, said)
  const about = { ...others, ...(device === undefined ? {} : { device }) }
  const begun: PendingTransfer = { id: transferId, mode, generation, expiresAt, ...about }
  let expired: readonly PendingTransfer[] = []
  let dropped: readonly PendingTransfer[] = []
  const adding = live.update((before) => {
    if (before.generation !== generation) throw noSuchSession()
    const all = before.transfers ?? []
    const kept = all.filter((transfer) => transfer.expiresAt > createdAt)
    expired = all.filter((transfer) => !kept.includes(transfer))
    dropped = kept.slice(0, Math.max(0, kept.length + 1 - maxTransfers))
    return { ...before, transfers: [...kept.slice(dropped.length), begun] }
  })
  const { record: updated } = await adding.catch(async (error: unknown) => {
    await withdrawIfErased(service, record, error).catch(() => {})
    throw error
  })
  for (const [type, over] of [
    ['transfer.expired', expired],
    ['transfer.revoked', dropped],
  ] as const) {
    for (const transfer of over) {
      if (isAlive(transfer, generation)) service.emit(type, updated, factOf(transfer), 'system')
    }
  }
  const { audience, confirm } = begun
  const fact = { ...factOf(begun), audience, confirm: confirm !== undefined }
  live.emit('transfer.created', updated, fact)
  const { codeMs } = service.transfers
  return {
    transferId,
    mode,
    ...(page === undefined ? {} : { url: toTransferUrl(page, made.secret) }),
    secret: made.secret,
    shortCode: made.shortCode,
    expiresAt,
    shortCodeExpiresAt: Math.min(expiresAt, createdAt + codeMs),
  }
}

/** The transfers that can still be redeemed, or were redeemed just now, the oldest first. */
export async function transfersOf(live: LiveSession): Promise<readonly TransferStatus[]> {
  const { record, body } = await live.load()
  return (
    (body.transfers ?? [])
      // Compare with the store's time of the last write: a wrong clock of this process must not hide a waiting device.
      .filter((transfer) => transfer.expiresAt > record.updatedAt)
      .filter((transfer) => transfer.redeemed !== undefined || isAlive(transfer, body.generation))
      .map(({ id: transferId, mode, audience, expiresAt, claim, redeemed }) => ({
        transferId,
        mode,
        ...(audience === undefined ? {} : { audience }),
        expiresAt,
        status:
          redeemed !== undefined
            ? 'redeemed'
            : claim === undefined
              ? 'open'
              : claim.approved === true
                ? 'approved'
                : 'waiting',
        ...(claim === undefined || redeemed !== undefined ? {} : { matchCode: claim.matchCode }),
      }))
  )
}

/** Ends a transfer that was not redeemed yet. @throws `not_found` */
export async function endTransfer(
  live: LiveSession,
  transferId: string,
  type: 'transfer.revoked' | 'transfer.denied',
): Promise<void> {
  const ended = await changeTransfer(live, transferId, () => undefined)
  live.emit(type, live.record, factOf(ended))
}

/**
 * Approves the waiting device.
 *
 * @throws `not_found`; `conflict` when no device waits; `invalid` for another match code than that of the device.
 */
export async function approveTransfer(
  live: LiveSession,
  transferId: string,
  matchCode: string,
): Promise<void> {
  const approved = await changeTransfer(live, transferId, (transfer) => {
    const { claim } = transfer
    if (claim === undefined) throw new SessionError('conflict', 'No device waits for approval.')
    if (typeof matchCode !== 'string' || !isSameText(claim.matchCode, matchCode)) {
      throw new SessionError('invalid', 'matchCode is not the number that the other device shows', {
        path: 'matchCode',
      })
    }
    return { ...transfer, claim: { ...claim, approved: true } }
  })
  live.emit('transfer.approved', live.record, factOf(approved))
}

/** The transfer, if it can still be redeemed. */
export function isAlive(transfer: PendingTransfer, generation: number): boolean {
  return transfer.redeemed === undefined && transfer.generation === generation
}

/** A body with one of its transfers changed or removed. */
export function withTransfer(body: SessionBody, id: string, next: PendingTransfer | undefined): SessionBody {
  const transfers = (body.transfers ?? []).flatMap((transfer) =>
    transfer.id !== id ? [transfer] : next === undefined ? [] : [next],
  )
  return { ...body, transfers }
}

async function changeTransfer(
  live: LiveSession,
  transferId: string,
  change: (transfer: PendingTransfer) => PendingTransfer | undefined,
): Promise<PendingTransfer> {
  let found: PendingTransfer | undefined
  const { record } = await live.update((before) => {
    found = before.transfers?.find(({ id }) => id === transferId)
    if (found === undefined || !isAlive(found, before.generation)) throw noSuchTransfer()
    return withTransfer(before, transferId, change(found))
  })
  // Only now it is known whether it has expired: the store's clock decides, and a write tells its time.
  if (found!.expiresAt > record.updatedAt) return found!
  await live.update((before) => withTransfer(before, transferId, undefined))
  live.service.emit('transfer.expired', record, factOf(found!), 'system')
  throw noSuchTransfer()
}
