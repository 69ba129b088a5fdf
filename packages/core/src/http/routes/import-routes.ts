import { callerOf } from '../../audit/caller.js'
import { type Identity, isAdmin } from '../../domain/identity.js'
import { isSessionError, SessionError } from '../../errors.js'
import type { ImportInto } from '../../portability/import-into.js'
import { importInto } from '../../sessions.js'
import { refuseEncoded } from '../body.js'
import { piecesOf } from '../body-pieces.js'
import { RequestError } from '../problem.js'
import { type Route, route } from '../route.js'
import * as schemas from '../schemas.js'

const types = ['application/jsonl', 'application/x-ndjson']

export const importRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/sessions/import',
    operation: 'importSessions',
    summary: 'Makes the sessions of an export again, with ids, times and branches; those that are there stay',
    query: schemas.importQuery,
    takes: types,
    response: schemas.importReply,
    // What is there is skipped, so the same import again does what is left of it.
    ownIdempotency: true,
    async handle({ api, mine, identity, query, request }) {
      if (!api.mayImport(identity)) {
        if (identity.userId === undefined) throw new SessionError('unauthenticated', 'Sign in to import.')
        throw new SessionError('forbidden', 'This caller may not import.')
      }
      const into = intoOf(identity, query.userId)
      const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? ''
      if (!types.includes(type)) {
        throw new RequestError('unsupported_media_type', `A body must be ${types.join(' or ')}.`)
      }
      refuseEncoded(request)
      const onEnd = api.openStreams.enter(identity, 'import')
      try {
        const caller = callerOf(mine.identity)
        return { body: { import: await importInto(api.sessions, piecesOf(request.body), into, caller) } }
      } catch (error) {
        if (!isSessionError(error, 'invalid')) throw error
        const { message, path } = error
        throw new RequestError('unprocessable', message, path === undefined ? {} : { path })
      } finally {
        onEnd()
      }
    },
  }),
]

/** @throws `forbidden` for another user, but for an admin; `unauthenticated` for nobody. */
function intoOf(identity: Identity, userId: string | undefined): ImportInto {
  const { tenantId, userId: own } = identity
  if (isAdmin(identity)) return { tenantId, ...(userId === undefined ? {} : { userId }) }
  if (own === undefined) throw new SessionError('unauthenticated', 'Sign in to import.')
  if (userId !== undefined && userId !== own)
    throw new SessionError('forbidden', 'Only an admin may import for another user.')
  return { tenantId, userId: own }
}
