import { onAbort } from '../async/on-abort.js'
import { pause } from '../async/slices.js'
import { timerMs } from '../time.js'
import { type BusListener, type SessionBus, topicOf } from '../bus/session-bus.js'
import type { SessionRef } from '../contract/session-record.js'

/** Somebody who waits for changes of one session. */
export interface Watch {
  /** Grows with each notice: what was read before it grew may be old. */
  readonly version: number
  /** Whether a notice will tell of the next change. */
  readonly isTold: boolean
  /**
   * Resolves at the next notice, at once when one came since this was asked last; or when `ms` are over, `signal` aborts,
   * or `goOn` is called.
   */
  next(ms: number, end?: { signal?: AbortSignal | undefined }): Promise<void>
  /** Ends the wait that is on, if one is. */
  goOn(): void
  /** Whether nobody else in this process watches the session. */
  readonly isAlone: boolean
  /** Has everybody who watches the session look once more, as if a notice had come. Nothing without a bus. */
  lookAgain(): void
  stop(): void
}

interface Watched {
  readonly watches: Set<() => void>
  version: number
}

interface Topic {
  isListening: boolean
  count: number
  stop: Promise<(() => Promise<void>) | undefined>
}

// A bus that could not be listened to is tried again; until then watchers look from time to time.
const retryMs = 1000

/** Wakes those in this process who watch sessions, when a bus tells of a change. Without a bus they wait for the time alone. */
export class WakeUps {
  readonly #bus: SessionBus | undefined
  readonly #onFailure: (cause: unknown) => void
  readonly #watched = new Map<string, Watched>()
  readonly #topics = new Map<number, Topic>()
  #version = 0

  /** @param onFailure Told when the bus cannot be listened to: until it can, watchers look from time to time. */
  constructor(bus: SessionBus | undefined, onFailure: (cause: unknown) => void = () => {}) {
    this.#bus = bus
    this.#onFailure = onFailure
  }

  watch(ref: SessionRef): Watch {
    const key = keyOf(ref)
    // Without a bus no look is older than another.
    const version = this.#bus === undefined ? 0 : ++this.#version
    const watched = this.#watched.get(key) ?? { watches: new Set<() => void>(), version }
    this.#watched.set(key, watched)
    let isWoken = false
    let wake: (() => void) | undefined
    const onNotice = (): void => {
      isWoken = true
      wake?.()
    }
    watched.watches.add(onNotice)
    const topic = this.#enter(topicOf(ref))
    const bus = this.#bus
    return {
      get version() {
        return watched.version
      },
      get isAlone() {
        return watched.watches.size === 1
      },
      get isTold() {
        return topic?.isListening === true && bus?.isUp === true
      },
      async next(ms, { signal } = {}) {
        if (!isWoken && signal?.aborted !== true) {
          await new Promise<void>((resolve) => {
            const done = (): void => {
              clearTimeout(timer)
              letGo?.()
              wake = undefined
              resolve()
            }
            const timer = setTimeout(done, timerMs(ms))
            const letGo = signal && onAbort(signal, done)
            wake = done
          })
          // A notice wakes all who watch the session, in one turn of the event loop.
          await pause()
        }
        isWoken = false
      },
      goOn: () => wake?.(),
      lookAgain: () => {
        if (bus !== undefined) this.#wake(watched)
      },
      stop: () => {
        watched.watches.delete(onNotice)
        if (watched.watches.size === 0 && this.#watched.get(key) === watched) this.#watched.delete(key)
        this.#leave(topicOf(ref))
      },
    }
  }

  /** Wakes all who watch, as they must hear that the service is closed. */
  wakeAll(): void {
    for (const watched of this.#watched.values()) this.#wake(watched)
  }

  readonly #listener: BusListener = {
    notices: (notices) => {
      for (const notice of notices) this.#wake(this.#watched.get(keyOf(notice)))
    },
    gap: (topics) => {
      const missed = new Set(topics)
      for (const [key, watched] of this.#watched) {
        const [tenantId, id] = JSON.parse(key) as [string, string]
        if (missed.has(topicOf({ tenantId, id }))) this.#wake(watched)
      }
    },
  }

  #wake(watched: Watched | undefined): void {
    if (watched === undefined) return
    watched.version = ++this.#version
    for (const onNotice of watched.watches) onNotice()
  }

  #enter(number: number): Topic | undefined {
    const bus = this.#bus
    if (bus === undefined) return undefined
    const known = this.#topics.get(number)
    if (known !== undefined) {
      known.count++
      return known
    }
    const topic: Topic = { isListening: false, count: 1, stop: Promise.resolve(undefined) }
    this.#topics.set(number, topic)
    this.#listen(bus, number, topic)
    return topic
  }

  #listen(bus: SessionBus, number: number, topic: Topic): void {
    // One of its own: another subscription to the topic may end while this one begins.
    topic.stop = bus.subscribe([number], { ...this.#listener }).then(
      (stop) => {
        topic.isListening = true
        // What has changed since the watchers looked, nobody has told them.
        this.#listener.gap([number])
        return stop
      },
      (cause: unknown) => {
        this.#onFailure(cause)
        const again = setTimeout(() => {
          if (this.#topics.get(number) === topic) this.#listen(bus, number, topic)
        }, retryMs) as { unref?: () => void }
        again.unref?.()
        return undefined
      },
    )
  }

  #leave(number: number): void {
    const topic = this.#topics.get(number)
    if (topic === undefined || --topic.count > 0) return
    this.#topics.delete(number)
    void topic.stop.then((stop) => stop?.()).catch(() => {})
  }
}

function keyOf({ tenantId, id }: SessionRef): string {
  return JSON.stringify([tenantId, id])
}
