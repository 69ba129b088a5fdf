import { SessionError } from '@sessions/core'
import type { SessionApi } from '@sessions/core/http'
import { toNodeHandler } from '@sessions/core/node'
import type { Request, RequestHandler } from 'express'
import { hostOf } from './page-request.js'

/**
 * Mounts the session HTTP API: `app.use('/api', toExpressHandler(api))`. Other paths go on to the next handler. It
 * works before and after `express.json()`. Behind a proxy, let Express trust it (`trust proxy`), so that cookies are
 * set as secure ones.
 *
 * @throws `invalid` at start, for what is no API, such as a promise of one.
 */
export function toExpressHandler(api: Pick<SessionApi, 'handle' | 'owns'>): RequestHandler {
  const handle = toNodeHandler(api, {
    origin: (req) => `${(req as Request).protocol}://${hostOf(req as Request) || 'localhost'}`,
    path: (req) => (req as Request).baseUrl + req.url,
    mountPath: (req) => (req as Request).baseUrl,
  })
  if (typeof (api as Partial<SessionApi>).owns !== 'function')
    throw new SessionError(
      'invalid',
      'api must say which paths it owns, as what createSessionApi makes does',
      {
        path: 'api',
      },
    )
  return (req, res, next) => {
    // Under a mount path, `req.url` is the part after it.
    if (api.owns(req.url.split('?')[0]!)) void handle(req, res)
    else next()
  }
}
