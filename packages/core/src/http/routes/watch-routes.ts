import type { Session } from '../../session.js'
import { markOf } from '../../session/watch.js'
import { type Route, route } from '../route.js'
import * as schemas from '../schemas.js'
import { eventStream, type ServerSentEvent } from '../sse.js'
import { sessionView } from '../views.js'

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
      const watching = session.watch({ signal: hungUp.signal })
      const onEnd = api.openStreams.enter(identity, session.id)
      const known = request.headers.get('last-event-id')
      const changes = changesOf(session.id, watching, known, hungUp.signal)
      return eventStream(changes, {
        headers,
        heartbeatMs: api.streamHeartbeatMs,
        onHangUp: () => hungUp.abort(),
        onEnd,
      })
    },
  }),
]

async function* changesOf(
  sessionId: string,
  watching: ReturnType<Session['watch']>,
  known: string | null,
  signal: AbortSignal,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  for await (const record of watching) {
    const id = markOf(record)
    // A reconnecting client gets only what it does not know.
    if (id !== known) yield { id, event: 'session.changed', data: { session: sessionView(record) } }
  }
  if (!signal.aborted) yield { id: 'end', event: 'session.ended', data: { sessionId } }
}
