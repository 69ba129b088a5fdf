import type { TurnAbortReason } from '../domain/events.js'
import { SessionError } from '../errors.js'

/** Stops a turn, once, and remembers why. */
export class TurnStop {
  readonly #controller = new AbortController()
  readonly #heard = new AbortController()
  #reason: TurnAbortReason | undefined

  /** @param outer When it is aborted, the turn is cancelled. */
  constructor(outer: AbortSignal | undefined) {
    if (outer?.aborted === true) this.stop('cancelled')
    else outer?.addEventListener('abort', () => this.stop('cancelled'), { signal: this.#heard.signal })
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
    this.#heard.abort()
  }
}

export function withdrawn(): SessionError {
  return new SessionError('turn_lost', 'The message was withdrawn before its turn began.')
}
