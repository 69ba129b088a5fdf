import { type JsonObject, type MessageInput, newId, SessionError } from '@sessions/core'
import { findSession, forgetSession, getSession, newSession } from '@sessions/express'
import { Router } from 'express'
import { viewedIn } from '../viewed-products.js'
import { succeed } from './envelope.js'
import { emptySchema, messagesSchema, preferencesSchema, readBody, readNumber } from './input.js'
import { infoView, messageView, toIso } from './views.js'

/** The guide's session management, and the routes that the guide lacks: start, append, reset, delete. */
export function sessionRoutes(): Router {
  const router = Router()

  router.get('/session', async (req, res) => {
    const session = await findSession(req)
    succeed(res, { session_id: session?.id ?? null })
  })

  router.post('/session', async (req, res) => {
    readBody(req, emptySchema)
    const session = await newSession(req)
    await session.store()
    succeed(res, { session_id: session.id, created_at: toIso(session.record.createdAt) }, { status: 201 })
  })

  router.delete('/session/:id', async (req, res) => {
    const session = await getSession(req, req.params.id)
    const mine = await findSession(req)
    await session.delete()
    if (mine?.id === session.id) forgetSession(req)
    succeed(res, { message: 'Session deleted', session_id: session.id })
  })

  router.post('/session/:id/reset', async (req, res) => {
    readBody(req, emptySchema)
    const session = await getSession(req, req.params.id)
    await session.reset()
    // The shown products belong to the conversation that is gone.
    await session.state.merge({ shopping: null })
    succeed(res, { message: 'Conversation cleared', session_id: session.id })
  })

  router.get('/session/:id/info', async (req, res) => {
    const session = await getSession(req, req.params.id)
    const { preferences, cart, state } = await session.read()
    succeed(res, infoView(await session.info(), preferences, cart, viewedIn(state)))
  })

  router.get('/session/:id/conversation', async (req, res) => {
    const limit = readNumber(req, 'limit', { min: 1, max: 100, otherwise: 20 })
    const before = readNumber(req, 'before', { min: 1, max: Number.MAX_SAFE_INTEGER, otherwise: 0 })
    const session = await getSession(req, req.params.id)
    const page = await session.history({ limit, ...(before === 0 ? {} : { before }) })
    const conversation = page.messages.map(messageView)
    const data = { session_id: session.id, conversation, count: conversation.length }
    succeed(res, data, { meta: { before: page.before ?? null } })
  })

  router.post('/session/:id/messages', async (req, res) => {
    const { messages } = readBody(req, messagesSchema)
    const session = await getSession(req, req.params.id)
    const isAdmin = session.identity.roles?.includes('admin') === true
    const foreign = isAdmin ? -1 : messages.findIndex(({ role }) => role !== 'user')
    if (foreign !== -1) {
      const path = `messages[${foreign}].role`
      throw new SessionError('forbidden', `${path}: only an admin may speak as ${messages[foreign]!.role}`, {
        path,
      })
    }
    const inputs = messages.map(({ id = newId(), role, content }): MessageInput => ({ id, role, content }))
    const appended = await session.append(inputs)
    const data = {
      session_id: session.id,
      messages: appended.map(({ id, seq, at, inserted }) => ({ id, seq, timestamp: toIso(at), inserted })),
    }
    succeed(res, data, { status: 201 })
  })

  router.post('/session/:id/preferences', async (req, res) => {
    readBody(req, preferencesSchema)
    const session = await getSession(req, req.params.id)
    // The original body, not the schema's copy, so that the core sees a `__proto__` and refuses it.
    const preferences = await session.preferences.merge(req.body as JsonObject)
    succeed(res, { message: 'Preferences updated', session_id: session.id, preferences })
  })

  return router
}
