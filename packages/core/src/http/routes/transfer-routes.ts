import { digestOf } from '../../digest.js'
import { toIso } from '../../time.js'
import type { TransferOptions } from '../../transfer/options.js'
import type { RedeemOptions } from '../../caller-sessions.js'
import type { SessionPreview, TransferDescription, TransferKey } from '../../transfer/redemption.js'
import { accepts } from '../accepts.js'
import { etagOf } from '../etag.js'
import { problemOf } from '../problem.js'
import { type RouteResponse, type Call, type Route, route } from '../route.js'
import * as schemas from './transfer-schemas.js'
import { sessionView } from '../views.js'

const ended =
  (status: 'revoked' | 'denied') =>
  async ({ session: find, params }: Pick<Call, 'session' | 'params'>): Promise<RouteResponse> => {
    const session = await find()
    const transferId = params['transferId']!
    await (status === 'revoked' ? session.revokeTransfer(transferId) : session.denyTransfer(transferId))
    return { body: { sessionId: session.id, transferId, status } }
  }

/** The answer to a GET: previews and scanners follow links, and must not redeem a transfer. */
const how = (path: string, operation: string): Route =>
  route({
    method: 'GET',
    path,
    operation,
    summary: 'Says how a transfer is redeemed; a GET never does',
    response: schemas.howReply,
    isPublic: true,
    handle: async ({ apiPath }) => ({
      body: {
        redeem: `POST ${apiPath}/transfers/redeem`,
        describe: `POST ${apiPath}/transfers/describe`,
        detail: 'Send the secret of the link, which stands after its #, or the short code, in a JSON body.',
      },
    }),
  })

export const transferRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/sessions/{id}/transfer',
    operation: 'startTransfer',
    summary: 'Begins a transfer to another device; as text/plain, the link alone, as a QR code needs it',
    body: schemas.transferBody,
    status: 201,
    response: schemas.startedReply,
    isSecret: true,
    async handle({ session: find, body, api, request, identity, context }) {
      const session = await find()
      const device = api.deviceOf(request, identity, context)
      const options = { ...(body as TransferOptions), device }
      const { expiresAt, shortCodeExpiresAt, ...started } = await session.transfer(options)
      if (started.url !== undefined && prefersText(request)) {
        const headers = { 'Content-Type': 'text/plain; charset=utf-8' }
        return new Response(started.url, { status: 201, headers })
      }
      return {
        status: 201,
        body: {
          sessionId: session.id,
          ...started,
          expiresAt: toIso(expiresAt),
          shortCodeExpiresAt: toIso(shortCodeExpiresAt),
        },
      }
    },
  }),
  route({
    method: 'GET',
    path: '/sessions/{id}/transfers',
    operation: 'listTransfers',
    summary: 'Shows the transfers of a session, and which device waits for approval',
    response: schemas.transfersReply,
    async handle({ session: find }) {
      const session = await find()
      const transfers = await session.transfers()
      return {
        body: {
          sessionId: session.id,
          transfers: transfers.map(({ expiresAt, ...transfer }) => ({
            ...transfer,
            expiresAt: toIso(expiresAt),
          })),
        },
      }
    },
  }),
  route({
    method: 'DELETE',
    path: '/sessions/{id}/transfers/{transferId}',
    operation: 'revokeTransfer',
    summary: 'Ends a transfer that was not redeemed yet',
    response: schemas.endedReply,
    handle: ended('revoked'),
  }),
  route({
    method: 'POST',
    path: '/sessions/{id}/transfers/{transferId}/approve',
    operation: 'approveTransfer',
    summary: 'Lets the device have the session that waits and shows this match code',
    body: schemas.approveBody,
    response: schemas.endedReply,
    async handle({ session: find, params, body }) {
      const session = await find()
      const transferId = params['transferId']!
      await session.approveTransfer(transferId, body.matchCode)
      return { body: { sessionId: session.id, transferId, status: 'approved' } }
    },
  }),
  route({
    method: 'POST',
    path: '/sessions/{id}/transfers/{transferId}/deny',
    operation: 'denyTransfer',
    summary: 'Turns the device that waits away, and ends the transfer',
    response: schemas.endedReply,
    handle: ended('denied'),
  }),
  how('/transfers', 'explainTransfers'),
  route({
    method: 'POST',
    path: '/transfers/describe',
    operation: 'describeTransfer',
    summary: 'Says what a transfer is about, and spends nothing',
    body: schemas.describeBody,
    response: schemas.describeReply,
    isSecret: true,
    async handle({ mine, body, ...call }) {
      const transfer = await mine.describeTransfer({ ...(body as TransferKey), ...askedBy(call) })
      return { body: { transfer: descriptionView(transfer) } }
    },
  }),
  how('/transfers/redeem', 'explainRedemption'),
  route({
    method: 'POST',
    path: '/transfers/redeem',
    operation: 'redeemTransfer',
    summary: 'Redeems a transfer, once; the credential comes as usual, in a cookie or a header',
    body: schemas.redeemBody,
    response: schemas.redeemReply,
    isSecret: true,
    async handle({ mine, caller, body, requestId, seed, ...call }) {
      // Check before the transfer is redeemed.
      if (mine.identity.userId === undefined) caller.checkCarrying()
      const redemption = await mine.redeem({
        ...(body as RedeemOptions),
        ...askedBy(call),
        holding: await caller.find(),
        // So that the same request again, after a crash, is the same redemption.
        ...(body.redemptionId === undefined && seed !== undefined
          ? { redemptionId: await digestOf(`redemption ${seed}`) }
          : {}),
      })
      if (redemption.status === 'occupied') return occupied(requestId, redemption)
      if (redemption.status === 'pending') {
        return { body: { ...redemption, expiresAt: toIso(redemption.expiresAt) } }
      }
      const { session, credential, ...redeemed } = redemption
      await caller.carry(session, credential)
      return {
        body: { ...redeemed, session: sessionView(session.record) },
        headers: { ETag: etagOf(session.record) },
      }
    },
  }),
]

/** Caller, audience and device of a request, as far as trusted code knows them. */
function askedBy({
  api,
  request,
  identity,
  context,
}: Pick<Call, 'api' | 'request' | 'identity' | 'context'>): Pick<
  TransferKey,
  'caller' | 'audience' | 'device'
> {
  const caller = api.limitKey(request, identity)
  const device = api.deviceOf(request, identity, context)
  if (api.audienceOf === undefined) return { caller, device }
  const audience = api.audienceOf(request, identity, context)
  // Also when it is undefined: the audience in the body does not count then.
  return { caller, audience, device }
}

/** The session that a device would leave, and the one it would join: nothing has changed, and the user decides. */
function occupied(
  requestId: string,
  { joins, leaves }: { joins: TransferDescription; leaves: SessionPreview },
): Response {
  const detail = 'This device holds a session. Say replace: true to leave it.'
  const problem = {
    ...problemOf('conflict', { detail, path: 'replace' }),
    instance: `urn:request:${requestId}`,
    joins: descriptionView(joins),
    leaves,
  }
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: { 'Content-Type': 'application/problem+json' },
  })
}

function descriptionView({ expiresAt, ...transfer }: TransferDescription) {
  return { ...transfer, expiresAt: toIso(expiresAt) }
}

/** Clients that name it behind other types, as axios does by itself, read JSON. */
function prefersText(request: Request): boolean {
  const isFirst = /^\s*text\/plain/i.test(request.headers.get('accept') ?? '')
  return isFirst && accepts(request, 'text/plain')
}
