import { pause } from '../async/slices.js'
import { timerMs } from '../time.js'
import { isSessionError } from '../errors.js'
import { decodeBody } from '../domain/session-body.js'
import type { LiveSession } from '../service/live-session.js'
import type { SessionSnapshot } from '../service/session-snapshot.js'
import type { Service } from '../service/service.js'
import type { Watch } from '../service/wake-ups.js'

type Look = Promise<SessionSnapshot | undefined>

export const lookMs = 500
/** How long a watcher waits that a bus tells of changes: a session ends by its deadline without anybody's notice. */
export const longestMs = 30_000

// Separate for each service, because two services of one process may have the same ids in different stores.
const looks = new WeakMap<Service, Map<string, Look>>()

/** The session as the store had it at most `maxAgeMs` ago. One read in a process serves all watchers of the session. */
async function lookAt(live: LiveSession, maxAgeMs: number, version: number): Look {
  live.service.work.checkRunning()
  const known = looksOf(live.service).get(keyOf(live, maxAgeMs, version))
  return known ?? kept(live, maxAgeMs, version, read(live))
}

function looksOf(service: Service): Map<string, Look> {
  let known = looks.get(service)
  if (known === undefined) looks.set(service, (known = new Map<string, Look>()))
  return known
}

const keyOf = ({ ref }: LiveSession, maxAgeMs: number, version: number): string =>
  JSON.stringify([ref.tenantId, ref.id, maxAgeMs, version])

/** Keeps the result of a read for all watchers of the session. */
async function kept(live: LiveSession, maxAgeMs: number, version: number, look: Look): Look {
  const recent = looksOf(live.service)
  const key = keyOf(live, maxAgeMs, version)
  recent.set(key, look)
  const forget = (seen: SessionSnapshot | undefined): void => {
    const leftMs = (seen?.record.expiresAt ?? Infinity) - live.service.storeClock.now()
    // A little less, so that a watcher with the same interval does not get the same result twice. What was seen before
    // the session ended by its deadline, or longer ago than a watcher waits at most, says nothing of now.
    const ms = Math.min(Math.min(maxAgeMs, longestMs) * 0.9, Math.max(0, leftMs))
    const timer = setTimeout(() => recent.delete(key), timerMs(ms)) as { unref?: () => void }
    timer.unref?.()
  }
  look.then(forget, () => recent.delete(key))
  return look
}

/** Begins a watch with what its handle has just read, if it has. Beside other watchers it begins with their look. */
export function beginWatch(live: LiveSession, watch: Watch, maxAgeMs: number): void {
  const justRead = live.takeRead()
  if (justRead === undefined || !watch.isAlone) return
  void kept(live, maxAgeMs, watch.version, Promise.resolve(justRead))
  // A change between that read and the watch was told to nobody here.
  watch.lookAgain()
}

async function read(live: LiveSession): Look {
  const stored = await live.service.store.read(live.ref)
  return stored === undefined ? undefined : { record: stored.record, body: decodeBody(stored.body) }
}

/** As `stillOpen`, by a read that begins now. */
export async function openNow(live: LiveSession, maxAgeMs: number, version: number): Look {
  live.service.work.checkRunning()
  return ifOpen(live, await kept(live, maxAgeMs, version, read(live)))
}

/**
 * The session, or undefined when it is gone or its handle may no longer open it.
 *
 * @param version Of the notices that its watcher has heard: a look of before the last of them does not count.
 */
export async function stillOpen(
  live: LiveSession,
  maxAgeMs = lookMs,
  version = 0,
): Promise<SessionSnapshot | undefined> {
  if (!live.isStored) return live.load()
  return ifOpen(live, await lookAt(live, maxAgeMs, version))
}

function ifOpen(live: LiveSession, seen: SessionSnapshot | undefined): SessionSnapshot | undefined {
  return seen !== undefined && live.mayStillOpen(seen) ? seen : undefined
}

/** Passes events on while their reader may open the session: it may be moved, bound or deleted meanwhile. */
export async function* whileOpen<T>(
  live: LiveSession,
  events: AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  const watch = live.service.wakeUps.watch(live.ref)
  // Now: until the first event comes, the handle may change.
  beginWatch(live, watch, lookMs)
  const iterator = events[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = iterator.next()
      let hasSettled = false
      const settle = (): void => {
        hasSettled = true
        watch.goOn()
      }
      // Once, however long it takes: who waits for a promise is kept until it settles.
      next.then(settle, settle)
      // oxlint-disable-next-line no-unmodified-loop-condition
      while (!hasSettled) {
        await watch.next(watch.isTold ? longestMs : lookMs)
        if (!hasSettled && !(await isOpen(live, watch.version))) return
      }
      const { done, value } = await next
      // One event wakes all who read, in one turn of the event loop.
      await pause()
      if (done === true || !(await isOpen(live, watch.version))) return
      await pause()
      yield value
    }
  } finally {
    watch.stop()
    // Not awaited: the source may be waiting for its next event.
    void iterator.return?.()
  }
}

async function isOpen(live: LiveSession, version: number): Promise<boolean> {
  try {
    return (await stillOpen(live, lookMs, version)) !== undefined
  } catch (error) {
    // An outage says nothing about the reader's rights, and ends. Nor does the end of the service: what a turn has told
    // is in memory.
    if (isSessionError(error, 'unavailable') || isSessionError(error, 'closed')) return true
    throw error
  }
}
