import { isSessionError } from '../errors.js'
import { decodeBody } from '../domain/session-body.js'
import type { LiveSession, SessionSnapshot } from '../service/live-session.js'
import type { Service } from '../service/service.js'

type Look = Promise<SessionSnapshot | undefined>

export const lookMs = 500

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
  // A little less, so that a watcher with the same interval does not get the same result twice.
  const forget = (): void => {
    const timer = setTimeout(() => recent.delete(key), maxAgeMs * 0.9) as { unref?: () => void }
    timer.unref?.()
  }
  look.then(forget, () => recent.delete(key))
  return look
}

async function read(live: LiveSession): Look {
  const justRead = live.takeRead()
  if (justRead !== undefined) return justRead
  const stored = await live.service.store.read(live.ref)
  return stored === undefined ? undefined : { record: stored.record, body: decodeBody(stored.body) }
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
  const seen = await lookAt(live, maxAgeMs, version)
  return seen !== undefined && live.mayStillOpen(seen) ? seen : undefined
}

/** Passes events on while their reader may open the session: it may be moved, bound or deleted meanwhile. */
export async function* whileOpen<T>(
  live: LiveSession,
  events: AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  // Read now: until the first event comes, the handle may change.
  const justRead = live.takeRead()
  if (justRead !== undefined) void kept(live, lookMs, 0, Promise.resolve(justRead))
  const iterator = events[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = iterator.next()
      next.catch(() => {})
      while (!(await settledWithin(next, lookMs))) {
        if (!(await isOpen(live))) return
      }
      const { done, value } = await next
      if (done === true || !(await isOpen(live))) return
      yield value
    }
  } finally {
    // Not awaited: the source may be waiting for its next event.
    void iterator.return?.()
  }
}

async function isOpen(live: LiveSession): Promise<boolean> {
  try {
    return (await stillOpen(live)) !== undefined
  } catch (error) {
    // An outage says nothing about the reader's rights, and ends.
    if (isSessionError(error, 'unavailable')) return true
    throw error
  }
}

async function settledWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  try {
    return await Promise.race([
      promise.then(
        () => true,
        () => true,
      ),
      late,
    ])
  } finally {
    clearTimeout(timer)
  }
}
