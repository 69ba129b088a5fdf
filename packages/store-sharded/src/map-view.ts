import type { MapBody, PartitionMove } from './map-body.js'
import type { Place } from './shard-route.js'

/** The map as this process knows it, and until when it may write by it. */
export class MapView {
  readonly body: MapBody
  /** By the clock of this process; later once the map was read again and had the same epoch. */
  until: number
  readonly #moved = new Map<string, string>()

  constructor(body: MapBody, until: number) {
    this.body = body
    this.until = until
    for (const [shard, partitions] of Object.entries(body.moved)) {
      for (const partition of partitions) this.#moved.set(partition, shard)
    }
  }

  /** The shard that has the sessions of a place now. */
  ownerOf({ partition, shard }: Place): string {
    return this.#moved.get(partition) ?? shard
  }

  /** The shard that has a copy of a place, or what is left of it, while it moves; undefined for one that does not. */
  otherOf(place: Place): string | undefined {
    const { move } = this.body
    if (move === undefined || !Object.hasOwn(move.from, place.partition)) return undefined
    return this.ownerOf(place) === move.to ? move.from[place.partition] : move.to
  }

  isFrozen({ partition }: Place): boolean {
    return this.frozen !== undefined && Object.hasOwn(this.frozen.from, partition)
  }

  /** The move that nobody may write during; undefined when there is none. */
  get frozen(): PartitionMove | undefined {
    return this.body.move?.step === 'frozen' ? this.body.move : undefined
  }
}
