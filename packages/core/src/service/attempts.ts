import { later } from '../time.js'
import { isSessionError, type SessionErrorCode } from '../errors.js'
import { newId } from '../ids.js'
import { UnknownOutcomes } from './unknown-outcome.js'

// More writers than this do not meet on one record; beyond it something is wrong and the caller should know.
const mostRaces = 200

// How many of its newest changes a record names, so that a change whose answer was lost is known again.
const keptChanges = 32

export function newChangeId(): string {
  return newId().slice(0, 10)
}

/** The names of the changes of a record, with one more. */
export function withChange(changes: readonly string[], changeId: string): string[] {
  return [...changes, changeId].slice(-keptChanges)
}

/** Counts the tries of one change under compare-and-set: another try follows a lost race, or a lost answer. */
export class Attempts {
  readonly #races: readonly SessionErrorCode[]
  readonly #lost = new UnknownOutcomes()
  #count = 0
  #lostAt: number | undefined

  /** @param races The codes by which a store says that another writer was faster. */
  constructor(races: readonly SessionErrorCode[] = ['conflict']) {
    this.#races = races
  }

  /** Whether any try may have been applied without an answer. */
  get mayBeApplied(): boolean {
    return this.#lost.any
  }

  /**
   * Whether a change is made already that was tried before, by the changes that the record names at a revision.
   *
   * @throws `unknown_outcome` when so many came since that its name may be among those that are named no more: another
   * try could make it twice.
   */
  isMade(changeId: string, changes: readonly string[], revision: number): boolean {
    if (!this.mayBeApplied) return false
    if (changes.includes(changeId)) return true
    if (this.#lostAt !== undefined && revision - this.#lostAt > keptChanges) throw this.#lost.first
    return false
  }

  /**
   * Settles when it is time for another try.
   *
   * @param revision What the try took the revision of the record to be.
   * @throws the error, when another try makes no sense.
   */
  async again(error: unknown, revision?: number): Promise<void> {
    if (this.#lost.mayRepeat(error)) {
      this.#lostAt ??= revision
      return
    }
    if (!this.#isRace(error) || ++this.#count >= mostRaces) throw error
    await pause(this.#count)
  }

  /** The error that the caller gets at the end. */
  told(error: unknown): unknown {
    return this.#lost.told(error)
  }

  #isRace(error: unknown): boolean {
    return isSessionError(error) && this.#races.includes(error.code) && error.messageId === undefined
  }
}

// Writers that lost a race and start again at the same moment lose the next one too. A random pause spreads them; it
// grows with each try, because many tries mean many writers.
async function pause(count: number): Promise<void> {
  const ms = Math.random() * Math.min(2 ** count, 32 + count)
  await new Promise((resolve) => later(resolve, ms))
}
