/**
 * Several stores as one: cells by region, tenant or hash, and partitions that move while they are used.
 *
 * @packageDocumentation
 */
export type { ShardWeights } from './deal.js'
export { hashRoute, type HashRouteOptions } from './hash-route.js'
export type { MovePartitionOptions, MoveProgress, MoveReport } from './move-partition.js'
export { planMoves, type PlannedMove } from './plan-moves.js'
export type { Shard } from './shard-calls.js'
export type { Place, ShardRoute } from './shard-route.js'
export { type Location, type ShardedStore, shardedStore, type ShardedStoreOptions } from './sharded-store.js'
export { rangeRoute, regionRoute, type RouteTarget, type TenantRange, tenantRoute } from './table-routes.js'
