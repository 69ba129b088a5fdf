import { isSessionError } from './errors.js'
import { newId } from './ids.js'
import { LiveSession } from './live-session.js'
import { decodeBody } from './session-body.js'
import type { ServiceParts } from './session-options.js'
import { Session } from './session.js'
import type { SessionsOfCaller } from './sessions.js'
import type { TransferMode } from './transfer-code.js'
import { factOf } from './transfer-fact.js'
import { noSuchTransfer } from './transfer-record.js'
import {
  describe,
  locateTransfer,
  type LocatedTransfer,
  type SessionSummary,
  type Spent,
  spendTransfer,
  summarize,
  type TransferDescription,
  type TransferKey,
  unspendTransfer,
} from './transfer-redemption.js'

export interface RedeemOptions extends TransferKey {
  /**
   * Names this redemption, with 16 characters or more that nobody guesses: the same again is told the same again, and
   * a device that waits for approval asks with the same (default: a new one, which a wait tells).
   */
  redemptionId?: string
  /** The session that the device holds now. It is not left for another one without `replace`. */
  holding?: Session | undefined
  /** The user knows which session they leave. */
  replace?: boolean
}

/** What became of a redemption. */
export type Redemption =
  | {
      readonly status: 'redeemed'
      readonly transferId: string
      readonly mode: TransferMode
      /** The session, for this caller; of a `copy`, the new one. */
      readonly session: Session
      /** A new one, for this device alone. */
      readonly credential: string
      readonly returnTo?: string
    }
  | {
      /** The source has to approve. Show the match code, and redeem with the same `redemptionId` now and then. */
      readonly status: 'pending'
      readonly transferId: string
      readonly mode: TransferMode
      readonly redemptionId: string
      readonly matchCode: string
      readonly expiresAt: number
    }
  | {
      /** Nothing has happened: the device holds a session that it would leave. */
      readonly status: 'occupied'
      readonly joins: TransferDescription
      readonly leaves: SessionSummary
    }

/** What a transfer is about, before anybody redeems it. */
export async function viewTransfer(
  service: ServiceParts,
  mine: SessionsOfCaller,
  key: TransferKey,
): Promise<TransferDescription> {
  const located = await locateTransfer(service, mine.identity, key)
  // Who comes back after it was spent needs their redemption, and nobody else anything.
  if (located.transfer.redeemed !== undefined) throw noSuchTransfer()
  service.emit('transfer.viewed', located.record, factOf(located.transfer, located.targetDevice))
  return describe(located)
}

/** Redeems a transfer for a caller. */
export async function redeemTransfer(
  service: ServiceParts,
  mine: SessionsOfCaller,
  options: RedeemOptions,
): Promise<Redemption> {
  try {
    return await redeemed(service, mine, options)
  } catch (error) {
    // A session that went away while it was redeemed is told of as any other transfer that there is not.
    throw isSessionError(error, 'not_found') ? noSuchTransfer() : error
  }
}

async function redeemed(
  service: ServiceParts,
  mine: SessionsOfCaller,
  options: RedeemOptions,
): Promise<Redemption> {
  const { redemptionId = newId(), holding, replace = false } = options
  const located = await locateTransfer(service, mine.identity, options)
  const { transfer: found } = located
  if (holding !== undefined && !replace && found.redeemed === undefined) {
    const { id } = holding
    if (found.mode === 'copy' || id !== located.record.id) {
      const leaves = await summaryOf(holding)
      if (leaves !== undefined) return { status: 'occupied', joins: describe(located), leaves }
    }
  }
  const spent = await spendTransfer(located, mine.identity, redemptionId)
  const { id: transferId, mode, claim, expiresAt, returnTo } = spent.transfer
  if (spent.transfer.redeemed === undefined) {
    const { matchCode } = claim!
    return { status: 'pending', transferId, mode, redemptionId, matchCode, expiresAt }
  }
  const session =
    mode === 'copy'
      ? await copied(service, mine, located, spent.transfer.redeemed.copyId!)
      : new Session(new LiveSession(service, mine.identity, spent, { holdsCredential: true }))
  return {
    status: 'redeemed',
    transferId,
    mode,
    session,
    credential: await credentialOf(service, session, mode, spent),
    ...(returnTo === undefined ? {} : { returnTo }),
  }
}

/** What a session is about; undefined when it is gone. */
async function summaryOf(session: Session): Promise<SessionSummary | undefined> {
  try {
    const { record, cart } = await session.read()
    return summarize(record, { cart })
  } catch (error) {
    if (isSessionError(error, 'not_found')) return undefined
    throw error
  }
}

/** The copy, which an earlier try may have made. */
async function copied(
  service: ServiceParts,
  mine: SessionsOfCaller,
  located: LocatedTransfer,
  id: string,
): Promise<Session> {
  const made = async (): Promise<Session | undefined> => {
    const stored = await service.store.read({ tenantId: mine.identity.tenantId, id })
    if (stored === undefined) return undefined
    const seen = { record: stored.record, body: decodeBody(stored.body) }
    return new Session(new LiveSession(service, mine.identity, seen, { holdsCredential: true }))
  }
  const before = await made()
  if (before !== undefined) return before
  try {
    return await mine.fork(new Session(located.live), { id })
  } catch (error) {
    const there = isSessionError(error, 'conflict') ? await made() : undefined
    if (there !== undefined) return there
    if (isSessionError(error, 'limit_reached')) await unspendTransfer(located, id)
    throw error
  }
}

async function credentialOf(
  service: ServiceParts,
  session: Session,
  mode: TransferMode,
  { record, body, transfer }: Spent,
): Promise<string> {
  if (mode === 'copy') return session.credential()
  return service.credentials.sign({
    ref: session.ref,
    incarnation: record.incarnation,
    generation: body.generation,
    holder: transfer.id,
  })
}
