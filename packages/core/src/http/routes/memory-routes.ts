import * as z from 'zod/mini'
import { recordOf } from '../../audit/access.js'
import { forgetInMemory, readMemory, removeMemory } from '../../service/user-memory.js'
import { checkAdminExport } from '../../session/admin-reads.js'
import { toIso } from '../../time.js'
import { type Route, route } from '../route.js'
import { userOf } from './user-routes.js'

const memoryReply = z.strictObject({
  memory: z.array(
    z.looseObject({
      id: z.string(),
      text: z.string(),
      subject: z.optional(z.string()),
      at: z.iso.datetime(),
      sessionId: z.string(),
      seq: z.int(),
      source: z.string(),
    }),
  ),
})
const forgottenReply = z.strictObject({ forgotten: z.int().check(z.minimum(0)) })

/** What is remembered of users across sessions: for the user, and for an admin. */
export const memoryRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/users/{userId}/memory',
    operation: 'readMemory',
    summary: 'What is remembered of a user across sessions, and where the user said it',
    response: memoryReply,
    async handle({ api: { service }, identity, params }) {
      const user = userOf(identity, params)
      checkAdminExport(service, identity, user.userId)
      if (identity.userId !== user.userId)
        await recordOf(service, identity, { action: 'admin.memory', subject: user })
      const facts = await readMemory(service, user)
      return { body: { memory: facts.map(({ at, ...fact }) => ({ ...fact, at: toIso(at) })) } }
    },
  }),
  route({
    method: 'DELETE',
    path: '/users/{userId}/memory',
    operation: 'clearMemory',
    summary: 'Forgets all that is remembered of a user across sessions',
    response: forgottenReply,
    handle: async ({ api: { service }, identity, params }) => ({
      body: { forgotten: await removeMemory(service, userOf(identity, params)) },
    }),
  }),
  route({
    method: 'DELETE',
    path: '/users/{userId}/memory/{factId}',
    operation: 'forgetMemory',
    summary: 'Forgets one thing that is remembered of a user',
    response: forgottenReply,
    async handle({ api: { service }, identity, params }) {
      const forgotten = await forgetInMemory(
        service,
        userOf(identity, params),
        ({ id }) => id === params['factId'],
      )
      return { body: { forgotten } }
    },
  }),
]
