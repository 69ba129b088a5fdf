import type { Message, Role } from '../../domain/message.js'
import { SessionError } from '../../errors.js'
import type { JsonObject } from '../../json.js'
import type { Session } from '../../session.js'
import type { ApiConfig } from '../api-options.js'
import { checkMessage } from '../client-messages.js'
import { etagOf } from '../etag.js'
import { RequestError } from '../problem.js'
import { type Route, route, type RouteResponse } from '../route.js'
import { messageView } from '../views.js'
import * as schemas from '../schemas.js'

export const messageChangeRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/sessions/{id}/messages/{seq}/redact',
    operation: 'redactMessage',
    summary: 'Takes away what a message says, for good; its place, role and id stay',
    response: schemas.messageReply,
    async handle({ session: find, params, change, api }) {
      const seq = seqOf(params)
      const session = await find()
      return answerOf(session, await session.redact(seq, change), api)
    },
  }),
  route({
    method: 'PATCH',
    path: '/sessions/{id}/messages/{seq}',
    operation: 'amendMessage',
    summary: 'Has a message say something else, in its place',
    body: schemas.amendBody,
    argument: 'change',
    response: schemas.messageReply,
    async handle({ session: find, params, body: { content }, change, api, identity }) {
      const seq = seqOf(params)
      const session = await find()
      const { messages } = await session.history({ after: seq - 1, limit: 1, branch: 'all' })
      const before = messages.find((message) => message.seq === seq)
      if (before === undefined)
        throw new SessionError('invalid', `There is no message ${seq}.`, { path: 'seq' })
      const roles = api.clientRoles(identity)
      checkMayAmend(api, roles, before)
      const checked = checkMessage(api, roles, { role: before.role, content })
      return answerOf(session, await session.amend(seq, { content: checked.content }, change), api)
    },
  }),
  route({
    method: 'PATCH',
    path: '/sessions/{id}/messages/{seq}/annotations',
    operation: 'annotateMessage',
    summary: 'Merges a patch into the annotations of a message as RFC 7396 says: null removes a key',
    body: schemas.jsonObject,
    response: schemas.messageReply,
    async handle({ session: find, params, body, change, api }) {
      const seq = seqOf(params)
      const session = await find()
      const isConditional = change.ifRevision !== undefined
      const message = await session.annotate(
        seq,
        body as JsonObject,
        isConditional ? { ifChanges: session.record.changes } : {},
      )
      return answerOf(session, message, api)
    },
  }),
]

function seqOf({ seq = '' }: Readonly<Record<string, string>>): number {
  if (/^[1-9]\d{0,14}$/.test(seq)) return Number(seq)
  throw new SessionError('invalid', 'seq must be the place of a message, from 1.', { path: 'seq' })
}

/** Only what a client could have said may it change: not what the application, or a model, has said. */
function checkMayAmend(api: ApiConfig, roles: readonly Role[], { role, content }: Message): void {
  try {
    checkMessage(api, roles, { role, content })
  } catch (cause) {
    if (!(cause instanceof RequestError) && !(cause instanceof SessionError)) throw cause
    throw new RequestError('unprocessable', 'A client may not change this message.', { path: 'seq' })
  }
}

function answerOf(session: Session, message: Message, api: ApiConfig): RouteResponse {
  return { body: { message: messageView(message, api) }, headers: { ETag: etagOf(session.record) } }
}
