import { checkOptions, checkOrigin as check, type OptionNames } from '@sessions/core/node'
import { SessionError } from '@sessions/core'
import type { RequestHandler } from 'express'
import { hostOf, pageRequestOf } from './page-request.js'

/** Which pages may act for their visitors on your own routes. */
export interface CheckOriginOptions {
  /**
   * Origins whose pages may send unsafe requests with cookies, in addition to the application's own (default: none).
   */
  trustedOrigins?: readonly string[]
  /** Whether `X-Session-Id` carries credentials, as in `sessionsMiddleware` (default false). */
  header?: boolean
}

const optionNames: OptionNames<CheckOriginOptions> = { trustedOrigins: 'origins', header: 'flag' }

/**
 * Stops pages of other sites from acting for their visitors on your own routes: `app.use(checkOrigin())`, before them.
 * An unsafe request with cookies has to come from a page of the same origin. For others it passes on a `forbidden`
 * error, which `sessionsErrorHandler` answers with 403.
 *
 * @throws `invalid` at start, for options that cannot work.
 */
export function checkOrigin(options: CheckOriginOptions = {}): RequestHandler {
  checkOptions(options, optionNames)
  const { trustedOrigins = [], header = false } = options
  return (req, _res, next) => {
    try {
      check(pageRequestOf(req), { host: hostOf(req) }, { trustedOrigins, hasHeaderMode: header })
    } catch (cause) {
      next(new SessionError('forbidden', (cause as Error).message, { cause }))
      return
    }
    next()
  }
}
