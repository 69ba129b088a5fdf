import { SessionError } from '@sessions/core'
import type { SessionApi } from '@sessions/core/http'
import { toNodeHandler } from '@sessions/core/node'
import type { Request, RequestHandler } from 'express'
import { hostOf } from './page-request.js'

/**
 * Mounts the session HTTP API: `app.use('/api', toExpressHandler(api))`. Other paths go on to the next handler. A
 * `basePath` of the API comes after the path of `app.use`, unless that ends with it already. It
 * works before and after `express.json()`. Behind a proxy, let Express trust it (`trust proxy`), so that cookies are
 * set as secure ones.
 *
 * @throws `invalid` at start, for what is no API, such as a promise of one.
 */
export function toExpressHandler(
  api: Pick<SessionApi, 'handle' | 'owns'> & Partial<Pick<SessionApi, 'basePath'>>,
): RequestHandler {
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
  const { basePath = '' } = api
  return (req, res, next) => {
    // Under a mount path, `req.url` is the part after it.
    const path = req.url.split('?')[0]!
    const isNamedTwice = basePath !== '' && req.baseUrl.endsWith(basePath)
    if (api.owns(path) || (isNamedTwice && api.owns(basePath + path))) void handle(req, res)
    else next()
  }
}
