import express5, { type Express, type Request } from 'express'
// @ts-expect-error Its types are those of Express 5, under another name.
import express4 from 'express4'
import {
  findSession,
  getSession,
  sessionsErrorHandler,
  sessionsMiddleware,
  type SessionsMiddlewareOptions,
} from '../src/index.js'
import { countedSessions } from './server.js'

export const versions = [
  ['Express 5', express5],
  ['Express 4', express4 as typeof express5],
] as const

/** Express 4 does not await handlers; what a user of it writes, once. */
export const route =
  (handler: (req: Request, res: express5.Response) => Promise<unknown>): express5.RequestHandler =>
  (req, res, next) =>
    void handler(req, res).catch(next)

/** A chat on either version of Express. */
export function chat(
  express: typeof express5,
  options: Partial<SessionsMiddlewareOptions> = {},
  before?: (app: Express) => void,
): { app: Express } & ReturnType<typeof countedSessions> {
  const counted = countedSessions()
  const app = express()
  before?.(app)
  app.use(
    sessionsMiddleware({ sessions: counted.sessions, identify: () => ({ tenantId: 'acme' }), ...options }),
  )
  app.use(express.json())
  app.get('/quiet', (_req, res) => void res.json({ ok: true }))
  app.get(
    '/history',
    route(async (req, res) => res.json(await (await getSession(req)).history())),
  )
  app.get(
    '/found',
    route(async (req, res) => res.json({ id: (await findSession(req))?.id ?? null })),
  )
  app.get(
    '/sessions/:id',
    route(async (req, res) => res.json(await (await getSession(req, String(req.params['id']))).history())),
  )
  app.post(
    '/chat',
    route(async (req, res) => {
      const session = await getSession(req)
      await session.append({ role: 'user', content: (req.body as { text: string }).text })
      res.json({ id: session.id, count: (await session.history()).messages.length })
    }),
  )
  app.use(sessionsErrorHandler())
  return { app, ...counted }
}
