import { isSessionError, SessionError } from '@sessions/core/store'
import type { MapView } from './map-view.js'
import type { ShardMap } from './shard-map.js'
import type { Place } from './shard-route.js'

const pollMs = 100
// What waits is kept in memory.
const maxWaiting = 1000
const maxUnits = 32 * 1024 * 1024

/** Writes that wait until their partition has its new owner. */
export class FreezeWaits {
  readonly #map: ShardMap
  readonly #waitMs: number
  #next: Promise<void> | undefined
  #waiting = 0
  #units = 0
  #seen: { readonly beat: number; readonly at: number } | undefined

  constructor(map: ShardMap, waitMs: number) {
    this.#map = map
    this.#waitMs = waitMs
  }

  /**
   * The map by which a place may be written.
   *
   * @param units About how many UTF-16 units the write holds.
   *
   * @throws `unavailable` when the partition is still frozen after the wait, when too much waits, and when the map
   *   cannot be read.
   */
  async until(place: Place, units: number): Promise<MapView> {
    const { timing } = this.#map
    const first = await this.#map.toWrite()
    if (!first.isFrozen(place)) return first
    if (this.#waiting >= maxWaiting || this.#units + units > maxUnits) throw isMoving()
    const giveUpAt = timing.now() + this.#waitMs
    this.#waiting++
    this.#units += units
    try {
      while (timing.now() < giveUpAt) {
        await (this.#next ??= this.#look())
        const view = await this.#map.toWrite()
        if (!view.isFrozen(place)) return view
      }
      throw isMoving()
    } finally {
      this.#waiting--
      this.#units -= units
    }
  }

  /** All that wait look at the map together. */
  async #look(): Promise<void> {
    const { timing, graceMs } = this.#map
    await timing.pause(pollMs)
    this.#next = undefined
    // Without an answer the lease runs out, and whoever waits is told so.
    const { frozen } = await this.#map.newest()
    if (frozen === undefined) return
    const { beat } = frozen
    if (this.#seen?.beat !== beat) this.#seen = { beat, at: timing.now() }
    else if (timing.now() - this.#seen.at >= graceMs) await this.#thaw(beat)
  }

  /** Ends the freeze of a mover that has died. It has moved nothing yet, and what it does from now on is refused. */
  async #thaw(beat: number): Promise<void> {
    try {
      await this.#map.change((body) => {
        if (body.move?.step !== 'frozen' || body.move.beat !== beat) return undefined
        return {
          ...body,
          epoch: body.epoch + 1,
          move: { ...body.move, step: 'copying', by: '', beat: beat + 1 },
        }
      })
    } catch (error) {
      if (!isSessionError(error)) throw error
    }
  }
}

function isMoving(): SessionError {
  return new SessionError('unavailable', 'The session is being moved to another shard.', {
    retryAfterMs: 1000,
  })
}
