import { toIso } from '../../time.js'
import { etagOf } from '../etag.js'
import { type Route, route } from '../route.js'
import * as schemas from '../schemas.js'
import { sessionView } from '../views.js'

export const branchRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/sessions/{id}/rewind',
    operation: 'rewindSession',
    summary: 'Takes the conversation back to just after a message; what came later stays as a branch',
    body: schemas.rewindBody,
    response: schemas.branchReply,
    async handle({ session: find, body, change }) {
      const session = await find()
      const { id, leftAt } = await session.rewind(body.toSeq, change)
      return {
        body: { session: sessionView(session.record), branch: { id, leftAt: toIso(leftAt) } },
        headers: { ETag: etagOf(session.record) },
      }
    },
  }),
  route({
    method: 'GET',
    path: '/sessions/{id}/branches',
    operation: 'listBranches',
    summary:
      'Shows the ways the conversation went, the active one and those it left, by the messages on them',
    response: schemas.branchesReply,
    async handle({ session: find }) {
      const session = await find()
      const { record, path, branches } = await session.read()
      const items = branches.map(({ id, path, leftAt }) => ({ id, path, leftAt: toIso(leftAt) }))
      return {
        body: { sessionId: session.id, branches: { active: { path }, items } },
        headers: { ETag: etagOf(record) },
      }
    },
  }),
  route({
    method: 'POST',
    path: '/sessions/{id}/branches/{branchId}/switch',
    operation: 'switchBranch',
    summary: 'Goes on with a branch; the one it leaves becomes a branch in its place',
    response: schemas.sessionReply,
    async handle({ session: find, params, change }) {
      const session = await find()
      await session.switchBranch(params['branchId']!, change)
      return { body: { session: sessionView(session.record) }, headers: { ETag: etagOf(session.record) } }
    },
  }),
]
