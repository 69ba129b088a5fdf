import { hashRoute, planMoves } from '@sessions/store-sharded'

/** How load falls on shards, and what moves when shards come and go. */
export class ShardLoad {
  readonly #route
  readonly #byPartition = new Map<string, number>()
  #owners: Map<string, string>
  #total = 0

  constructor(shards: readonly string[], by: 'tenant' | 'session') {
    this.#route = hashRoute(shards, { by })
    this.#owners = new Map(this.#route.places().map(({ partition, shard }) => [partition, shard]))
  }

  count(tenantId: string, id: string): void {
    const { partition } = this.#route.placeOf({ tenantId, id })!
    this.#byPartition.set(partition, (this.#byPartition.get(partition) ?? 0) + 1)
    this.#total++
  }

  /** The part of all load that the busiest shard takes. */
  busiestShard(): number {
    const loads = new Map<string, number>()
    for (const [partition, load] of this.#byPartition) {
      const shard = this.#owners.get(partition)!
      loads.set(shard, (loads.get(shard) ?? 0) + load)
    }
    return Math.max(...loads.values()) / this.#total
  }

  busiestPartition(): number {
    return Math.max(...this.#byPartition.values()) / this.#total
  }

  /** Goes over to other shards by the fewest moves; resolves to the part of partitions, and of load, that moves. */
  change(shards: readonly string[]): { partitions: number; load: number } {
    const moves = planMoves(this.#owners, shards)
    const moved = moves.flatMap(({ partition, to }) => partition.map((name) => [name, to] as const))
    this.#owners = new Map([...this.#owners, ...moved])
    const load = moved.reduce((sum, [name]) => sum + (this.#byPartition.get(name) ?? 0), 0)
    return { partitions: moved.length / this.#owners.size, load: load / this.#total }
  }
}
