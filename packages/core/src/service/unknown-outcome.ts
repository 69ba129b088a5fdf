import { isSessionError, SessionError, type SessionErrorCode } from '../errors.js'

const maxRepeats = 5
const outages: readonly SessionErrorCode[] = ['unavailable', 'store_failed', 'store_full']

/** Remembers, over the tries of one write, whether an earlier try may have been applied. */
export class UnknownOutcomes {
  #first: unknown
  #count = 0

  /** Whether any try may have been applied. */
  get any(): boolean {
    return this.#count > 0
  }

  /** Notes an error; true when the answer got lost and another try makes sense. */
  mayRepeat(error: unknown): boolean {
    if (!isSessionError(error, 'unknown_outcome')) return false
    this.#first ??= error
    return ++this.#count <= maxRepeats
  }

  /** The first of the errors. */
  get first(): unknown {
    return this.#first
  }

  /** The error that the caller gets: after a lost answer, `unavailable` does not mean that nothing was written. */
  told(error: unknown): unknown {
    return this.any && isOutage(error) ? this.#first : error
  }
}

function isOutage(error: unknown): boolean {
  return outages.some((code) => isSessionError(error, code))
}

/** Runs a write that may run twice, and runs it again while its answer gets lost. */
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

/** Runs what follows a write of the same verb: that the store is away by then does not mean that nothing was written. */
export async function afterWrite<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (cause) {
    if (!isOutage(cause)) throw cause
    throw new SessionError('unknown_outcome', 'A change was made, and what follows it could not be.', {
      cause,
    })
  }
}
