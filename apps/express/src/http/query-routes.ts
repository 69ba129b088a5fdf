import type { Session } from '@sessions/core'
import { getSession } from '@sessions/express'
import { type Request, type Response, Router } from 'express'
import { readConversation } from '../assistant/conversation.js'
import { findProducts } from '../catalogue/catalogue.js'
import type { Turn, Turns } from '../turns.js'
import { succeed, toFailure } from './envelope.js'
import { createEventStream } from './event-stream.js'
import { querySchema, readBody } from './input.js'
import { cartView, toIso } from './views.js'

export interface QueryRoutesOptions {
  turns: Turns
  /** What becomes of a reply when its reader goes away. */
  onDisconnect: 'finish' | 'abort'
  onError: (error: unknown) => void
}

/** `POST /query` and `POST /query/stream`. */
export function queryRoutes({ turns, onDisconnect, onError }: QueryRoutesOptions): Router {
  const router = Router()

  router.post('/query', async (req, res) => {
    const { q, sessionId, message_id: id } = readBody(req, querySchema)
    const session = await callersSession(req, sessionId)
    const turn = await turns.run(session, { id, text: q }, {}, disconnected(res, onDisconnect))
    succeed(res, await turnView(session, turn), { meta: { repeated: turn.repeated } })
  })

  router.post('/query/stream', async (req, res) => {
    const { q, sessionId, message_id: id } = readBody(req, querySchema)
    const session = await callersSession(req, sessionId)
    const events = createEventStream(res)
    try {
      const turn = await turns.run(
        session,
        { id, text: q },
        {
          onStart(question) {
            // Storing the question has set the cookie of a new session: from here on bytes may go out.
            events.open()
            events.send({
              type: 'session',
              session_id: session.id,
              message_id: question.id,
              seq: question.seq,
            })
          },
          onText: (text) => events.send({ type: 'delta', text }),
        },
        disconnected(res, onDisconnect),
      )
      events.send({ type: 'done', ...(await turnView(session, turn)), repeated: turn.repeated })
    } catch (error) {
      if (!events.isOpen) throw error
      const { status, error: told } = toFailure(error)
      if (status >= 500) onError(error)
      events.send({ type: 'error', error: told })
    }
    events.close()
  })

  return router
}

/** The session that was named, or the caller's own; a named one is never made. */
async function callersSession(req: Request, sessionId: string | undefined): Promise<Session> {
  return getSession(req, sessionId)
}

function disconnected(res: Response, onDisconnect: 'finish' | 'abort'): AbortSignal | undefined {
  if (onDisconnect === 'finish') return undefined
  const controller = new AbortController()
  res.on('close', () => {
    if (!res.writableFinished) controller.abort()
  })
  return controller.signal
}

async function turnView(session: Session, { question, reply }: Turn): Promise<object> {
  const { state, cart } = await session.read()
  const { shown } = readConversation(state)
  const { item_count, total } = cartView(cart)
  return {
    session_id: session.id,
    message_id: question.id,
    answer: reply.content,
    message: {
      id: reply.id,
      seq: reply.seq,
      role: 'assistant',
      timestamp: toIso(reply.at),
      status: reply.status,
    },
    // What `the second one` would mean now.
    shown: findProducts(shown),
    cart: { item_count, total },
  }
}
