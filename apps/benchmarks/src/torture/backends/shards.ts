import { setTimeout as sleep } from 'node:timers/promises'
import { isSessionError, type SessionStore } from '@sessions/core'
import { hashRoute, type ShardedStore, shardedStore } from '@sessions/store-sharded'
import { attic, tenants } from '../lane/lane.js'
import type { Struck } from './chaos.js'

/** Two shards, and the home of their map: as prefixes of tables in one database. */
export const shardNames = ['north_', 'south_', 'home_'] as const

// So short that a run sees several moves.
const leaseMs = 1000
const partitions = Array.from({ length: 4096 }, (_, n) => String(n))

/** Sessions spread over two shards of a database. */
export function overShards(open: (tablePrefix: string) => SessionStore): ShardedStore {
  const [north, south, home] = shardNames.map(open)
  const route = hashRoute(['north', 'south'], { by: 'session' })
  return shardedStore({ shards: { north: north!, south: south! }, route, home: home!, leaseMs })
}

/** Moves all sessions from one shard to the other one and back, until the run is over; says how often. */
export async function keepMoving(store: ShardedStore, isOver: () => boolean): Promise<Struck> {
  let moves = 0
  while (!isOver()) {
    try {
      const to = moves % 2 === 0 ? 'north' : 'south'
      // A move leaves behind what it is not told of.
      await store.movePartition({ partition: partitions, to, tenants: () => [...tenants, attic] })
      moves++
    } catch (error) {
      // Servers fail here. The same call again goes on.
      if (!isSessionError(error)) throw error
      await sleep(100)
    }
  }
  return { move: moves }
}
