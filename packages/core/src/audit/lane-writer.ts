import { isSessionError } from '../errors.js'
import { newId } from '../ids.js'
import { type AuditEntry, encodeEntry, type NewEntry } from './entry.js'
import { createStoreClock } from '../service/store-clock.js'
import { isOutage } from '../service/unknown-outcome.js'
import { extendLane, type Lane, type Lanes, openLane } from './lane.js'

interface Waiting {
  readonly entry: NewEntry
  readonly written: (entry: AuditEntry) => void
  readonly failed: (error: unknown) => void
}

// An entry has 5 KiB at most, so a batch fits a page of its lane.
const maxBatch = 200
// A lane is read as a whole to check it, and removed as a whole.
const maxLaneLength = 10_000

/**
 * Writes the entries of one process to lanes of its own, a lane a day: so no two processes ever meet. What comes while
 * a commit runs goes into the next one.
 */
export class LaneWriter {
  readonly #lanes: Lanes
  readonly #tenantId: string
  #waiting: Waiting[] = []
  #lane: Lane | undefined
  readonly #clock = createStoreClock()
  #lastAt = 0
  #running: Promise<void> | undefined

  constructor(lanes: Lanes, tenantId: string) {
    this.#lanes = lanes
    this.#tenantId = tenantId
  }

  /** Settles when the entry is stored. */
  write(entry: NewEntry): Promise<AuditEntry> {
    return new Promise((written, failed) => {
      this.#waiting.push({ entry, written, failed })
      this.#running ??= this.#run().finally(() => (this.#running = undefined))
    })
  }

  /** Whether nothing is waiting to be written. */
  get isIdle(): boolean {
    return this.#running === undefined
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, maxBatch)
      try {
        const entries = await this.#store(batch.map(({ entry }) => entry))
        for (const [index, each] of batch.entries()) each.written(entries[index]!)
      } catch (error) {
        // What may have been written ends this lane: it goes on from a head that this process knows.
        if (!isSessionError(error, 'unavailable')) this.#lane = undefined
        // What waits behind it would wait as long as a call may take, for each batch: callers come faster than that.
        const isAway = isOutage(error) || isSessionError(error, 'unknown_outcome')
        const refused = isAway ? [...batch, ...this.#waiting.splice(0)] : batch
        for (const each of refused) each.failed(error)
      }
    }
  }

  async #store(entries: readonly NewEntry[]): Promise<readonly AuditEntry[]> {
    try {
      return await this.#extend(entries)
    } catch (error) {
      // Somebody has removed or changed the lane, which `verify` names. Entries go on in another one.
      if (!isSessionError(error, 'conflict') && !isSessionError(error, 'not_found')) throw error
      this.#lane = undefined
      return this.#extend(entries)
    }
  }

  async #extend(entries: readonly NewEntry[]): Promise<readonly AuditEntry[]> {
    const { lane, at } = await this.#laneOfNow()
    const next = await extendLane(
      this.#lanes,
      lane,
      entries.map((entry) => encodeEntry(entry, at)),
    )
    this.#keep(next)
    const first = lane.head.seq + 1
    return entries.map((entry, index) => ({ ...entry, at, lane: lane.place.lane, seq: first + index }))
  }

  /** The lane of today, and the time of its next entries. */
  async #laneOfNow(): Promise<{ readonly lane: Lane; readonly at: number }> {
    for (;;) {
      const at = Math.max(this.#lastAt, this.#clock.now())
      const day = dayOf(at)
      // A new lane tells the time where it is not known.
      const lane = this.#clock.isKnown() ? this.#lane : undefined
      if (lane?.place.lane.startsWith(day) === true && lane.head.seq < maxLaneLength) {
        this.#lastAt = at
        return { lane, at }
      }
      // The commit that makes a lane tells the store's time, which may be of another day.
      const place = { tenantId: this.#tenantId, lane: `${day}.${newId()}` }
      this.#keep(await openLane(this.#lanes, place))
    }
  }

  #keep(lane: Lane): void {
    this.#lane = lane
    this.#clock.learn(lane.record.updatedAt)
  }
}

/** The day of a moment, in UTC: lanes begin with it. */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}
