import { checkOptions } from '@sessions/core/store'
import { sharesOf, type ShardWeights } from './deal.js'
import { partitionCount, partitionNumber } from './partition-number.js'
import type { Place, ShardRoute } from './shard-route.js'

/** What a `hashRoute` spreads, and how. */
export interface HashRouteOptions {
  /**
   * `tenant`: all sessions of a tenant are in one shard, and so are its lists. `session`: the sessions of one tenant are
   * spread, and each list asks every shard (default `tenant`).
   */
  by?: 'tenant' | 'session'
  /** How large the shares of shards are at first (default: all alike). */
  weights?: ShardWeights
}

/**
 * Spreads sessions over shards by a hash: 4,096 partitions, named `0` to `4095`, which are dealt to the shards.
 *
 * @param shards The shards that the partitions are dealt to at first. This list never changes: `movePartition` brings
 *   partitions to a shard that is added later, and away from a shard that goes.
 *
 * @throws `invalid` for no shards, a shard twice, or a weight that is not above 0.
 *
 * @example
 * ```ts
 * import { memoryStore } from '@sessions/core'
 * import { hashRoute, shardedStore } from '@sessions/store-sharded'
 *
 * const store = shardedStore({
 *   shards: { north: memoryStore(), south: memoryStore() },
 *   route: hashRoute(['north', 'south']),
 * })
 * ```
 */
export function hashRoute(shards: readonly string[], options: HashRouteOptions = {}): ShardRoute {
  checkOptions<HashRouteOptions>(options, { by: ['tenant', 'session'], weights: 'object' })
  const { by = 'tenant', weights = {} } = options
  const shares = sharesOf(shards, weights, partitionCount)
  const names = [...shares.keys()]
  const places = names
    .flatMap((shard) => Array.from({ length: shares.get(shard)! }, () => shard))
    .map((shard, partition): Place => ({ partition: String(partition), shard }))
  return {
    shards: names,
    dealt: [JSON.stringify([by, [...shares]])],
    placeOf: ({ tenantId, id }) =>
      places[by === 'tenant' ? partitionNumber(tenantId) : partitionNumber(tenantId, id)],
    placesOf: (tenantId) => (by === 'tenant' ? [places[partitionNumber(tenantId)]!] : places),
    places: () => places,
  }
}
