import { followed } from '../../audit/audited.js'
import { SessionError } from '../../errors.js'
import { parseId } from '../../ids.js'
import type { Identity } from '../../domain/identity.js'
import { beginExport, beginSessionExport } from '../../portability/audited.js'
import { exportSession, exportSessions } from '../../portability/export-sessions.js'
import type { ViewMessage } from '../../portability/export-line.js'
import { exportMarkdown } from '../../portability/markdown.js'
import { liveSessionOf } from '../../session/live-of.js'
import { accepts } from '../accepts.js'
import type { ApiConfig } from '../api-options.js'
import { type Route, route } from '../route.js'
import * as schemas from '../schemas.js'
import { textStream } from '../text-stream.js'
import { withoutResults } from '../views.js'

const jsonLines = 'application/jsonl'
const markdown = 'text/markdown'

export const exportRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/users/{userId}/export',
    operation: 'exportUser',
    summary: "All of a user's sessions as lines of JSON; for the user and for admins",
    response: schemas.problem,
    media: [jsonLines],
    async handle({ api, mine: { identity }, params }) {
      const userId = params['userId']!
      checkUser(identity, userId)
      parseId(userId, 'userId')
      const onEnd = api.openStreams.enter(identity, userId)
      const settle = await orEnd(beginExport(api.service, identity, { userId }), onEnd)
      const lines = followed(settle, exportSessions(api.service, identity, { userId }, viewOf(api)))
      return stream(lines, jsonLines, 'user.jsonl', onEnd)
    },
  }),
  route({
    method: 'GET',
    path: '/sessions/{id}/export',
    operation: 'exportSession',
    summary: 'A session as lines of JSON, or as Markdown for people to read',
    query: schemas.exportQuery,
    response: schemas.problem,
    media: [jsonLines, markdown],
    async handle({ api, identity, session: find, query, request, headers }) {
      const session = await find()
      const live = liveSessionOf(session, 'session')
      headers.append('Vary', 'Accept')
      const isMarkdown = (query.format ?? (accepts(request, markdown) ? 'markdown' : 'jsonl')) === 'markdown'
      const onEnd = api.openStreams.enter(identity, session.id)
      const settle = await orEnd(beginSessionExport(live), onEnd)
      const pieces = isMarkdown ? exportMarkdown(live, viewOf(api)) : exportSession(live, viewOf(api))
      const type = isMarkdown ? `${markdown}; charset=utf-8` : jsonLines
      return stream(followed(settle, pieces), type, isMarkdown ? 'session.md' : 'session.jsonl', onEnd)
    },
  }),
]

/** What a stream needs before it begins; when there is none, the stream has ended. */
async function orEnd<T>(needed: Promise<T>, onEnd: () => void): Promise<T> {
  try {
    return await needed
  } catch (error) {
    onEnd()
    throw error
  }
}

/** @throws `unauthenticated`, `forbidden` */
function checkUser({ userId: own, roles }: Identity, userId: string): void {
  if (roles?.includes('admin') === true || own === userId) return
  if (own === undefined) throw new SessionError('unauthenticated', 'Sign in to export what is yours.')
  throw new SessionError('forbidden', 'A user exports what is theirs, and an admin what is of any user.')
}

/** What clients do not get to see elsewhere, they do not get here. */
function viewOf(api: Pick<ApiConfig, 'exposeToolResults'>): ViewMessage {
  return (line) => (api.exposeToolResults ? line : { ...line, content: withoutResults(line.content) })
}

function stream(
  pieces: AsyncGenerator<string, void, undefined>,
  type: string,
  filename: string,
  onEnd: () => void,
): Response {
  return new Response(textStream(pieces, onEnd), {
    headers: { 'Content-Type': type, 'Content-Disposition': `attachment; filename="${filename}"` },
  })
}
