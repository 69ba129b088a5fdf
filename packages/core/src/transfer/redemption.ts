import * as z from 'zod/mini'
import { suspicionsOf } from '../audit/suspicions.js'
import { itemCount } from '../domain/cart.js'
import { nextGeneration } from '../domain/next-generation.js'
import { digestOf } from '../digest.js'
import { isSessionError, SessionError } from '../errors.js'
import type { Identity } from '../domain/identity.js'
import { newId } from '../ids.js'
import { LiveSession } from '../service/live-session.js'
import { parseText, parseWith } from '../parse.js'
import { decodeBody, type SessionBody } from '../domain/session-body.js'
import type { PendingTransfer } from '../domain/transfer.js'
import type { Service } from '../service/service.js'
import { isAlive, withTransfer } from './start.js'
import type { SessionRecord } from '../contract/session-record.js'
import { isSameText } from '../digest.js'
import { newMatchCode, parseShortCode, parseTransferSecret, shortCodeOf } from './code.js'
import type { TransferMode } from '../domain/transfer.js'
import { deviceDigest, factOf } from './event.js'
import { audienceSchema } from './options.js'
import { findTransferRecord, isSecretOf, noSuchTransfer } from './record.js'
import { type CountedTry, countTry } from './tries.js'

/** What opens a transfer, and the caller who has it. */
export interface TransferKey {
  /** The secret of the link (default: none; then there is a `shortCode`). */
  secret?: string
  /** What the user typed, instead of a secret (default: none). */
  shortCode?: string
  /** The audience of the caller, such as `phone` (default: none). */
  audience?: string | undefined
  /** The verifier of the transfer's challenge, if it has one: 43 to 128 of A-Z a-z 0-9 - . _ ~ (default: none). */
  verifier?: string
  /**
   * Callers whose tries of short codes and verifiers count together (default: the user; all anonymous callers of a
   * tenant are one).
   */
  caller?: string
  /**
   * The name that the device gives itself, such as a `User-Agent`. Events contain a keyed digest of it, and the name
   * is not stored (default: events contain no device).
   */
  device?: string | undefined
}

/** The description of a transfer: enough to recognize the session, and none of its content. */
export interface TransferDescription {
  /** Names the transfer. */
  readonly transferId: string
  /** What the other device gets. */
  readonly mode: TransferMode
  /** The session that is transferred. */
  readonly sessionId: string
  /** Its title; absent when it has none. */
  readonly title?: string
  /** Messages on its active branch. */
  readonly messageCount: number
  /** Number of items in the cart. */
  readonly itemCount: number
  /** Whether the source has to approve it. */
  readonly needsApproval: boolean
  /** Until when it can be redeemed, epoch ms. */
  readonly expiresAt: number
  /** Where the other device goes afterwards; absent when nobody said. */
  readonly returnTo?: string
}

/** The description of a session: enough to recognize it, and none of its content. */
export type SessionPreview = Pick<TransferDescription, 'sessionId' | 'title' | 'messageCount' | 'itemCount'>

// Room for the notes of a redemption in the body: a full body must not lock its user out.
const slack = 1024

export const transferKeySchema = z.strictObject({
  secret: z.optional(z.string().check(z.maxLength(200))),
  shortCode: z.optional(z.string().check(z.maxLength(200))),
  audience: z.optional(audienceSchema),
  // As RFC 7636 requires: a reader of the store must not succeed by trying texts on the challenge.
  verifier: z.optional(
    z.string().check(z.regex(/^[\w.~-]{43,128}$/, 'must be 43 to 128 of A-Z a-z 0-9 - . _ ~')),
  ),
})
const redemptionIdSchema = z.object({ redemptionId: z.string().check(z.minLength(16), z.maxLength(200)) })

/** A transfer that the caller may redeem. */
export interface LocatedTransfer {
  /** The session, opened as its owner. */
  readonly live: LiveSession
  readonly record: SessionRecord
  readonly body: SessionBody
  readonly transfer: PendingTransfer
  /** The caller's device, as in events. */
  readonly targetDevice: string | undefined
}

