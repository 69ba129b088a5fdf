import type { SessionApi } from '@sessions/core/http'
import { toNodeHandler } from '@sessions/core/node'
import type { Request, RequestHandler } from 'express'

/**
 * Mounts the session HTTP API: `app.use('/api', toExpressHandler(api))`. Paths that are not the API's go on to the
 * next handler. Works before and after `express.json()`. Behind a proxy, let Express trust it (`trust proxy`), so
 * that cookies are set as secure ones.
 */
export function toExpressHandler(api: SessionApi): RequestHandler {
  const handle = toNodeHandler(api, {
    origin: (req) => {
      const { protocol } = req as Request
      return `${protocol}://${req.headers.host ?? 'localhost'}`
    },
    body: (req) => readAlready(req as Request),
  })
  return (req, res, next) => {
    // Under a mount path, `req.url` is what comes after it.
    if (api.owns(req.url.split('?')[0]!)) void handle(req, res)
    else next()
  }
}

/** The body that a parser before us has taken from the wire, as it was, or as near as can be. */
function readAlready(req: Request): string | undefined {
  if (!req.readableDidRead || req.body === undefined) return undefined
  const body: unknown = req.body
  return typeof body === 'string' ? body : JSON.stringify(body)
}
