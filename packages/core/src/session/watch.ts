import { longestTimerMs } from '../time.js'
import { SessionError } from '../errors.js'
import { checkOptions, type OptionNames } from '../options.js'
import { pause } from '../async/slices.js'
import type { LiveSession } from '../service/live-session.js'
import type { SessionSnapshot } from '../service/session-snapshot.js'
import type { SessionRecord } from '../contract/session-record.js'
import { beginWatch, longestMs, lookMs, openNow, stillOpen } from './still-open.js'

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

export const watchNames: OptionNames<WatchOptions> = { pollMs: 'number', signal: 'signal' }

/**
 * The session now, and again each time a process has changed it. Changes that follow each other closely come as one.
 * Ends when the session does, when its handle may no longer open it, and when the signal is aborted.
 *
 * @param after What the watcher knows of the session already.
 */
export async function* snapshotsOf(
  live: LiveSession,
  options: WatchOptions,
  after?: Known,
): AsyncGenerator<SessionSnapshot, void, undefined> {
  checkOptions(options, watchNames)
  const { pollMs = lookMs, signal } = options
  if (!(pollMs >= 1 && pollMs <= longestTimerMs)) {
    throw new SessionError('invalid', `pollMs must be from 1 to ${longestTimerMs}`, { path: 'pollMs' })
  }
  const watch = live.service.wakeUps.watch(live.ref)
  let told: string | undefined
  let known = after
  try {
    beginWatch(live, watch, pollMs)
    for (;;) {
      const shared = await stillOpen(live, pollMs, watch.version)
      // Another watcher may have looked before, and come late with it, or before a change of this very handle. A store
      // that has lost writes says so again.
      const isOld = isBefore(shared, known) || (told === undefined && isBefore(shared, live.record))
      const seen = isOld ? await openNow(live, pollMs, watch.version) : shared
      if (seen === undefined) return
      // One look tells all who watch the session, in one turn of the event loop.
      await pause()
      known = seen.record
      // After a failover that lost writes, other changes may be counted by the same numbers.
      const mark = `${markOf(seen.record)}-${seen.record.updatedAt}`
      if (mark !== told) yield seen
      told = mark
      await watch.next(watch.isTold ? untilEnd(live, seen.record) : pollMs, { signal })
      if (signal?.aborted === true) return
    }
  } finally {
    watch.stop()
  }
}

type Known = Pick<SessionRecord, 'incarnation' | 'changes'>

function isBefore(seen: SessionSnapshot | undefined, known: Known | undefined): boolean {
  if (seen === undefined || known === undefined) return false
  return seen.record.incarnation === known.incarnation && seen.record.changes < known.changes
}

/** The record of a session now, and again each time a process has changed the session: see `snapshotsOf`. */
export async function* watchSession(
  live: LiveSession,
  options: WatchOptions,
): AsyncGenerator<SessionRecord, void, undefined> {
  for await (const { record } of snapshotsOf(live, options)) yield record
}

function untilEnd(live: LiveSession, { expiresAt = Infinity }: SessionRecord): number {
  const leftMs = expiresAt - live.service.storeClock.now() + 1
  // A store whose clock is behind still has it: whoever asks at once, asks without end.
  return leftMs > 0 ? Math.min(longestMs, leftMs) : lookMs
}

/** Differs whenever anything of a session differs, its messages included. */
export function markOf({ changes, createdAt }: Pick<SessionRecord, 'changes' | 'createdAt'>): string {
  // A session that is made anew under its old id counts from 1 again. The time it was made at tells the two apart.
  return `${changes}-${createdAt.toString(36)}`
}