/** The transfer of a secret or code. @throws `not_found`; `invalid`; `limit_reached` after too many wrong tries. */
export async function locateTransfer(
  service: Service,
  identity: Identity,
  key: TransferKey,
): Promise<LocatedTransfer> {
  const asked = parseWith(
    transferKeySchema,
    { secret: key.secret, shortCode: key.shortCode, audience: key.audience, verifier: key.verifier },
    '',
  )
  const { secret, shortCode, verifier } = asked
  if ((secret === undefined) === (shortCode === undefined)) {
    throw new SessionError('invalid', 'secret: give either a secret or a shortCode', { path: 'secret' })
  }
  const targetDevice = await deviceDigest(service, identity.tenantId, key.device)
  const count = (path: 'shortCode' | 'verifier'): Promise<CountedTry> =>
    countTry(service, identity.tenantId, parseText(key.caller ?? identity.userId ?? '', 'caller'), path)
  if (shortCode !== undefined || verifier !== undefined) {
    // Count the try before the look-up, so that neither an answer nor a lock tells whether the transfer exists.
    const tried = await count(shortCode === undefined ? 'verifier' : 'shortCode')
    const found = await locate(service, identity, {
      ...asked,
      // Only a short code expires before its transfer.
      ...(shortCode === undefined ? {} : { codeAt: tried.at }),
    })
    if (found !== undefined && (await isVerified(found.transfer, verifier))) {
      await tried.right()
      return { ...found, targetDevice }
    }
    if (found !== undefined)
      service.emit('transfer.refused', found.record, factOf(found.transfer, targetDevice), identity)
    tried.wrong(targetDevice)
    throw noSuchTransfer()
  }
  const found = await locate(service, identity, asked)
  if (found === undefined) throw noSuchTransfer()
  if (found.transfer.challenge === undefined) return { ...found, targetDevice }
  service.emit('transfer.refused', found.record, factOf(found.transfer, targetDevice), identity)
  // It counts as a wrong try, but a lock is not reported: the answer would be `not_found` in any case.
  try {
    const tried = await count('verifier')
    tried.wrong(targetDevice)
  } catch (error) {
    if (!isSessionError(error, 'limit_reached')) throw error
  }
  throw noSuchTransfer()
}

/**
 * Whether the caller has the verifier that a transfer requires. A verifier for a transfer without a challenge is
 * wrong, too: an app that sends one must not get a transfer that another party began without one.
 */
async function isVerified({ challenge }: PendingTransfer, verifier: string | undefined): Promise<boolean> {
  if (challenge === undefined || verifier === undefined) return challenge === verifier
  return isSameText(challenge, await digestOf(verifier))
}

async function locate(
  service: Service,
  identity: Identity,
  asked: {
    secret?: string | undefined
    shortCode?: string | undefined
    audience?: string | undefined
    codeAt?: number
  },
): Promise<Omit<LocatedTransfer, 'targetDevice'> | undefined> {
  const { tenantId } = identity
  const secret = asked.secret === undefined ? undefined : parseTransferSecret(asked.secret)
  const code = secret === undefined ? parseShortCode(asked.shortCode ?? '') : await shortCodeOf(secret)
  if (code === undefined) return undefined
  const found = await findTransferRecord(service, tenantId, code)
  if (found === undefined) return undefined
  const { kept } = found
  if (secret !== undefined && !(await isSecretOf(service, tenantId, kept, secret))) return undefined
  const stored = await service.store.read({ tenantId, id: kept.sessionId })
  if (stored === undefined || stored.record.incarnation !== kept.incarnation) return undefined
  const { record } = stored
  const body = decodeBody(stored.body)
  const transfer = body.transfers?.find(({ id }) => id === kept.transferId)
  if (transfer === undefined || transfer.generation !== kept.generation) return undefined
  if (transfer.redeemed === undefined && transfer.generation !== body.generation) return undefined
  if (transfer.audience !== undefined && !isSameText(transfer.audience, asked.audience ?? ''))
    return undefined
  if (!mayRedeem(identity, record, transfer)) return undefined
  // A device that has claimed the transfer may continue with the code that it began with.
  const isNew = transfer.claim === undefined && transfer.redeemed === undefined
  const codeIsOver = (asked.codeAt ?? 0) - found.record.createdAt >= service.transfers.codeMs
  if (isNew && codeIsOver) return undefined
  // As the owner, because the caller who redeems may not be allowed to change the session.
  const owner: Identity = { tenantId, ...(record.userId === undefined ? {} : { userId: record.userId }) }
  const live = new LiveSession(service, owner, { record, body }, { holdsCredential: true })
  return { live, record, body, transfer }
}

/** A user's session goes to that user alone; a copy also to an anonymous caller, if `allowAnonymous` is set. */
function mayRedeem(identity: Identity, { userId }: SessionRecord, transfer: PendingTransfer): boolean {
  if (userId === undefined || userId === identity.userId) return true
  return identity.userId === undefined && transfer.allowAnonymous === true && transfer.mode === 'copy'
}

