import { toIso } from '../../time.js'
import { etagOf } from '../etag.js'
import { type Call, type Route, route } from '../route.js'
import { sessionView } from '../views.js'
import type { Session } from '../../session.js'
import { justRead, liveSessionOf } from '../../session/live-of.js'
import type { ForkOptions } from '../../session/fork.js'
import { SessionError, isSessionError } from '../../errors.js'
import { checkFields } from '../client-fields.js'
import * as compat from '../compat/schemas.js'
import { seedView } from '../compat/session.js'
import { copyAdmission } from '../copied-bytes.js'
import * as schemas from '../schemas.js'

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
  route({
    method: 'POST',
    path: '/sessions/{id}/fork',
    operation: 'forkSession',
    summary: 'Makes a new session with the messages of this one up to one of them',
    body: schemas.forkBody,
    bodyOptional: true,
    status: 201,
    response: schemas.forkReply,
    compatResponse: compat.forkReply,
    async handle(call) {
      const { atSeq, fromMessageIndex, title, include, ...others } = call.body
      const { id } = checkFields(call.api, call.identity, others)
      const source = await call.session()
      if (call.identity.userId === undefined) call.caller.checkCarrying()
      const at = fromMessageIndex === undefined ? atSeq : await seqAt(call, source, fromMessageIndex)
      const fork = await makeFork(call, source, {
        ...(at === undefined ? {} : { atSeq: at }),
        ...(title === undefined ? {} : { title }),
        ...(include === undefined ? {} : { include }),
        ...(id === undefined ? {} : { id }),
      })
      if (call.identity.userId === undefined) await call.caller.carry(justRead(fork))
      return {
        status: 201,
        body: {
          session: call.api.isCompat ? await seedView(call, fork) : sessionView(fork.record),
          forkedFromSessionId: source.id,
          forkedFromSeq: (fork.contents ?? (await fork.read())).lineage?.seq ?? 0,
          ...(fromMessageIndex === undefined ? {} : { forkedFromMessageIndex: fromMessageIndex }),
          ...(call.api.isCompat ? { resetUsage: true } : {}),
        },
        headers: { ETag: etagOf(fork.record) },
      }
    },
  }),
]

async function seqAt(
  { api, identity }: Pick<Call, 'api' | 'identity'>,
  session: Session,
  index: number,
): Promise<number> {
  // Finding the message reads as much as copying.
  await copyAdmission(api, identity)?.(liveSessionOf(session, 'source'), 0)
  const message = (await session.allMessages())[index]
  if (message !== undefined) return message.seq
  throw new SessionError('invalid', 'fromMessageIndex: there is no such message', {
    path: 'fromMessageIndex',
  })
}

async function makeFork(
  { mine, seed, isRetry }: Pick<Call, 'mine' | 'seed' | 'isRetry'>,
  source: Session,
  options: ForkOptions,
): Promise<Session> {
  try {
    return await mine.fork(source, { ...(seed === undefined ? {} : { id: seed }), ...options })
  } catch (error) {
    if (!isRetry || seed === undefined || !isSessionError(error, 'conflict')) throw error
    return (await mine.find(seed)) ?? mine.fork(source, { ...options })
  }
}
