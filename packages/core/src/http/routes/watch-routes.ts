import type { Session } from '../../session.js'
import type { LiveUpdate } from '../../session/subscribe.js'
import type { ApiConfig } from '../api-options.js'
import { type Route, route } from '../route.js'
import * as schemas from '../schemas.js'
import { eventStream, type ServerSentEvent } from '../sse.js'
import { messageView, sessionView } from '../views.js'

export const watchRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/sessions/{id}/events',
    operation: 'watchSession',
    summary: 'The session now, and each time it has changed, whatever process changed it',
    response: schemas.problem,
    streams: true,
    async handle({ session: find, api, headers, request, identity }) {
      const session = await find()
      const hungUp = new AbortController()
      const known = request.headers.get('last-event-id')
      const updates = session.subscribe({
        signal: hungUp.signal,
        ...(known === null ? {} : { after: known }),
      })
      const onEnd = api.openStreams.enter(identity, session.id)
      return eventStream(eventsOf(session, updates, api), {
        headers,
        heartbeatMs: api.streamHeartbeatMs,
        onHangUp: () => hungUp.abort(),
        onEnd,
      })
    },
  }),
]

async function* eventsOf(
  session: Session,
  updates: AsyncIterable<LiveUpdate>,
  api: ApiConfig,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  for await (const update of updates) yield eventOf(session, update, api)
}

function eventOf(session: Session, update: LiveUpdate, api: ApiConfig): ServerSentEvent {
  const { id } = update
  switch (update.type) {
    case 'message':
      return { id, event: 'session.message', data: { message: messageView(update.message, api) } }
    case 'turn':
      return { id, event: 'session.turn', data: { turn: { id: update.turnId, status: update.status } } }
    case 'removed':
      return { id, event: 'session.ended', data: { sessionId: session.id } }
    default: {
      const { type, parts, contents, turnId } = update
      const data = { session: sessionView(contents.record, turnId), changed: parts }
      return { id, event: `session.${type}`, data }
    }
  }
}
