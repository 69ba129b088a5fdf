import type { Consents } from '@sessions/core/privacy'
import { SessionError } from '@sessions/core'
import { getSession } from '@sessions/express'
import { Router } from 'express'
import { findProduct } from '../catalogue/catalogue.js'
import { countView, forgetViews } from '../viewed-products.js'
import { succeed } from './envelope.js'
import { consentSchema, readBody, viewSchema } from './input.js'
import { toIso } from './views.js'

/** What the holder of a session allows, and what is counted when the holder does. */
export function consentRoutes(): Router {
  const router = Router()

  router.get('/session/:id/consent', async (req, res) => {
    const session = await getSession(req, req.params.id)
    succeed(res, { session_id: session.id, ...consentView(await session.consent.get()) })
  })

  router.put('/session/:id/consent', async (req, res) => {
    const change = readBody(req, consentSchema)
    const session = await getSession(req, req.params.id)
    const { consents, removed } = await session.consent.set(change)
    const views = change.granted ? 0 : await forgetViews(session)
    const all = { ...removed, ...(views === 0 ? {} : { views }) }
    succeed(res, { session_id: session.id, ...consentView(consents), removed: all })
  })

  router.post('/session/:id/views', async (req, res) => {
    const { sku } = readBody(req, viewSchema)
    if (findProduct(sku) === undefined) throw new SessionError('not_found', 'There is no such product.')
    const session = await getSession(req, req.params.id)
    succeed(res, { session_id: session.id, counted: await countView(session, sku) })
  })

  return router
}

function consentView({ purposes }: Consents): object {
  return {
    purposes: Object.fromEntries(
      Object.entries(purposes).map(([purpose, said]) => [purpose, { ...said, at: toIso(said.at) }]),
    ),
  }
}
