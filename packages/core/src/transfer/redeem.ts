import { isSessionError } from '../errors.js'
import { newId } from '../ids.js'
import { checkOptions, type OptionNames } from '../options.js'
import { LiveSession } from '../service/live-session.js'
import { decodeBody } from '../domain/session-body.js'
import type { Service } from '../service/service.js'
import { afterWrite } from '../service/unknown-outcome.js'
import type { PendingTransfer, TransferMode } from '../domain/transfer.js'
import { factOf } from './event.js'
import { noSuchTransfer } from './record.js'
import {
  type LocatedTransfer,
  type SessionPreview,
  type SpentTransfer,
  type TransferDescription,
  type TransferKey,
  describe,
  locateTransfer,
  spendTransfer,
  summarize,
  unspendTransfer,
} from './redemption.js'
import { currentCredential } from '../session/credential.js'
import { type CopyTerms, forkSession } from '../session/fork.js'
import type { Identity } from '../domain/identity.js'

/** Options of a redemption. */
export interface RedeemOptionsOf<Handle> extends TransferKey {
  /**
   * Names this redemption, with 16 or more characters that cannot be guessed. The same id again gets the same answer,
   * and a device that waits for approval sends the same id again (default: a new one, which a `pending` answer
   * contains).
   */
  redemptionId?: string
  /** The session that the device has now; the device leaves it only with `replace` (default: none). */
  holding?: Handle | undefined
  /** Whether the user knows which session the device leaves, and agrees (default false). */
  replace?: boolean
}

/** The result of a redemption. */
export type RedemptionOf<Handle> =
  | {
      readonly status: 'redeemed'
      readonly transferId: string
      readonly mode: TransferMode
      /** The session, for this caller; of a `copy`, the new one. */
      readonly session: Handle
      /** A new credential, for this device alone. */
      readonly credential: string
      readonly returnTo?: string
    }
  | {
      /**
       * The source has to approve. Show the match code, and redeem with the same `redemptionId` every second or two.
       */
      readonly status: 'pending'
      readonly transferId: string
      readonly mode: TransferMode
      readonly redemptionId: string
      readonly matchCode: string
      readonly expiresAt: number
    }
  | {
      /** Nothing has changed: the device has another session, which it would leave. */
      readonly status: 'occupied'
      readonly joins: TransferDescription
      readonly leaves: SessionPreview
    }

// Both verbs take them all, so that a device keeps one object for both. A misspelt `redemptionId` would protect nothing.
const optionNames: OptionNames<RedeemOptionsOf<unknown>> = {
  secret: true,
  shortCode: true,
  audience: true,
  verifier: true,
  device: true,
  caller: true,
  redemptionId: true,
  holding: true,
  replace: 'flag',
}

/** The description of a transfer, before it is redeemed. */
export async function viewTransfer(
  service: Service,
  identity: Identity,
  key: TransferKey,
): Promise<TransferDescription> {
  checkOptions(key, optionNames)
  const located = await locateTransfer(service, identity, key)
  // After the redemption only `redeem` with the same `redemptionId` still finds the transfer.
  if (located.transfer.redeemed !== undefined) throw noSuchTransfer()
  service.emit('transfer.viewed', located.record, factOf(located.transfer, located.targetDevice), identity)
  return describe(located)
}

/** What the caller of a redemption may do with a copy. */
type RedeemTerms = Pick<CopyTerms, 'admit' | 'allows'>

/** Redeems a transfer for a caller. */
export async function redeemTransfer(
  service: Service,
  identity: Identity,
  options: RedeemOptionsOf<LiveSession>,
  terms: RedeemTerms = {},
): Promise<RedemptionOf<LiveSession>> {
  try {
    return await redeem(service, identity, options, terms)
  } catch (error) {
    // When the session disappears during the redemption, the error is that of an absent transfer.
    throw isSessionError(error, 'not_found') ? noSuchTransfer() : error
  }
}

async function redeem(
  service: Service,
  identity: Identity,
  options: RedeemOptionsOf<LiveSession>,
  terms: RedeemTerms,
): Promise<RedemptionOf<LiveSession>> {
  checkOptions(options, optionNames)
  const { redemptionId = newId(), holding, replace = false } = options
  const located = await locateTransfer(service, identity, options)
  const { transfer: found } = located
  if (holding !== undefined && !replace && found.redeemed === undefined) {
    const { id } = holding.ref
    if (found.mode === 'copy' || id !== located.record.id) {
      const leaves = await summaryOf(holding)
      if (leaves !== undefined) return { status: 'occupied', joins: describe(located), leaves }
    }
  }
  const spent = await spendTransfer(located, identity, redemptionId)
  const { id: transferId, mode, claim, expiresAt, returnTo } = spent.transfer
  if (spent.transfer.redeemed === undefined) {
    const { matchCode } = claim!
    return { status: 'pending', transferId, mode, redemptionId, matchCode, expiresAt }
  }
  const { redeemed } = spent.transfer
  return afterWrite(async () => {
    const session =
      mode === 'copy'
        ? await copied(service, identity, { located, redeemed, terms })
        : new LiveSession(service, identity, spent, { holdsCredential: true })
    return {
      status: 'redeemed',
      transferId,
      mode,
      session,
      credential: await credentialOf(service, session, mode, spent),
      ...(returnTo === undefined ? {} : { returnTo }),
    }
  })
}

/** The description of a session; undefined when it is gone. */
async function summaryOf(session: LiveSession): Promise<SessionPreview | undefined> {
  try {
    const { record, body } = await session.load()
    return summarize(record, body)
  } catch (error) {
    if (isSessionError(error, 'not_found')) return undefined
    throw error
  }
}

interface CopiedTransfer {
  readonly located: LocatedTransfer
  readonly redeemed: NonNullable<PendingTransfer['redeemed']>
  readonly terms: RedeemTerms
}

/** The copy, which an earlier redemption may have made. */
async function copied(
  service: Service,
  identity: Identity,
  { located, redeemed: { copyId }, terms }: CopiedTransfer,
): Promise<LiveSession> {
  const id = copyId!
  const made = async (): Promise<LiveSession | undefined> => {
    const stored = await service.store.read({ tenantId: identity.tenantId, id })
    if (stored === undefined) return undefined
    const seen = { record: stored.record, body: decodeBody(stored.body) }
    return new LiveSession(service, identity, seen, { holdsCredential: true })
  }
  // A transfer that was redeemed for the first time just now has no copy yet.
  const before = located.transfer.redeemed === undefined ? undefined : await made()
  if (before !== undefined) return before
  try {
    return await forkSession(located.live, identity, { id }, terms)
  } catch (error) {
    const there = isSessionError(error, 'conflict') ? await made() : undefined
    if (there !== undefined) return there
    if (isSessionError(error, 'limit_reached')) await unspendTransfer(located, id)
    throw error
  }
}

async function credentialOf(
  service: Service,
  session: LiveSession,
  mode: TransferMode,
  { record, body, transfer }: SpentTransfer,
): Promise<string> {
  if (mode === 'copy') {
    // Just found or made.
    session.reuseRead()
    return currentCredential(session)
  }
  return service.credentials.sign({
    ref: session.ref,
    incarnation: record.incarnation,
    generation: body.generation,
    holder: transfer.id,
  })
}
