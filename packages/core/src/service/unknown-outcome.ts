import { isSessionError, type SessionErrorCode } from '../errors.js'

const maxRepeats = 5
const outages: readonly SessionErrorCode[] = ['unavailable', 'store_failed', 'store_full']

/** Keeps in mind, over the tries of one write, that an earlier one may have been applied after all. */
export class UnknownOutcomes {
  #first: unknown
  #count = 0

  /** Whether any try may have been applied. */
  get any(): boolean {
    return this.#count > 0
  }

  /** Takes note of an error; true when the answer got lost and another try makes sense. */
  mayRepeat(error: unknown): boolean {
    if (!isSessionError(error, 'unknown_outcome')) return false
    this.#first ??= error
    return ++this.#count <= maxRepeats
  }

  /** What to say of the error that ended it: after a lost answer, an outage does not mean that nothing was written. */
  told(error: unknown): unknown {
    const isOutage = outages.some((code) => isSessionError(error, code))
    return this.any && isOutage ? this.#first : error
  }
}

/** Does what may be done twice, again while its answer gets lost. */
export async function repeatUnknown<T>(act: () => Promise<T>): Promise<T> {
  const lost = new UnknownOutcomes()
  for (;;) {
    try {
      return await act()
    } catch (error) {
      if (!lost.mayRepeat(error)) throw lost.told(error)
    }
  }
}
