import { isSessionError, SessionError } from '../../errors.js'
import type { Session } from '../../session.js'
import type { ForkOptions } from '../../sessions.js'
import { checkFields } from '../client-fields.js'
import { etagOf } from '../etag.js'
import { type Call, type Route, route } from '../route.js'
import * as schemas from '../schemas.js'
import { sessionView } from '../views.js'

export const courseRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/sessions/{id}/reset',
    operation: 'resetSession',
    summary: 'Clears the conversation; state, preferences and cart stay',
    response: schemas.sessionReply,
    async handle({ session: find, change }) {
      const session = await find()
      await session.reset(change)
      const record = await session.refresh()
      return { body: { session: sessionView(record) }, headers: { ETag: etagOf(record) } }
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
    async handle(call) {
      const { atSeq, fromMessageIndex, title, include, ...others } = call.body
      const { id } = checkFields(call.api, call.identity, others)
      const source = await call.session()
      const at = fromMessageIndex === undefined ? atSeq : await seqAt(source, fromMessageIndex)
      const fork = await makeFork(call, source, {
        ...(at === undefined ? {} : { atSeq: at }),
        ...(title === undefined ? {} : { title }),
        ...(include === undefined ? {} : { include }),
        ...(id === undefined ? {} : { id }),
      })
      if (call.identity.userId === undefined) await call.caller.carry(fork)
      return {
        status: 201,
        body: {
          session: sessionView(fork.record),
          forkedFromSessionId: source.id,
          forkedFromSeq: (await fork.read()).lineage?.seq ?? 0,
          ...(fromMessageIndex === undefined ? {} : { forkedFromMessageIndex: fromMessageIndex }),
          ...(call.api.isCompat ? { resetUsage: true } : {}),
        },
        headers: { ETag: etagOf(fork.record) },
      }
    },
  }),
  route({
    method: 'POST',
    path: '/sessions/{id}/compact',
    operation: 'compactSession',
    summary: 'Sums up what is old, so that the model sees it in few words; history keeps every message',
    body: schemas.compactBody,
    bodyOptional: true,
    response: schemas.compactReply,
    async handle({ session: find, body, api, identity, request }) {
      const { maxMessages, maxTokens, ...others } = body
      checkFields(api, identity, others)
      const session = await find()
      const keepTokens = maxMessages === undefined ? maxTokens : await tokensOfNewest(session, maxMessages)
      const { compacted, summary } = await session.compact({
        signal: request.signal,
        // Asked for in so many words, a little is worth summing up, too.
        ...(keepTokens === undefined ? {} : { keepTokens, minTokens: 1 }),
      })
      const record = await session.refresh()
      return {
        body: {
          compacted,
          // Nothing is ever removed from history to fit a prompt.
          removedCount: 0,
          session: sessionView(record),
          ...(summary === undefined
            ? {}
            : {
                summary: { from: summary.from, to: summary.to, text: summary.text, tokens: summary.tokens },
              }),
        },
        headers: { ETag: etagOf(record) },
      }
    },
  }),
  route({
    method: 'POST',
    path: '/sessions/{id}/bind',
    operation: 'bindSession',
    summary: 'Gives an anonymous session to the user who has signed in, and replaces its credential',
    response: schemas.sessionReply,
    async handle({ caller, params }) {
      const session = await caller.find()
      if (session?.id !== params['id']) {
        throw new SessionError('not_found', 'There is no such session.')
      }
      const bound = await caller.bind()
      return { body: { session: sessionView(bound.record) }, headers: { ETag: etagOf(bound.record) } }
    },
  }),
]

/** Tokens of the newest messages that stay as they are, where a caller counts in messages. */
async function tokensOfNewest(session: Session, count: number): Promise<number> {
  if (count === 0) return 0
  const { messages } = await session.history({ limit: Math.min(count, 1000) })
  return messages.reduce((sum, { tokens }) => sum + tokens, 0)
}

async function seqAt(session: Session, index: number): Promise<number> {
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
