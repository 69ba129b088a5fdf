import type { Session } from '../session.js'
import { justRead, liveSessionOf } from '../session/live-of.js'
import { whileOpen } from '../session/still-open.js'
import type { Call } from './route.js'
import { eventStream, type ServerSentData } from './sse.js'

type Counting = Pick<Call, 'api' | 'identity'>

/**
 * Counts a stream of a caller before it is opened: a turn is not begun when its answer cannot be streamed.
 *
 * @throws `limit_reached` for one stream too many.
 */
export async function counted(
  { api, identity }: Counting,
  session: Session,
  open: (onEnd: () => void) => Promise<Response>,
): Promise<Response> {
  const onEnd = api.openStreams.enter(identity, session.id)
  try {
    return await open(onEnd)
  } catch (error) {
    onEnd()
    throw error
  }
}

/**
 * Streams to the caller of a route.
 *
 * @param open Gives what is streamed. When it rejects, the error is the answer; later the status has been sent.
 * @throws `limit_reached` for one stream too many.
 */
export async function streamToCaller(
  call: Counting & Pick<Call, 'headers'>,
  session: Session,
  open: () => Promise<AsyncIterable<ServerSentData>>,
): Promise<Response> {
  const { headers, api } = call
  return counted(call, session, async (onEnd) =>
    eventStream(await open(), { headers, heartbeatMs: api.streamHeartbeatMs, onEnd }),
  )
}

/** Passes events on while the handle, which has just read or written its session, may open it. */
export function whileReadable<T>(
  session: Session,
  events: AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  return whileOpen(liveSessionOf(justRead(session), 'session'), events)
}
