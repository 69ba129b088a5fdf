import type { Sessions } from '@sessions/core'
import { toExpressHandler } from '@sessions/express'
import { createInspector } from '@sessions/inspector'
import { type RequestHandler, Router } from 'express'
import type { OpenStore } from '../open-store.js'
import { isAdminToken, admin } from './identity.js'

/** What the inspector looks at. */
export interface InspectorRoutesOptions extends Pick<OpenStore, 'store'> {
  sessions: Sessions
  adminToken: string
}

/** The pages of the inspector, for whoever has the admin's token: as a bearer token, or as the password of a browser's dialog. */
export function inspectorRoutes({ sessions, store, adminToken }: InspectorRoutesOptions): RequestHandler {
  const isAdmin = isAdminToken(adminToken)
  const inspector = createInspector({
    sessions,
    store,
    identify: () => admin,
  })
  const asked: RequestHandler = (req, res, next) => {
    const [scheme, value = ''] = (req.get('authorization') ?? '').split(' ')
    const password = Buffer.from(value, 'base64')
      .toString()
      .replace(/^[^:]*:/, '')
    const token = scheme?.toLowerCase() === 'basic' ? password : value
    if (isAdmin(token)) next()
    else
      res
        .status(401)
        .set('WWW-Authenticate', 'Basic realm="Inspector", charset="UTF-8"')
        .send('Sign in first.')
  }
  return Router().use('/inspector', asked).use(toExpressHandler(inspector))
}
