import { createHash } from 'node:crypto'
import { isSessionError, type Redemption, SessionError, type TransferMode } from '@sessions/core'
import { type Caller, deviceOf, guestOf, identityOf, nobody } from './caller.ts'
import { chat } from './chat.ts'
import { readInvitation, toInvitation } from './guest.ts'
import { hold, join } from './holding.ts'

const expiresInMs = 10 * 60_000

/** The fragment of a link. */
export interface Link {
  readonly secret: string
  /** Names the guest that this device will become; absent in a copy, which is for anybody. */
  readonly guest?: string | undefined
}

/** A link that opens a session of this guest elsewhere: on another device of the guest, or, as a copy, for anybody. */
export async function startTransfer(guest: string, id: string, mode: TransferMode, page: string) {
  const sessions = await chat.sessions()
  const session = await sessions.for(identityOf(guest)).get(id)
  const isCopy = mode === 'copy'
  const started = await session.transfer({
    mode,
    expiresInMs,
    ...(isCopy ? { allowAnonymous: true } : { confirm: 'source' }),
  })
  const { transferId, secret, expiresAt } = started
  const fragment = isCopy ? secret : `${secret}.${toInvitation(guest, secret)}`
  // By the clock of this process: by that the page counts down, and the store's may be another.
  const endsAt = Date.now() + expiresAt - session.record.updatedAt
  return { transferId, mode, url: `${page}#${fragment}`, expiresAt: new Date(endsAt).toISOString() }
}

/** The session of a link, and the sessions that this device would leave for it. Redeems nothing. @throws `not_found` */
export async function describeLink(visitor: string, link: Link) {
  const sessions = await chat.sessions()
  const guest = invitedBy(link)
  const {
    expiresAt,
    sessionId: _,
    ...transfer
  } = await sessions
    .for(guest === undefined ? nobody : identityOf(guest))
    .describeTransfer({ secret: link.secret, caller: visitor })
  return {
    transfer: { ...transfer, expiresAt: new Date(expiresAt).toISOString() },
    leaves: { sessions: guest === undefined ? 0 : await leftBehind(visitor, guest) },
  }
}

export interface ContinueOptions extends Link {
  readonly redemptionId: string
  /** The visitor knows that this device leaves its sessions. */
  readonly replace?: boolean | undefined
}

export type Continued =
  | { readonly status: 'pending'; readonly matchCode: string; readonly expiresAt: string }
  | { readonly status: 'occupied'; readonly leaves: { readonly sessions: number } }
  /** The guest of this device from now on, and which of the guest's devices it is. */
  | {
      readonly status: 'redeemed'
      readonly sessionId: string
      readonly guest: string
      readonly device?: string
    }

/** Redeems a link: this device becomes that guest's, or its visitor gets a copy. @throws `not_found` */
export async function continueHere(caller: Caller, options: ContinueOptions): Promise<Continued> {
  const guest = invitedBy(options)
  return guest === undefined ? takeCopy(guestOf(caller), options) : becomeGuest(caller, guest, options)
}

async function becomeGuest(caller: Caller, guest: string, options: ContinueOptions): Promise<Continued> {
  const { secret, redemptionId, replace = false } = options
  const visitor = guestOf(caller)
  const left = replace ? 0 : await leftBehind(visitor, guest)
  if (left > 0) return { status: 'occupied', leaves: { sessions: left } }
  const sessions = await chat.sessions()
  const redemption = await sessions.for(identityOf(guest)).redeem({ secret, redemptionId, caller: visitor })
  if (redemption.status !== 'redeemed') return toContinued(redemption, guest)
  // A device whose answer was lost asks again, and is the same device then.
  const device = visitor === guest ? deviceOf(caller) : digestOf(redemptionId).slice(0, 8)
  await (redemption.mode === 'move' ? hold : join)(redemption.session, device)
  return { ...toContinued(redemption, guest), device } as Continued
}

/** Redeems as an anonymous caller, who may take a copy of a guest's session, and gives the copy to the visitor. */
async function takeCopy(visitor: string, { secret, redemptionId }: ContinueOptions): Promise<Continued> {
  const sessions = await chat.sessions()
  const mine = sessions.for(identityOf(visitor))
  // By this id, a visitor whose answer was lost finds the copy again.
  const label = `copy:${digestOf(`${secret} ${redemptionId}`)}`
  const copyOfVisitor = async (): Promise<Continued | undefined> => {
    const [copy] = (await mine.list({ label, limit: 1 })).items
    return copy === undefined ? undefined : { status: 'redeemed', sessionId: copy.id, guest: visitor }
  }
  const before = await copyOfVisitor()
  if (before !== undefined) return before
  try {
    const redemption = await sessions.for(nobody).redeem({ secret, redemptionId, caller: visitor })
    if (redemption.status !== 'redeemed') return toContinued(redemption, visitor)
    await redemption.session.edit({ label })
    await (await mine.findByCredential(redemption.credential))?.bind()
  } catch (error) {
    // The same request at the same moment may have been faster.
    const made = isSessionError(error, 'not_found') ? await copyOfVisitor() : undefined
    if (made === undefined) throw error
    return made
  }
  const made = await copyOfVisitor()
  if (made === undefined) throw new SessionError('not_found', 'There is no such transfer.')
  return made
}

function toContinued(redemption: Redemption, guest: string): Continued {
  switch (redemption.status) {
    case 'redeemed':
      return { status: 'redeemed', sessionId: redemption.session.id, guest }
    case 'pending': {
      const { matchCode, expiresAt } = redemption
      return { status: 'pending', matchCode, expiresAt: new Date(expiresAt).toISOString() }
    }
    case 'occupied':
      // This error is only for a caller who opens a session by its credential, and guests have no credential.
      throw new Error('A guest holds no credential.')
  }
}

/** The guest that this device will become. @throws `not_found` for an invitation that goes with another secret. */
function invitedBy({ secret, guest }: Link): string | undefined {
  if (guest === undefined) return undefined
  const invited = readInvitation(guest, secret)
  if (invited === undefined) throw new SessionError('not_found', 'There is no such transfer.')
  return invited
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** How many sessions a device would lose sight of. */
async function leftBehind(visitor: string, guest: string): Promise<number> {
  if (visitor === guest) return 0
  const sessions = await chat.sessions()
  return (await sessions.for(identityOf(visitor)).list({ limit: 200 })).items.length
}
