import type { HistoryPage } from '../../history.js'
import type { MessageInput } from '../../message.js'
import { toIso } from '../../time.js'
import { checkRoles } from '../client-fields.js'
import { etagOf } from '../etag.js'
import { type Route, route } from '../route.js'
import * as schemas from '../schemas.js'
import { messageView } from '../views.js'

export const messageRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/sessions/{id}/messages',
    operation: 'listMessages',
    summary: 'Pages through the messages of a session',
    query: schemas.historyQuery,
    response: schemas.messagePage,
    async handle({ session: find, query, api }) {
      const session = await find()
      const { limit, cursor, direction, branch } = query
      const at = cursor === undefined ? undefined : Number(cursor)
      const page = await session.history({
        limit,
        branch,
        ...(direction === 'forward' ? { after: at ?? 0 } : at === undefined ? {} : { before: at }),
      })
      return {
        body: {
          sessionId: session.id,
          messages: {
            items: page.messages.map((message) => messageView(message, api)),
            ...cursors(page),
          },
        },
      }
    },
  }),
  route({
    method: 'POST',
    path: '/sessions/{id}/messages',
    operation: 'appendMessages',
    summary: 'Appends messages, all or none; no model is asked',
    body: schemas.appendBody,
    status: 201,
    response: schemas.appendReply,
    async handle({ session: find, body, api, seed }) {
      checkRoles(api, body.messages)
      const session = await find()
      const messages = body.messages.map((message, index) => ({
        ...(seed === undefined ? {} : { id: `${seed}-${index}` }),
        ...message,
      }))
      const appended = await session.append(messages as MessageInput[])
      return {
        status: 201,
        body: {
          sessionId: session.id,
          messages: appended.map(({ id, seq, at, inserted }) => ({
            id,
            seq,
            createdAt: toIso(at),
            inserted,
          })),
        },
        headers: { ETag: etagOf(session.record) },
      }
    },
  }),
]

function cursors({ before, after }: HistoryPage) {
  return {
    ...(after === undefined ? {} : { nextCursor: String(after) }),
    ...(before === undefined ? {} : { previousCursor: String(before) }),
  }
}
