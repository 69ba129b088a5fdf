import { processClock } from '@sessions/core/store'
import type { Connection } from './connection.js'
import type { TableNames } from '../schema/schema.js'

// The time after which a process compares its clock with the clock of the file again.
const lookMs = 1000

const systemMs = "cast((julianday('now') - 2440587.5) * 86400000 as integer)"

/**
 * The clock of a file: one for all the processes that share it, and for those that come after them.
 *
 * Each process goes by its own clock, which a changed system clock does not reach. That clock stands still while the
 * machine sleeps, and two processes may have begun with different system clocks. So once a second a process moves ahead
 * to the newest time in the file, and to the system clock; it never moves back.
 */
export class FileClock {
  readonly #mark: string
  readonly #look: string
  #aheadMs = 0
  #lookedAt = -Infinity
  #markedAt = -Infinity

  constructor({ clock }: TableNames) {
    // The clocks of two processes may be a second apart, so a time that is a second behind is good enough.
    this.#mark = `update ${clock} set at = max(at, ?, ${systemMs} - ${lookMs}) returning at`
    this.#look = `select max(at, ?, ${systemMs} - ${lookMs}) as at from ${clock}`
  }

  /** Now, epoch ms. In a transaction that `writes`, the file learns of it. */
  now(connection: Connection, writes: boolean): number {
    const at = performance.now()
    if (at - (writes ? this.#markedAt : this.#lookedAt) >= lookMs) {
      this.#lookedAt = at
      if (writes) this.#markedAt = at
      const row = connection.first(writes ? this.#mark : this.#look, this.#own())
      this.#aheadMs += Math.max(0, Number(row?.['at'] ?? 0) - this.#own())
    }
    return this.#own()
  }

  #own(): number {
    return processClock() + this.#aheadMs
  }
}
