import { isSessionError } from '../errors.js'
import { compactingOf } from '../service/workload.js'
import type { Session } from '../session.js'
import type { Turn } from '../turn/turn.js'
import type { Call } from './route.js'

/**
 * Waits until a request's turn has begun. Its failure is reported to `onError`, whether its reader gets a whole reply, a
 * stream, or has disconnected; and a platform that freezes processes is told to wait for its end, and for the history
 * that is summed up behind it.
 */
export async function begunTurn(
  { api, request, waitUntil }: Pick<Call, 'api' | 'request' | 'waitUntil'>,
  session: Pick<Session, 'tenantId' | 'id'>,
  turn: Turn,
): ReturnType<() => Turn['started']> {
  const ended = turn.result.then(
    ({ status, cause, replayed }) => {
      if (status === 'failed' && cause !== undefined && !replayed) api.onError(cause, request)
    },
    (error: unknown) => {
      // A turn that never began is answered with its error; a turn whose reply the store refused has failed.
      if (isSessionError(error, 'store_failed') || isSessionError(error, 'store_full'))
        api.onError(error, request)
    },
  )
  const started = await turn.started
  try {
    waitUntil?.(ended.then(() => api.service.work.ended(compactingOf(session))))
  } catch (error) {
    // The turn runs: its answer is worth more than the platform's trouble.
    api.onError(error, request)
  }
  return started
}
