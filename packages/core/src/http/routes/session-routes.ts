import type { z } from 'zod/mini'
import type { CartItemInput } from '../../domain/cart.js'
import { SessionError, isSessionError, isUnreadable } from '../../errors.js'
import type { SessionInit } from '../../service/create-session.js'
import type { SessionTtl } from '../../service/lifetime.js'
import type { Session } from '../../session.js'
import { deleteSession } from '../../session/deletion.js'
import { justRead, liveSessionOf } from '../../session/live-of.js'
import { checkFields, compatId, leadingSystem } from '../client-fields.js'
import { checkMessages } from '../client-messages.js'
import { checkTtl } from '../client-ttl.js'
import * as compat from '../compat/schemas.js'
import { seedItems, seedView, tenantOf } from '../compat/session.js'
import { etagOf } from '../etag.js'
import { type Call, type Route, route } from '../route.js'
import { messageView, sessionView } from '../views.js'
import * as schemas from '../schemas.js'

export const sessionRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/sessions',
    operation: 'createSession',
    summary: 'Makes a session',
    body: schemas.createBody,
    bodyOptional: true,
    status: 201,
    response: schemas.sessionReply,
    compatResponse: compat.sessionReply,
    async handle(call) {
      const { title, label, state, preferences, cart, ttl, messages, ...others } = call.body
      const chosen = checkFields(call.api, call.identity, others)
      const checked = checkMessages(call.api, call.api.clientRoles(call.identity), messages)
      if (call.api.isCompat && call.identity.userId === undefined) {
        // Its clients carry no credential, so no client could open an anonymous session.
        throw new SessionError(
          'unauthenticated',
          'With compat a session belongs to a user: identify must return a userId, such as the account of the tenant.',
        )
      }
      const init: SessionInit = {
        ...(title === undefined ? {} : { title }),
        ...(label === undefined ? {} : { label }),
        ...(state === undefined ? {} : { state }),
        ...(preferences === undefined ? {} : { preferences }),
        ...(cart === undefined ? {} : { cart: cart as CartItemInput[] }),
        ...(ttl === undefined ? {} : { ttl: checkTtl(call.api, toTtl(ttl)) }),
        messages: [...leadingSystem(chosen), ...checked],
      }
      // Check before the session is stored: without its credential no caller could open it.
      if (call.identity.userId === undefined) call.caller.checkCarrying()
      const session = await make(call, chosen.id, init)
      if (call.identity.userId === undefined) await call.caller.carry(justRead(session))
      return {
        status: 201,
        body: { session: call.api.isCompat ? await seedView(call, session) : sessionView(session.record) },
        headers: {
          ETag: etagOf(session.record),
          Location: `${call.apiPath}/sessions/${encodeURIComponent(session.id)}`,
        },
      }
    },
  }),
  route({
    method: 'GET',
    path: '/sessions',
    operation: 'listSessions',
    summary: "Lists the caller's sessions, the most active first",
    query: schemas.listQuery,
    response: schemas.sessionPage,
    compatResponse: compat.sessionPage,
    async handle({ api, mine, query, identity }) {
      const { items, cursor } = await mine.list({
        limit: query.limit,
        ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
        ...(query.label === undefined ? {} : { label: query.label }),
        ...(query.userId === undefined ? {} : { userId: query.userId }),
      })
      const more = api.isCompat ? await seedItems(api.service, items) : []
      return {
        body: {
          sessions: {
            items: items.map((record, at) => ({ sessionId: record.id, ...sessionView(record), ...more[at] })),
            ...(cursor === undefined ? {} : { nextCursor: cursor }),
          },
          ...tenantOf(api, identity),
        },
      }
    },
  }),
  route({
    method: 'GET',
    path: '/sessions/{id}',
    operation: 'getSession',
    summary: 'Shows a session',
    query: schemas.viewQuery,
    compatQuery: compat.viewQuery,
    response: schemas.sessionReply,
    compatResponse: compat.sessionReply,
    async handle(call) {
      const session = await call.session()
      const { include } = call.query
      return {
        body: {
          session: await (call.api.isCompat
            ? seedView(call, session, include)
            : view(call, session, include)),
        },
        headers: { ETag: etagOf(session.record) },
      }
    },
  }),
  route({
    method: 'PATCH',
    path: '/sessions/{id}',
    operation: 'editSession',
    summary: 'Changes title and label; an empty text takes one away',
    body: schemas.editBody,
    response: schemas.sessionReply,
    async handle({ session: find, body, change }) {
      const session = await find()
      const { title, label } = body
      await session.edit(
        { ...(title === undefined ? {} : { title }), ...(label === undefined ? {} : { label }) },
        change,
      )
      return { body: { session: sessionView(session.record) }, headers: { ETag: etagOf(session.record) } }
    },
  }),
  route({
    method: 'POST',
    path: '/sessions/{id}/extend',
    operation: 'extendSession',
    summary: 'Has a session live longer, or shorter, from now on',
    body: schemas.extendBody,
    response: schemas.sessionReply,
    async handle({ api, session: find, body, change }) {
      const ttl = checkTtl(api, toTtl(body), '')
      const session = await find()
      await session.extend(ttl, change)
      return { body: { session: sessionView(session.record) }, headers: { ETag: etagOf(session.record) } }
    },
  }),
  route({
    method: 'DELETE',
    path: '/sessions/{id}',
    operation: 'deleteSession',
    summary: 'Removes a session and everything in it, for good',
    response: schemas.deletedReply,
    compatResponse: compat.deletedReply,
    async handle({ api, session: find, params, isRetry, identity, caller, change }) {
      try {
        const session = await find()
        if (change.ifRevision === undefined) await session.delete()
        else await deleteSession(liveSessionOf(session, 'session'), session.record.changes)
      } catch (error) {
        // The attempt whose process died had already deleted the session.
        const isDone = isRetry && isSessionError(error, 'not_found')
        // Its owner need not read it to have it gone.
        if (isUnreadable(error)) await (await caller.mine()).delete(params['id']!)
        else if (!isDone) throw error
      }
      if (identity.userId === undefined) caller.forget()
      return { body: { deleted: true, sessionId: params['id']!, ...tenantOf(api, identity) } }
    },
  }),
  route({
    method: 'POST',
    path: '/sessions/{id}/bind',
    operation: 'bindSession',
    summary: 'Gives an anonymous session to the user who has signed in, and replaces its credential',
    response: schemas.sessionReply,
    asksOwner: true,
    async handle({ caller, params }) {
      const bound = await caller.bind(params['id'])
      return { body: { session: sessionView(bound.record) }, headers: { ETag: etagOf(bound.record) } }
    },
  }),
]

