import { createSessions, type Session, SessionError } from '@sessions/core'
import type { BuiltContext } from '@sessions/core/context'
import { createSessionApi, type SessionApi } from '@sessions/core/http'
import { toNodeHandler } from '@sessions/core/node'
import type { SessionStore } from '@sessions/core/store'
import { getSession, sessionsMiddleware } from '@sessions/express'
import type { Request } from 'express'

const sessions = createSessions()
const api: SessionApi = createSessionApi({ sessions, identify: () => ({ tenantId: 'acme' }) })
const find = (req: Request): Promise<Session> => getSession(req)
const show = ({ messages }: BuiltContext): number => messages.length
const read = async (store: SessionStore) => store.read({ tenantId: 'acme', id: 'x' })

async function main(): Promise<void> {
  const session = await sessions.for({ tenantId: 'acme', userId: 'alice' }).create()
  await session.append({ role: 'user', content: 'Hi' })
  const count = show(await session.context({ maxTokens: 1000 }))
  const made = [find, read, toNodeHandler(api), sessionsMiddleware, SessionError].map((each) => typeof each)
  if (count !== 1 || made.some((kind) => kind !== 'function')) throw new Error(`${count} ${made}`)
}
main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
