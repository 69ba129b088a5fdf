import { SessionError } from './errors.js'
import { newId } from './ids.js'
import { type LiveSession, noSuchSession } from './live-session.js'
import type { PendingTransfer, SessionBody } from './session-body.js'
import { isSameText, toTransferUrl, type TransferMode } from './transfer-code.js'
import { parseTransferOptions, type TransferOptions } from './transfer-options.js'
import { noSuchTransfer, storeTransferRecord } from './transfer-record.js'

const maxTransfers = 8

/** What was begun, and what opens it. Hand `url`, `secret` and `shortCode` to the user and to nobody else. */
export interface StartedTransfer {
  readonly transferId: string
  readonly mode: TransferMode
  /** The link, and the text of a QR code; absent without `transfers.url`. The secret stands in its fragment. */
  readonly url?: string
  readonly secret: string
  /** 8 characters to type where a link cannot go. */
  readonly shortCode: string
  /** Epoch ms, by the store's clock. */
  readonly expiresAt: number
  /** Until when the short code is good. */
  readonly shortCodeExpiresAt: number
}

/** A transfer as its session sees it. */
export interface TransferStatus {
  readonly transferId: string
  readonly mode: TransferMode
  readonly audience?: string
  readonly expiresAt: number
  /** `waiting`: a device waits for approval. `approved`: and has it, and has not come back yet. */
  readonly status: 'open' | 'waiting' | 'approved' | 'redeemed'
  /** What the waiting device shows. Approve only what the user has seen there. */
  readonly matchCode?: string
}

/** Begins a transfer. @throws `invalid` */
export async function startTransfer(live: LiveSession, options: TransferOptions): Promise<StartedTransfer> {
  const { service } = live
  const { mode, expiresInMs, ...others } = parseTransferOptions(options, service.transfers)
  await live.store()
  const {
    record,
    body: { generation },
  } = await live.load()
  const { id: sessionId, incarnation } = record
  const transferId = newId()
  // First what leads to the session, which leads nowhere until the session knows of it.
  const bound = { transferId, sessionId, incarnation, generation }
  const made = await storeTransferRecord(service, record, bound, expiresInMs)
  const { createdAt, expiresAt = createdAt + expiresInMs } = made.record
  const begun: PendingTransfer = { id: transferId, mode, generation, expiresAt, ...others }
  let dropped: readonly PendingTransfer[] = []
  const { record: updated } = await live.update((before) => {
    if (before.generation !== generation) throw noSuchSession()
    const kept = (before.transfers ?? []).filter((transfer) => transfer.expiresAt > createdAt)
    dropped = kept.slice(0, Math.max(0, kept.length + 1 - maxTransfers))
    return { ...before, transfers: [...kept.slice(dropped.length), begun] }
  })
  for (const transfer of dropped) {
    if (isAlive(transfer, generation)) emit(live, 'transfer.revoked', transfer)
  }
  const { audience, confirm } = begun
  service.emit('transfer.created', updated, { transferId, mode, audience, confirm: confirm !== undefined })
  const { url: page, codeMs } = service.transfers
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

/** The transfers that can still be redeemed, or just were, the oldest first. */
export async function transfersOf(live: LiveSession): Promise<readonly TransferStatus[]> {
  const { record, body } = await live.load()
  return (
    (body.transfers ?? [])
      // The store's own time, of its last write: a clock that is wrong here hides nobody who waits.
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
  emit(live, type, ended)
}

/**
 * Lets the device that waits have the session.
 *
 * @throws `not_found`; `conflict` when no device waits; `invalid` for another match code than that device shows.
 */
export async function approveTransfer(
  live: LiveSession,
  transferId: string,
  matchCode: string,
): Promise<void> {
  const approved = await changeTransfer(live, transferId, (transfer) => {
    const { claim } = transfer
    if (claim === undefined) throw new SessionError('conflict', 'No device waits for approval.')
    if (!isSameText(claim.matchCode, matchCode)) {
      throw new SessionError('invalid', 'matchCode is not what the other device shows', { path: 'matchCode' })
    }
    return { ...transfer, claim: { ...claim, approved: true } }
  })
  emit(live, 'transfer.approved', approved)
}

/** The transfer, if it can still be redeemed. */
export function isAlive(transfer: PendingTransfer, generation: number): boolean {
  return transfer.redeemed === undefined && transfer.generation === generation
}

/** A body with one of its transfers changed, or taken away. */
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
  await live.update((before) => {
    found = before.transfers?.find(({ id }) => id === transferId)
    if (found === undefined || !isAlive(found, before.generation)) throw noSuchTransfer()
    return withTransfer(before, transferId, change(found))
  })
  return found!
}

function emit(
  { service, record }: LiveSession,
  type: 'transfer.revoked' | 'transfer.denied' | 'transfer.approved',
  { id: transferId, mode }: PendingTransfer,
): void {
  service.emit(type, record, { transferId, mode })
}