function toTtl({ idleMs, absoluteMs }: z.output<typeof schemas.extendBody>): SessionTtl {
  return { ...(idleMs === undefined ? {} : { idleMs }), ...(absoluteMs === undefined ? {} : { absoluteMs }) }
}

async function make(
  call: Pick<Call, 'mine' | 'seed' | 'isRetry' | 'api'>,
  chosenId: string | undefined,
  init: SessionInit,
): Promise<Session> {
  const { mine, seed, isRetry } = call
  if (chosenId !== undefined) return mine.open(compatId(chosenId), init)
  if (seed === undefined) return mine.create(init)
  try {
    return await mine.create({ ...init, id: seed })
  } catch (error) {
    if (!isRetry || !isSessionError(error, 'conflict')) throw error
    // The session was created before the process of the first attempt died. No client has its credential, so an
    // anonymous caller gets another one.
    return (await mine.find(seed)) ?? mine.create(init)
  }
}

async function view(
  { api }: Pick<Call, 'api'>,
  session: Session,
  include: readonly string[] | undefined,
): Promise<z.infer<typeof schemas.sessionReply>['session']> {
  const page = include?.includes('messages') === true ? await session.history({ limit: 50 }) : undefined
  // From the same read as the messages, so the session and its ETag are of one moment.
  const turnId = await justRead(session).currentTurn()
  const shown = sessionView(session.record, turnId)
  if (page === undefined) return shown
  return { ...shown, messages: page.messages.map((message) => messageView(message, api)) } as z.infer<
    typeof schemas.sessionReply
  >['session']
}
