import type { AppendedMessage, Committed } from '../contract/session-store.js'
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

/** Whether the store could not be reached, or could do nothing, whatever it was asked. */
export function isOutage(error: unknown): boolean {
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

/** As `repeatUnknown`, for a removal: undefined where a try may have done it whose answer got lost. */
export async function repeatRemoval(remove: () => Promise<boolean>): Promise<boolean | undefined> {
  let tries = 0
  const isRemoved = await repeatUnknown(() => (tries++, remove()))
  return isRemoved || (tries > 1 ? undefined : false)
}

/** What an append has made. */
export interface Appended extends Committed {
  /** Whether an earlier try of this very call may have stored the messages: nobody was told of it. */
  readonly isLost: boolean
}

/** As `repeatUnknown`, for a commit that appends: message ids make a repeat harmless, whether or not a try was applied. */
export async function repeatAppend(commit: () => Promise<Committed>): Promise<Appended> {
  let tries = 0
  const committed = await repeatUnknown(async () => {
    tries++
    return commit()
  })
  return { ...committed, isLost: tries > 1 }
}

/**
 * Messages after a lost answer. Those behind the place where the log ended are new for whoever asks, although the last try
 * found them there.
 */
export function asNew(messages: readonly AppendedMessage[], lastSeq: number): AppendedMessage[] {
  return messages.map((message) => ({ ...message, inserted: message.inserted || message.seq > lastSeq }))
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
