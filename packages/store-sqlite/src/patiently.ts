import { isBusy, toSessionError } from './errors.js'
import { busy, Turns } from './turns.js'

/**
 * What `work` gives, once the database is not busy.
 *
 * @throws `unavailable` when it still is at `until`, by `performance.now()`.
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
