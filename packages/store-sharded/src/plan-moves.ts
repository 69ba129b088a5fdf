import { SessionError } from '@sessions/core/store'
import { sharesOf, type ShardWeights } from './deal.js'

/** Partitions that are to move to one shard. */
export interface PlannedMove {
  /** The partitions that move. */
  readonly partition: readonly string[]
  /** The shard that they move to. */
  readonly to: string
}

/**
 * The fewest moves after which each of `shards` has its share of the partitions. A shard that is not among them gives
 * all of its partitions away.
 *
 * @param owners The shard of each partition, as `partitionOwners` of a sharded store gives them.
 *
 * @throws `invalid` for no shards, a shard twice, or a weight that is not above 0.
 */
export function planMoves(
  owners: ReadonlyMap<string, string>,
  shards: readonly string[],
  weights: ShardWeights = {},
): PlannedMove[] {
  if (!(owners instanceof Map)) {
    throw new SessionError('invalid', 'owners must be a Map, as partitionOwners gives it', { path: 'owners' })
  }
  const shares = sharesOf(shards, weights, owners.size)
  const owned = new Map<string, string[]>(shards.map((shard) => [shard, []]))
  const free: string[] = []
  for (const [partition, shard] of owners) {
    const own = owned.get(shard)
    if (own !== undefined && own.length < shares.get(shard)!) own.push(partition)
    else free.push(partition)
  }
  return shards
    .map((to) => ({ to, partition: free.splice(0, shares.get(to)! - owned.get(to)!.length) }))
    .filter(({ partition }) => partition.length > 0)
}
