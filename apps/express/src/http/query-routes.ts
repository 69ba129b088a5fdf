import { newId, type Respond, type Session, SessionError, type Turn, type TurnResult } from '@sessions/core'
import { getSession } from '@sessions/express'
import { type Request, type Response, Router } from 'express'
import { readConversation } from '../assistant/conversation.js'
import { findProducts } from '../catalogue/catalogue.js'
import { succeed, toFailure } from './envelope.js'
import { createEventStream, disconnected } from './event-stream.js'
import { emptySchema, querySchema, readBody } from './input.js'
import { cartView, toIso } from './views.js'

export interface QueryRoutesOptions {
  assistant: Respond
  /** What happens to a reply when its reader disconnects. */
  onDisconnect: 'finish' | 'abort'
  /** Stops running replies. */
  stop?: AbortSignal | undefined
  onError: (error: unknown) => void
}

/** `POST /query` and `POST /query/stream`. */
export function queryRoutes({ assistant, onDisconnect, stop, onError }: QueryRoutesOptions): Router {
  const router = Router()

  const ask = async (req: Request, res: Response): Promise<{ session: Session; turn: Turn }> => {
    const { q, sessionId, message_id: id = newId() } = readBody(req, querySchema)
    const session = await getSession(req, sessionId)
    const signals = [stop, onDisconnect === 'abort' ? disconnected(res) : undefined]
    const signal = AbortSignal.any(signals.filter((one) => one !== undefined))
    return { session, turn: session.turn({ id, content: q }, assistant, { policy: 'queue', signal }) }
  }

  router.post('/query', async (req, res) => {
    const { session, turn } = await ask(req, res)
    const result = await answered(turn)
    succeed(res, await turnView(session, result), { meta: { repeated: result.replayed } })
  })

  router.post('/query/stream', async (req, res) => {
    const { session, turn } = await ask(req, res)
    const events = createEventStream(res)
    try {
      for await (const event of turn) {
        if (event.type === 'started') {
          // Storing the question has set the cookie of a new session: from here on the response may begin.
          events.open()
          const { messageId, seq } = event
          events.send({ type: 'session', session_id: session.id, message_id: messageId, seq })
        } else if (event.type === 'text') {
          events.send({ type: 'delta', text: event.text })
        }
      }
      const result = await answered(turn)
      events.send({ type: 'done', ...(await turnView(session, result)), repeated: result.replayed })
    } catch (error) {
      if (!events.isOpen) throw error
      const { status, error: told } = toFailure(error)
      if (status >= 500) onError(error)
      events.send({ type: 'error', error: told })
    }
    events.close()
  })

  // Ends the reply that is being made, in whatever process; it is stored as far as it got.
  router.post('/session/:id/stop', async (req, res) => {
    readBody(req, emptySchema)
    const session = await getSession(req, req.params.id)
    const stopped = await session.cancel()
    succeed(res, { session_id: session.id, stopped: stopped !== undefined })
  })

  return router
}

/** @throws the error of the assistant. */
async function answered(turn: Turn): Promise<TurnResult> {
  const result = await turn.result
  const { status, code = 'model_failed', error = 'The assistant failed.' } = result
  // When another process, or an earlier request, has asked the assistant, only the stored reply is known.
  if (status === 'failed') throw result.cause ?? new SessionError(code, error)
  return result
}

async function turnView(session: Session, { message, reply, text, status }: TurnResult): Promise<object> {
  const { state, cart } = await session.read()
  const { shown } = readConversation(state)
  const { item_count, total } = cartView(cart)
  return {
    session_id: session.id,
    message_id: message.id,
    answer: text,
    message: {
      id: reply.id,
      seq: reply.seq,
      role: 'assistant',
      timestamp: toIso(reply.at),
      status,
    },
    // What `the second one` would mean now.
    shown: findProducts(shown),
    cart: { item_count, total },
  }
}
