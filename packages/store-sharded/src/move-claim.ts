import { SessionError } from '@sessions/core/store'
import type { MapBody, PartitionMove } from './map-body.js'
import { withOwner } from './map-body.js'
import type { ShardMap } from './shard-map.js'

const maxBeats = 3

/** Which partitions go where. */
export interface WantedMove {
  readonly to: string
  readonly from: Readonly<Record<string, string>>
}

/**
 * What makes one call the mover. The claim is in the map and is renewed while the call works; another call takes it over
 * once it has not been renewed for longer than a lease. Each step is a change of the map that only the holder can make.
 */
export class MoveClaim {
  readonly #map: ShardMap
  readonly #by: string
  #move: PartitionMove
  #heldAt: number
  #beating: Promise<void> | undefined

  private constructor(map: ShardMap, move: PartitionMove, heldAt: number) {
    this.#map = map
    this.#by = move.by
    this.#move = move
    this.#heldAt = heldAt
  }

  /**
   * Begins a move, or goes on with one that was cut off.
   *
   * @param wantedBy The move, by the map as it is; undefined when everything is there already.
   *
   * @throws `conflict` while another call moves partitions, or after another move was cut off.
   */
  static async take(
    map: ShardMap,
    by: string,
    wantedBy: (body: MapBody) => WantedMove | undefined,
  ): Promise<MoveClaim | undefined> {
    let abandoned: PartitionMove | undefined
    let waits = 0
    for (;;) {
      const sentAt = map.timing.now()
      let taken: PartitionMove | undefined
      let other: PartitionMove | undefined
      await map.change((body) => {
        taken = other = undefined
        const wanted = wantedBy(body)
        if (body.move === undefined) {
          if (wanted === undefined) return undefined
          taken = { ...wanted, step: 'copying', by, beat: 1 }
        } else if (body.move.by === by) {
          // An answer was lost.
          taken = body.move
          return undefined
        } else {
          other = body.move
          const isFree = other.by === '' || (other.by === abandoned?.by && other.beat === abandoned.beat)
          if (!isFree) return undefined
          taken = { ...other, by, beat: other.beat + 1 }
        }
        return { ...body, move: taken }
      })
      if (taken !== undefined) return new MoveClaim(map, taken, sentAt)
      if (other === undefined) return undefined
      // The last beat of a call that has died may have been on its way; one that lives goes on.
      if (abandoned !== undefined && (waits++ > 0 || other.beat > abandoned.beat + 1)) {
        throw inUse('Another call moves partitions.')
      }
      abandoned = other
      await map.timing.pause(map.graceMs)
    }
  }

  get move(): PartitionMove {
    return this.#move
  }

  /** Before each call: makes sure that no other call has taken the move over. @throws `conflict` */
  async hold(): Promise<void> {
    const { timing, leaseMs } = this.#map
    if (timing.now() < this.#heldAt + leaseMs / 5) return
    // Many calls are made at once, and one beat serves them all.
    await (this.#beating ??= this.#beat().finally(() => {
      this.#beating = undefined
    }))
  }

  async #beat(): Promise<void> {
    const { timing, leaseMs } = this.#map
    for (let tries = 1; tries <= maxBeats; tries++) {
      await this.#change((move) => ({ ...move, beat: move.beat + 1 }))
      if (timing.now() < this.#heldAt + leaseMs) return
    }
    throw inUse('The home of the map is too slow for a move.')
  }

  /** Waits until nobody goes by the map as it was before. */
  async outwait(): Promise<void> {
    const { timing, graceMs, leaseMs } = this.#map
    for (const end = timing.now() + graceMs; timing.now() < end; await this.hold()) {
      await timing.pause(Math.min(leaseMs / 5, end - timing.now()))
    }
  }

  /** From now on nobody writes. */
  async freeze(): Promise<void> {
    await this.#step('copying', 'frozen')
  }

  /** Everybody writes to the old shards again, unless they are the old ones no more. */
  async thaw(): Promise<void> {
    await this.#step('frozen', 'copying')
  }

  /** From now on everybody writes to the new shard. @throws `conflict` when the freeze was ended by others. */
  async handOver(): Promise<void> {
    await this.#change((move, body) => {
      if (move.step === 'cleaning') return undefined
      if (move.step !== 'frozen') throw inUse('The freeze of the partitions was ended: move them again.')
      const moved = withOwner(body.moved, Object.keys(move.from), move.to)
      return { move: { ...move, step: 'cleaning', beat: move.beat + 1 }, moved }
    })
  }

  /** Lets another call go on at once. */
  async release(): Promise<void> {
    this.#heldAt = -Infinity
    await this.#map.change((body) => {
      if (body.move?.by !== this.#by) return undefined
      return { ...body, move: { ...body.move, by: '', beat: body.move.beat + 1 } }
    })
  }

  /** Ends the move. */
  async finish(): Promise<void> {
    await this.#map.change(({ move, ...body }) => (move?.by === this.#by ? body : undefined))
  }

  async #step(from: PartitionMove['step'], to: PartitionMove['step']): Promise<void> {
    await this.#change((move) =>
      move.step === from ? { move: { ...move, step: to, beat: move.beat + 1 } } : undefined,
    )
  }

  /** Changes the move; what is more than a beat is a new epoch, too. */
  async #change(
    change: (
      move: PartitionMove,
      body: MapBody,
    ) => PartitionMove | { move: PartitionMove; moved?: MapBody['moved'] } | undefined,
  ): Promise<void> {
    let move: PartitionMove | undefined
    const sentAt = this.#map.timing.now()
    await this.#map.change((body) => {
      if (body.move?.by !== this.#by) throw inUse('Another call has taken the move over.')
      const changed = change(body.move, body)
      move = body.move
      if (changed === undefined) return undefined
      if ('move' in changed) {
        move = changed.move
        return { ...body, ...changed, epoch: body.epoch + 1 }
      }
      move = changed
      return { ...body, move }
    })
    this.#move = move!
    this.#heldAt = sentAt
  }
}

function inUse(problem: string): SessionError {
  return new SessionError('conflict', problem)
}
