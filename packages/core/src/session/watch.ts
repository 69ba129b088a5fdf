import { checkOptions } from '../options.js'
import { SessionError } from '../errors.js'
import type { LiveSession } from '../service/live-session.js'
import type { SessionRecord } from '../contract/session-record.js'
import { longestMs, lookMs, stillOpen } from './still-open.js'

// What a timer takes; of more it makes 1 ms.
const mostMs = 2 ** 31 - 1

/** Options of a watch. */
export interface WatchOptions {
  /**
   * How often the session is read, in milliseconds, 1 or more (default 500). With a `bus` it is read when a change is
   * told, and so often only while the bus is down.
   */
  pollMs?: number
  /** Ends the watch when it is aborted (default: none; the watch ends with the session). */
  signal?: AbortSignal
}

/**
 * The record of a session now, and again each time a process has changed the session. Changes that follow each other
 * closely come as one. Ends when the session does, and when its handle may no longer open it, because it was moved or
 * bound, or its credential was rotated.
 */
export async function* watchSession(
  live: LiveSession,
  options: WatchOptions,
): AsyncGenerator<SessionRecord, void, undefined> {
  checkOptions<WatchOptions>(options, { pollMs: 'number', signal: 'signal' })
  const { pollMs = lookMs, signal } = options
  if (!(pollMs >= 1 && pollMs <= mostMs)) {
    throw new SessionError('invalid', `pollMs must be from 1 to ${mostMs}`, { path: 'pollMs' })
  }
  const watch = live.service.wakeUps.watch(live.ref)
  let seen: string | undefined
  try {
    for (;;) {
      const record = (await stillOpen(live, pollMs, watch.version))?.record
      if (record === undefined) return
      const mark = markOf(record)
      if (mark !== seen) yield record
      seen = mark
      await watch.next(watch.isTold ? untilEnd(live, record) : pollMs, signal)
      if (signal?.aborted === true) return
    }
  } finally {
    watch.stop()
  }
}

function untilEnd(live: LiveSession, { expiresAt = Infinity }: SessionRecord): number {
  return Math.min(longestMs, Math.max(1, expiresAt - live.service.storeClock.now() + 1))
}

/** Differs whenever anything of a session differs, its messages included. */
export function markOf({ changes, createdAt }: Pick<SessionRecord, 'changes' | 'createdAt'>): string {
  // A session that is made anew under its old id counts from 1 again. The time it was made at tells the two apart.
  return `${changes}-${createdAt.toString(36)}`
}
