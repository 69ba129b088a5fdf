import { fileURLToPath } from 'node:url'
import { type Respond, SessionError, type Sessions } from '@sessions/core'
import { toLogLine } from '@sessions/core/node'
import { checkOrigin, sessionsMiddleware } from '@sessions/express'
import express, { type Express, type Request } from 'express'
import { rateLimit } from 'express-rate-limit'
import { respond } from './assistant/respond.js'
import { cartRoutes } from './http/cart-routes.js'
import { consentRoutes } from './http/consent-routes.js'
import { errorHandler, unknownRoute } from './http/envelope.js'
import { identifyWith } from './http/identity.js'
import { inspectorRoutes } from './http/inspector.js'
import { pageRoutes, troubled } from './http/page-routes.js'
import { productRoutes } from './http/product-routes.js'
import { queryRoutes } from './http/query-routes.js'
import { sessionRoutes } from './http/session-routes.js'
import type { OpenStore } from './open-store.js'

export interface AppOptions {
  sessions: Sessions
  /** A caller that sends it as a bearer token may open every session (default: no such token). */
  adminToken?: string | undefined
  /** What the inspector at `/inspector` looks at, for whoever has the admin's token (default: there is no inspector). */
  inspected?: Pick<OpenStore, 'store'> | undefined
  /** Answers the questions (default: the local one, which needs no key and no network). */
  assistant?: Respond | undefined
  /**
   * What happens to a reply whose reader disconnects: it is finished and stored (default), or stored as far as it got.
   */
  onDisconnect?: 'finish' | 'abort' | undefined
  /** How many requests of one address are answered in a minute (default 600); the others are a 429. */
  requestsPerMinute?: number | undefined
  /** Stops running replies; each is stored as far as it got. */
  stop?: AbortSignal | undefined
  /** Ends streams that have no end of their own. */
  leaving?: AbortSignal | undefined
  /** Called for errors of the server (default: `console.error`, without the words of the store). */
  onError?: ((error: unknown) => void) | undefined
}

/** What the limiter tells of a request that was one too many. */
type RateLimited = Request & { readonly rateLimit?: { readonly resetTime?: Date } }

const api = '/api/v1/shopping'
const minuteMs = 60_000
// Beside both src and dist.
const publicFolder = fileURLToPath(new URL('../public/', import.meta.url))

/** The Shopping Assistant as an Express application. */
export function createApp(options: AppOptions): Express {
  const {
    sessions,
    adminToken,
    assistant = respond,
    onDisconnect = 'finish',
    stop,
    requestsPerMinute = 600,
  } = options
  const onError = options.onError ?? ((error: unknown) => console.error(toLogLine(error)))
  const app = express()
  app.disable('x-powered-by')
  app.set('query parser', 'simple')
  app.use((_req, res, next) => {
    res.set({
      'Content-Security-Policy':
        "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
    })
    next()
  })
  app.use(express.static(publicFolder, { index: false }))

  app.use(
    [api, '/inspector', '/page', '/orders'],
    rateLimit({
      windowMs: minuteMs,
      limit: requestsPerMinute,
      standardHeaders: 'draft-8',
      legacyHeaders: false,
      handler: ({ rateLimit: { resetTime } = {} }: RateLimited, _res, next) => {
        const retryAfterMs = Math.max(1, (resetTime?.getTime() ?? Date.now() + minuteMs) - Date.now())
        next(new SessionError('limit_reached', 'Too many requests.', { retryAfterMs }))
      },
    }),
  )
  // Before the bodies are read: a form of another site is a request without any script.
  app.use([api, '/page'], checkOrigin({ header: true }))
  app.use(sessionsMiddleware({ sessions, identify: identifyWith(adminToken), header: true }))
  app.use(pageRoutes({ assistant, stop }))
  app.use(api, express.json({ limit: '100kb' }))
  app.use(api, queryRoutes({ assistant, onDisconnect, stop, onError }))
  app.use(api, sessionRoutes(), cartRoutes(options.leaving), consentRoutes(), productRoutes())
  if (options.inspected !== undefined && adminToken !== undefined && adminToken !== '')
    app.use(inspectorRoutes({ sessions, adminToken, ...options.inspected }))
  app.use(unknownRoute)
  app.use(troubled(onError))
  app.use(errorHandler(onError))
  return app
}