/** Describes a transfer, and redeems nothing. */
export function describe({ record, body, transfer }: LocatedTransfer): TransferDescription {
  const { id: transferId, mode, expiresAt, returnTo, confirm } = transfer
  return {
    transferId,
    mode,
    ...summarize(record, body),
    needsApproval: confirm === 'source',
    expiresAt,
    ...(returnTo === undefined ? {} : { returnTo }),
  }
}

export function summarize(record: SessionRecord, body: Pick<SessionBody, 'cart'>): SessionPreview {
  return {
    sessionId: record.id,
    ...(record.title === undefined ? {} : { title: record.title }),
    messageCount: record.lastSeq - record.trimmedSeq,
    itemCount: itemCount(body.cart),
  }
}

/** The outcome of a redemption. */
export interface SpentTransfer {
  readonly transfer: PendingTransfer
  readonly record: SessionRecord
  readonly body: SessionBody
}

/**
 * Redeems a transfer in one commit of the session itself: the caller whose commit succeeds has redeemed it, and a
 * `move` voids the old credentials in the same commit. Before the commit nothing has happened; after it the same
 * `redemptionId` gets the same answer again. If the source has to approve, the commit claims the transfer instead.
 *
 * @throws `not_found` when another caller was faster.
 */
export async function spendTransfer(
  located: LocatedTransfer,
  identity: Identity,
  redemptionId: string,
): Promise<SpentTransfer> {
  const { live, transfer, targetDevice } = located
  const { service } = live
  parseWith(redemptionIdSchema, { redemptionId }, '')
  const digests = await service.credentials.digests('transfer redemption', transfer.id, redemptionId)
  const by = digests[0]!
  const isOurs = (known: string): boolean => digests.some((digest) => isSameText(digest, known))
  const copyId = newId()
  const matchCode = newMatchCode()
  const device = targetDevice === undefined ? {} : { device: targetDevice }
  let made: 'claim' | 'redemption' | undefined
  let isReplayed = false

  const spend = live.update(
    (before) => {
      made = undefined
      isReplayed = false
      const current = before.transfers?.find(({ id }) => id === transfer.id)
      if (current === undefined) throw noSuchTransfer()
      const { redeemed, claim } = current
      if (redeemed !== undefined) {
        if (isOurs(redeemed.by) && redeemed.generation === before.generation) return before
        isReplayed = !isOurs(redeemed.by)
        throw noSuchTransfer()
      }
      // The session was bound to a user, rotated or moved since, so its owner may have changed.
      if (!isAlive(current, before.generation)) throw noSuchTransfer()
      if (claim !== undefined && !isOurs(claim.by)) throw noSuchTransfer()
      if (current.confirm === 'source' && claim?.approved !== true) {
        if (claim !== undefined) return before
        made = 'claim'
        return withTransfer(before, current.id, { ...current, claim: { by, matchCode, ...device } })
      }
      made = 'redemption'
      const generation = current.mode === 'move' ? nextGeneration(before.generation) : before.generation
      const spent = { by, generation, ...(current.mode === 'copy' ? { copyId } : {}) }
      return { ...withTransfer(before, current.id, { ...current, redeemed: spent }), generation }
    },
    { slack },
  )
  const { record, body } = await spend.catch((error: unknown) => {
    if (isReplayed) suspicionsOf(service).replayed(transfer.id, located.record, identity)
    throw error
  })
  const after = body.transfers!.find(({ id }) => id === transfer.id)!
  const fact = factOf(after, targetDevice)
  if (made === 'claim') service.emit('transfer.claimed', record, fact, identity)
  if (made === 'redemption') {
    const { userId } = identity
    service.emit(
      'transfer.redeemed',
      record,
      { ...fact, by: userId, copySessionId: after.redeemed?.copyId },
      identity,
    )
    if (after.mode === 'move')
      service.emit('credential.rotated', record, { generation: body.generation }, identity)
  }
  return { transfer: after, record, body }
}

/** Takes a redemption back that could not finish, so that the transfer can be redeemed when there is room. */
export async function unspendTransfer({ live, transfer }: LocatedTransfer, copyId: string): Promise<void> {
  await live.update(
    (before) => {
      const current = before.transfers?.find(({ id }) => id === transfer.id)
      if (current?.redeemed?.copyId !== copyId) return before
      const { redeemed: _, ...open } = current
      return withTransfer(before, current.id, open)
    },
    { slack },
  )
}
