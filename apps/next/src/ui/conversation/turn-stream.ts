import { open } from '../api-client.ts'
import { backoff, pause } from '../pause.ts'
import { isProblem, sayProblem } from '../problem.ts'
import { readEvents, type ServerEvent } from '../sse.ts'
import type { ConversationAction, Started } from './state.ts'

type Emit = (action: ConversationAction) => void

/** The place where a broken connection ended. */
interface Place {
  turnId: string
  lastEventId: string
}

/**
 * Follows a turn to its end, from the beginning or from `place` on, and reconnects as often as needed. Resolves to
 * false when the server does not know the turn any more.
 */
export async function followTurn(
  sessionId: string,
  place: Place,
  emit: Emit,
  signal: AbortSignal,
): Promise<boolean> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      const response = await open('GET', `/sessions/${sessionId}/turns/${place.turnId}`, {
        signal,
        headers: {
          Accept: 'text/event-stream',
          ...(place.lastEventId === '' ? {} : { 'Last-Event-ID': place.lastEventId }),
        },
      })
      if (await readTurn(response, place, emit)) return true
    } catch (error) {
      if (isProblem(error, 'not_found')) return false
    }
    await pause(backoff(attempt), signal)
  }
  return true
}

/** Reads the events of a turn; true after its end, false when the stream ends before. Keeps `place` up to date. */
export async function readTurn(response: Response, place: Place, emit: Emit): Promise<boolean> {
  for await (const event of readEvents(response)) {
    const action = toAction(event)
    if (event.id !== '') place.lastEventId = event.id
    if (action?.type === 'started') place.turnId = action.started.turnId
    if (action !== undefined) emit(action)
    if (action?.type === 'ended') return true
  }
  return false
}

function toAction({ id: eventId, event, data }: ServerEvent): ConversationAction | undefined {
  const told = data as { readonly [field: string]: unknown }
  switch (event) {
    case 'session.message.started':
      return { type: 'started', started: told as unknown as Started, eventId }
    case 'response.text.delta':
      return { type: 'text', text: String(told['delta']), eventId }
    case 'response.tool_call.arguments':
      return { type: 'tool', id: String(told['id']), name: String(told['name']), eventId }
    case 'response.tool_call.result':
      return { type: 'tool-result', id: String(told['id']), isError: told['isError'] === true, eventId }
    case 'response.completed':
    case 'response.aborted':
      return { type: 'ended' }
    case 'response.error':
      return {
        type: 'ended',
        problem: typeof told['message'] === 'string' ? told['message'] : sayProblem(undefined),
      }
    default:
      return undefined
  }
}
