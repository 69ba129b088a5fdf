import * as z from 'zod/mini'
import { recordOf } from '../../audit/access.js'
import type { Identity } from '../../domain/identity.js'
import type { Service } from '../../service/service.js'
import { forgetInMemory, readMemory, removeMemory } from '../../service/user-memory.js'
import type { TenantUser } from '../../service/user-record.js'
import { checkAdminExport } from '../../session/admin-reads.js'
import { toIso } from '../../time.js'
import { type Call, type Route, route } from '../route.js'
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
      checkAdminExport(service, identity, userOf(identity, params).userId)
      const user = await onRecord(service, identity, params)
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
      body: { forgotten: await removeMemory(service, await onRecord(service, identity, params)) },
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
        await onRecord(service, identity, params),
        ({ id }) => id === params['factId'],
      )
      return { body: { forgotten } }
    },
  }),
]

/** The user whose memory it is. An admin is on record before anything of it is shown or forgotten. */
async function onRecord(service: Service, identity: Identity, params: Call['params']): Promise<TenantUser> {
  const user = userOf(identity, params)
  if (identity.userId !== user.userId)
    await recordOf(service, identity, { action: 'admin.memory', subject: user })
  return user
}
