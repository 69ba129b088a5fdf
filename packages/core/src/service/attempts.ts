import { isSessionError, type SessionErrorCode } from '../errors.js'
import { UnknownOutcomes } from './unknown-outcome.js'

// As many writers as could reasonably meet on one record; past it something is wrong and the caller should know.
const maxRaces = 200

/** The tries of one change under compare-and-set: another one follows a race that was lost, or an answer. */
export class Attempts {
  readonly #races: readonly SessionErrorCode[]
  readonly #lost = new UnknownOutcomes()
  #count = 0

  /** @param races What a store says when somebody else was faster. */
  constructor(races: readonly SessionErrorCode[] = ['conflict']) {
    this.#races = races
  }

  /** Whether any try may have been applied, although nobody said so. */
  get mayBeApplied(): boolean {
    return this.#lost.any
  }

  /** Settles when it is time for another try. @throws the error, when another try makes no sense. */
  async again(error: unknown): Promise<void> {
    if (this.#lost.mayRepeat(error)) return
    if (!this.#isRace(error) || ++this.#count >= maxRaces) throw error
    await pause(this.#count)
  }

  /** What to say of the error that ended it. */
  told(error: unknown): unknown {
    return this.#lost.told(error)
  }

  #isRace(error: unknown): boolean {
    return isSessionError(error) && this.#races.includes(error.code) && error.messageId === undefined
  }
}

// Writers that lost a race and start again at the same moment lose the next one too; chance spreads them, over a
// longer time the longer it goes on, for then there are many.
async function pause(count: number): Promise<void> {
  const ms = Math.random() * Math.min(2 ** count, 32 + count)
  await new Promise((resolve) => setTimeout(resolve, ms))
}
