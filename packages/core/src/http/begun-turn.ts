import { isSessionError } from '../errors.js'
import { compactingOf } from '../service/workload.js'
import type { Session } from '../session.js'
import type { Turn } from '../turn/turn.js'
import { goesOn } from './goes-on.js'
import type { Call } from './route.js'

/**
 * Waits until a request's turn has begun. Its failure is reported to `onError`, whether its reader gets a whole reply, a
 * stream, or has disconnected; and a platform that freezes processes is told to wait for its end, and for the history
 * that is summed up behind it.
 */
export async function begunTurn(
  call: Pick<Call, 'api' | 'request' | 'waitUntil'>,
  session: Pick<Session, 'tenantId' | 'id'>,
  turn: Turn,
): ReturnType<() => Turn['started']> {
  const { api, request } = call
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
  goesOn(
    call,
    ended.then(() => api.service.work.running(compactingOf(session))),
  )
  return started
}
