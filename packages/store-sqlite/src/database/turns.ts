import { SessionError } from '@sessions/core/store'

/** The result of an attempt while somebody else holds the database. */
export const busy: unique symbol = Symbol('busy')

interface Entry {
  /** False when the database is busy. */
  readonly attempt: () => boolean
  readonly reject: (error: SessionError) => void
  /** When the work must have settled, by `performance.now()`. */
  readonly until: number
}

// Each piece of work holds the event loop. After so much time others have their turn.
const sliceMs = 5
// Another process holds the database for the time of a commit: less than a millisecond, or a few.
const minPauseMs = 1
const maxPauseMs = 4

// Taken at import: a test of the application may replace them by a clock that stands still.
const clock = performance.now.bind(performance)
const afterThisTurn = setImmediate
const later = setTimeout

/**
 * Pieces of work that run one after the other, each at once and whole: the first to come is the first to go. When the
 * database is busy, they wait for it without holding the event loop.
 */
export class Turns {
  #waiting: Entry[] = []
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined
  /** When the work in this turn of the event loop has had its time; 0 when there was no work yet. */
  #enoughAt = 0

  /**
   * Runs `work`, again as long as it says `busy`.
   *
   * @throws `unavailable` when its turn has not come by `until`.
   */
  take<T>(until: number, work: () => T | typeof busy): Promise<T> {
    return new Promise((resolve, reject) => {
      const attempt = (): boolean => {
        try {
          const result = work()
          if (result === busy) return false
          resolve(result)
        } catch (error) {
          reject(error)
        }
        return true
      }
      const isFree = this.#waiting.length === 0 && !this.#isEnough()
      if (isFree && attempt()) return
      this.#waiting.push({ attempt, reject, until })
      this.#schedule(isFree)
    })
  }

  #isEnough(): boolean {
    const now = clock()
    if (this.#enoughAt === 0) {
      this.#enoughAt = now + sliceMs
      afterThisTurn(() => {
        this.#enoughAt = 0
      })
    }
    return now >= this.#enoughAt
  }

  #schedule(isBusy: boolean): void {
    if (this.#timer !== undefined) return
    const next = () => {
      this.#timer = undefined
      this.#go()
    }
    const pauseMs = minPauseMs + Math.random() * (maxPauseMs - minPauseMs)
    this.#timer = isBusy ? later(next, pauseMs) : afterThisTurn(next)
  }

  #go(): void {
    this.#dropLate()
    let done = 0
    let isBusy = false
    while (done < this.#waiting.length && !this.#isEnough()) {
      isBusy = !this.#waiting[done]!.attempt()
      if (isBusy) break
      done++
    }
    this.#waiting.splice(0, done)
    if (this.#waiting.length > 0) this.#schedule(isBusy)
  }

  #dropLate(): void {
    const now = performance.now()
    if (this.#waiting.every(({ until }) => until > now)) return
    const late = this.#waiting.filter(({ until }) => until <= now)
    this.#waiting = this.#waiting.filter(({ until }) => until > now)
    for (const { reject } of late) {
      reject(new SessionError('unavailable', 'the database was busy for too long: nothing was done'))
    }
  }
}
