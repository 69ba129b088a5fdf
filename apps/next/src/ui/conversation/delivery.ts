import { call, open } from '../api-client.ts'
import { backoff, pause } from '../pause.ts'
import { isPassing, Problem } from '../problem.ts'
import type { ConversationAction, Outgoing } from './state.ts'
import { followTurn, readTurn } from './turn-stream.ts'

const attempts = 4

/**
 * Sends a message to the server, with as many attempts as make sense, and passes on its answer as it comes, to the
 * end. All attempts have the same keys, so a lost answer never makes anything happen twice.
 *
 * @throws Problem when it could not be sent.
 */
export async function deliver(
  sessionId: string,
  outgoing: Outgoing,
  emit: (action: ConversationAction) => void,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await goBack(sessionId, outgoing)
      const response = await open('POST', `/sessions/${sessionId}/message?stream=true`, {
        body: { id: outgoing.id, content: outgoing.text },
        key: outgoing.id,
        signal,
      })
      return await readToEnd(sessionId, response, emit, signal)
    } catch (error) {
      const isWorthIt = attempt + 1 < attempts && isPassing(error) && navigator.onLine
      if (signal.aborted || !isWorthIt) throw error
      await pause(backoff(attempt), signal)
    }
  }
}

async function goBack(sessionId: string, { id, after }: Outgoing): Promise<void> {
  if (after === undefined) return
  await call('POST', `/sessions/${sessionId}/rewind`, { body: { toSeq: after }, key: `${id}-rewind` })
}

async function readToEnd(
  sessionId: string,
  response: Response,
  emit: (action: ConversationAction) => void,
  signal: AbortSignal,
): Promise<void> {
  const place = { turnId: '', lastEventId: '' }
  const hasEnded = await readTurn(response, place, emit).catch(() => false)
  if (hasEnded || signal.aborted) return
  // Before the turn's id is known, there is nothing to follow, so the whole message is sent again.
  if (place.turnId === '') throw new Problem('offline')
  await followTurn(sessionId, place, emit, signal)
}
