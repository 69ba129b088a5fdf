import { SessionError } from '@sessions/core/store'

/** What the stored map holds. Partitions that are not mentioned are where their route puts them at first. */
export interface MapBody {
  /** Grows whenever another process must know: with each freeze, each end of one, and each new owner. */
  readonly epoch: number
  /** How the hashes of the route were dealt when the map was made. */
  readonly dealt: readonly string[]
  /** How the hashes were dealt that came into the table of a route since. */
  readonly added?: readonly string[]
  /** The partitions that each shard has got by a move. */
  readonly moved: Readonly<Record<string, readonly string[]>>
  /** The move under way; absent when there is none. */
  readonly move?: PartitionMove
}

/** A move of partitions, as the map remembers it. */
export interface PartitionMove {
  readonly to: string
  /** The shard that each partition comes from. */
  readonly from: Readonly<Record<string, string>>
  /**
   * `copying`: everybody writes to the old shards. `frozen`: nobody writes. `cleaning`: everybody writes to the new
   * shard, and the old ones are emptied.
   */
  readonly step: 'copying' | 'frozen' | 'cleaning'
  /** The call that does the move; empty when it has failed. */
  readonly by: string
  /** Grows while that call is alive. */
  readonly beat: number
}

/** @throws `corrupt` for a text that is no map. */
export function parseMapBody(text: string): MapBody {
  try {
    const body = JSON.parse(text) as MapBody
    if (Number.isSafeInteger(body.epoch) && Array.isArray(body.dealt) && typeof body.moved === 'object')
      return body
  } catch (cause) {
    throw new SessionError('corrupt', 'The stored map of partitions is not JSON.', { cause })
  }
  throw new SessionError('corrupt', 'What is stored as the map of partitions is none.')
}

/** The map after partitions have got a new owner. */
export function withOwner(
  moved: MapBody['moved'],
  partitions: readonly string[],
  to: string,
): MapBody['moved'] {
  const gone = new Set(partitions)
  const kept = Object.entries(moved).map(
    ([shard, all]) => [shard, all.filter((name) => !gone.has(name))] as const,
  )
  const others = kept.filter(([shard, all]) => shard !== to && all.length > 0)
  const own = kept.find(([shard]) => shard === to)?.[1] ?? []
  return Object.fromEntries([...others, [to, [...own, ...partitions]]])
}
