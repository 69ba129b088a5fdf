import { SessionError, setDeadline } from '@sessions/core/store'
import { toSessionError } from './redis-error.js'

/** One call of the store, from its beginning to its deadline. */
export class Attempt {
  /** True once a write has gone out, unless Redis has said that it refused it. */
  mayHaveWritten = false
  /** True once the caller has been told that the call took too long. No other command goes out after that. */
  isOver = false
  /** Called when `isOver` becomes true. */
  onOver: (() => void) | undefined
  readonly #until: number

  constructor(timeoutMs: number) {
    this.#until = performance.now() + timeoutMs
  }

  /** How many milliseconds are left before the caller is told that the call took too long. */
  get leftMs(): number {
    return this.#until - performance.now()
  }
}

/**
 * Does `work`, and rejects when it takes longer than `timeoutMs`. Every rejection is a `SessionError`. A result that
 * comes after the time is dropped.
 */
export function attempt<T>(timeoutMs: number, work: (attempt: Attempt) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const current = new Attempt(timeoutMs)
    const stop = setDeadline(timeoutMs, () => {
      current.isOver = true
      current.onOver?.()
      reject(
        current.mayHaveWritten
          ? new SessionError('unknown_outcome', `Redis did not answer a write within ${timeoutMs} ms`)
          : new SessionError('unavailable', `Redis did not answer within ${timeoutMs} ms`),
      )
    })
    work(current).then(
      (value) => {
        stop()
        resolve(value)
      },
      (error: unknown) => {
        stop()
        reject(toSessionError(error, current.mayHaveWritten))
      },
    )
  })
}
