import type { TurnAbortReason } from '../domain/events.js'
import { SessionError } from '../errors.js'
import { onAbort } from '../async/on-abort.js'

/** Stops a turn, once, and remembers why. */
export class TurnStop {
  readonly #controller = new AbortController()
  #reason: TurnAbortReason | undefined
  #letGo = (): void => {}

  /** @param outer When it is aborted, the turn is cancelled. */
  constructor(outer: AbortSignal | undefined) {
    if (outer?.aborted === true) this.stop('cancelled')
    else if (outer !== undefined) this.#letGo = onAbort(outer, () => this.stop('cancelled'))
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get reason(): TurnAbortReason | undefined {
    return this.#reason
  }

  stop(reason: TurnAbortReason): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    this.#controller.abort()
  }

  /** The turn has ended: a signal that lives longer, as that of a whole process, keeps nothing of it. */
  end(): void {
    this.#letGo()
  }
}

export function withdrawn(): SessionError {
  return new SessionError('turn_lost', 'The message was withdrawn before its turn began.')
}
