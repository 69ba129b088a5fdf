import type { z } from 'zod/mini'
import { callerOf } from '../../audit/caller.js'
import type { Consents } from '../../domain/consent.js'
import type { ErasureStatus } from '../../domain/erasure.js'
import type { Identity } from '../../domain/identity.js'
import { SessionError } from '../../errors.js'
import { parseId } from '../../ids.js'
import { checkAsks, decide } from '../../privacy/consent.js'
import { erasureOf, startErasure } from '../../privacy/erase.js'
import type { TenantUser } from '../../service/user-record.js'
import { toIso } from '../../time.js'
import { within } from '../../async/within.js'
import { goesOn } from '../goes-on.js'
import { type Call, type Route, route } from '../route.js'
import * as schemas from './user-schemas.js'

// How long a client waits for the end of an erasure, before it is told where to look.
const waitMs = 5000

/** What users may do with their own data, and an admin with that of any user of the tenant. */
export const userRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/users/{userId}/consent',
    operation: 'getConsent',
    summary: 'Shows what a user has decided, by purpose, and when',
    response: schemas.consentReply,
    handle: async ({ api, identity, params }) => ({
      body: { consent: consentView(await api.sessions.consent.get(userOf(identity, params))) },
    }),
  }),
  route({
    method: 'PUT',
    path: '/users/{userId}/consent',
    operation: 'setConsent',
    summary: 'Notes a decision of a user; a withdrawal removes what the purpose had stored',
    body: schemas.consentBody,
    response: schemas.consentOutcomeReply,
    // The same decision again changes nothing, and no record of the request may outlive a withdrawal.
    ownIdempotency: true,
    async handle({ api, mine, params, body }) {
      const { service } = api
      const user = userOf(mine.identity, params)
      try {
        checkAsks(service)
      } catch (cause) {
        // What the service lacks is no fault of the request: the client is told nothing, and the log all.
        throw new Error('No decision of a user can be noted.', { cause })
      }
      const { consents, removed } = await decide(service, user, body, callerOf(mine.identity))
      return { body: { consent: consentView(consents), removed } }
    },
  }),
  route({
    method: 'DELETE',
    path: '/users/{userId}',
    operation: 'eraseUser',
    summary: "Erases a user's data; with Prefer: respond-async, or after 5 s, it goes on and answers 202",
    response: schemas.erasureReply,
    ownIdempotency: true,
    mayGoOn: true,
    async handle(call) {
      const { api, apiPath, mine, params, request } = call
      const { service } = api
      const { identity } = mine
      const user = userOf(identity, params)
      const about = { by: identity.userId ?? 'admin', reason: 'request' }
      const { begun, receipt } = startErasure(service, { ...user, ...about }, callerOf(identity))
      const status = await begun
      const isAsync = /\brespond-async\b/.test(request.headers.get('prefer') ?? '')
      const done = isAsync ? undefined : await within(waitMs, receipt)
      if (done !== undefined) {
        // Under the old name the visitor could begin nothing for a while.
        if (call.caller.isGuest(user.userId)) call.caller.forget()
        return { body: { erasure: erasureView({ ...status, receipt: done }) } }
      }
      goOn(call, user, receipt)
      const place = `${apiPath}/users/${encodeURIComponent(user.userId)}/erasure`
      return { status: 202, body: { erasure: erasureView(status) }, headers: { Location: place } }
    },
  }),
  route({
    method: 'GET',
    path: '/users/{userId}/erasure',
    operation: 'getErasure',
    summary: 'Says how far the erasure of a user is, and gives the receipt when it is done',
    response: schemas.erasureReply,
    async handle({ api, identity, params }) {
      const erasure = await erasureOf(api.service, userOf(identity, params))
      if (erasure === undefined) throw new SessionError('not_found', 'No erasure is known of this user.')
      return { body: { erasure: erasureView(erasure) } }
    },
  }),
]

/** No client waits for the end any more; what fails is for the operator, and can be called again. */
function goOn(call: Call, { tenantId, userId }: TenantUser, receipt: Promise<unknown>): void {
  const { work, warn } = call.api.service
  const ended = receipt.then(
    () => {},
    (cause: unknown) => {
      const message = 'The data of a user could not be erased; sweep, or another call, goes on with it.'
      warn({ code: 'erase_failed', message, cause })
    },
  )
  work.background(JSON.stringify(['erase', tenantId, userId]), () => ended)
  goesOn(call, ended)
}

function consentView({ purposes, history }: Consents): z.infer<typeof schemas.consentReply>['consent'] {
  return {
    purposes: Object.fromEntries(
      Object.entries(purposes).map(([purpose, said]) => [purpose, { ...said, at: toIso(said.at) }]),
    ),
    history: history.map((said) => ({ ...said, at: toIso(said.at) })),
  }
}

function erasureView({
  id,
  startedAt,
  counts,
  receipt,
}: ErasureStatus): z.infer<typeof schemas.erasureReply>['erasure'] {
  return {
    id,
    status: receipt === undefined ? 'running' : 'done',
    startedAt: toIso(startedAt),
    counts: receipt?.counts ?? counts,
    ...(receipt === undefined
      ? {}
      : {
          receipt: { ...receipt, startedAt: toIso(receipt.startedAt), erasedAt: toIso(receipt.erasedAt) },
        }),
  }
}

/** The user of the path. @throws `unauthenticated`; `forbidden` for another user, but for an admin; `invalid` */
export function userOf({ tenantId, userId: own, roles }: Identity, { userId }: Call['params']): TenantUser {
  const isAdmin = roles?.includes('admin') === true
  if (own === undefined && !isAdmin) throw new SessionError('unauthenticated', 'Sign in first.')
  if (userId !== own && !isAdmin)
    throw new SessionError('forbidden', 'Only an admin may do this for another user.')
  return { tenantId, userId: parseId(userId, 'userId') }
}
