import { isBusy, toSessionError } from './errors.js'
import { busy, Turns } from './turns.js'

/**
 * The result of `work`, once the database is not busy.
 *
 * @throws `unavailable` when the database still is busy at `until`, by `performance.now()`.
 */
export function patiently<T>(until: number, work: () => T): Promise<T> {
  return new Turns().take(until, () => {
    try {
      return work()
    } catch (error) {
      if (isBusy(error)) return busy
      throw toSessionError(error)
    }
  })
}
