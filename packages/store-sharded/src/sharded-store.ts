import {
  checkOptions,
  checkSessionQuery,
  checkStore,
  checkWhole,
  createListCursors,
  type Page,
  probeRef,
  SessionError,
  type SessionQuery,
  type SessionRecord,
  type SessionRef,
  type SessionStore,
  standingOver,
} from '@sessions/core/store'
import { mergedList } from './merged-list.js'
import { movePartition, type MovePartitionOptions, type MoveReport } from './move-partition.js'
import { ShardCalls, type Shard } from './shard-calls.js'
import { ShardMap } from './shard-map.js'
import type { ShardRoute } from './shard-route.js'
import { processTiming, type Timing } from './timing.js'

/** What a `shardedStore` is made of. */
export interface ShardedStoreOptions {
  /**
   * The stores, by names that never change. `'closed'` stands for a store that this process must not touch: calls for
   * its sessions are refused with `forbidden`. The stores are lent: whoever opened them closes them.
   */
  shards: Readonly<Record<string, Shard>>
  /** Which sessions belong to which shard. */
  route: ShardRoute
  /**
   * Where the map of partitions is kept: a store that loses nothing when a server of it dies (default: none, and
   * partitions cannot be moved). All processes give the same one. While it does not answer, nothing is written to any
   * shard once `leaseMs` have passed; reads go on.
   */
  home?: SessionStore
  /**
   * How long a process may write without having read the map, in milliseconds (default 5,000). It is the same in all
   * processes. A move waits for longer than this, twice.
   */
  leaseMs?: number
  /**
   * How long a write waits while its partition gets its new shard, in milliseconds (default 10,000). Then it is refused
   * with `unavailable`.
   */
  moveWaitMs?: number
}

/** Several stores as one, and what moves sessions between them. */
export interface ShardedStore extends SessionStore {
  /**
   * Moves partitions to another shard while they are in use. Until the copy is complete the old shard has the sessions,
   * then the new one; in between, writes wait for about 7 s (1.4 times `leaseMs`). What was acknowledged is never lost.
   * A move that was cut off at any point goes on when it is called again, by any process. There is one move at a time.
   *
   * @throws `invalid` without a home, for a partition or a shard that is not known, or for no tenants; `forbidden` for a
   *   closed shard; `conflict` while another move is under way; `corrupt` for a session that cannot be read, and
   *   `unavailable` for outages of either shard: the sessions then stay in the old shard.
   */
  movePartition(options: MovePartitionOptions): Promise<MoveReport>
  /**
   * Where a session is now, whether or not there is one.
   *
   * @throws `invalid` for a tenant without a shard, `unavailable` when the map cannot be read.
   */
  locate(ref: SessionRef): Promise<Location>
  /**
   * The shard that each partition of the route is in now, for `planMoves`.
   *
   * @throws `unavailable` when the map cannot be read.
   */
  partitionOwners(): Promise<Map<string, string>>
}

/** Where a session is. */
export interface Location {
  /** The partition that the session is in. */
  readonly partition: string
  /** The name of the store that has it. */
  readonly shard: string
}

const { toCursor, parseCursor } = createListCursors('sharded 1')

/**
 * Several stores as one: cells by region, by tenant, by range or by hash, which fail each on its own. A shard may be any
 * store. The store keeps the whole contract. A page of a list that needs a shard that is down is refused: it is never
 * shorter than it ought to be. `sweep` goes through all shards, and tells of one that fails when it has been through
 * the others.
 *
 * @throws `invalid` for options that it does not know, and for a route that leads to a shard that is not given.
 *
 * @example
 * ```ts
 * import { createSessions } from '@sessions/core'
 * import { postgresStore } from '@sessions/store-postgres'
 * import { hashRoute, shardedStore, tenantRoute } from '@sessions/store-sharded'
 *
 * const home = postgresStore('postgres://home/app')
 * const store = shardedStore({
 *   shards: {
 *     north: postgresStore('postgres://north/app'),
 *     south: postgresStore('postgres://south/app'),
 *     acme: postgresStore('postgres://acme/app'),
 *   },
 *   route: tenantRoute({ acme: 'acme' }, hashRoute(['north', 'south'])),
 *   home,
 * })
 * const sessions = createSessions({ store })
 * ```
 */
export function shardedStore(options: ShardedStoreOptions): ShardedStore {
  return shardedStoreBy(options, processTiming)
}

/** @throws `invalid` for what is no store, and for one that is given twice: a move would remove what it has copied. */
function checkedShards({ shards, route, home }: ShardedStoreOptions): Map<string, SessionStore | 'closed'> {
  if (!Array.isArray(route?.shards)) {
    throw new SessionError('invalid', 'route must be a route, such as hashRoute([…])', { path: 'route' })
  }
  const named = new Map(Object.entries(shards ?? {}))
  const names = new Map<SessionStore, string>()
  for (const [name, store] of named) {
    if (store === 'closed') continue
    const path = `shards.${name}`
    mustBeStore(store, path)
    const other = names.get(store)
    if (other !== undefined) {
      throw new SessionError('invalid', `${path} is the same store as shards.${other}`, { path })
    }
    names.set(store, name)
  }
  if (home !== undefined) mustBeStore(home, 'home')
  return named
}

function mustBeStore(store: SessionStore | undefined, path: string): void {
  if (typeof store?.commit === 'function') return
  throw new SessionError('invalid', `${path} must be a store`, { path })
}

/** As `shardedStore`, by a given time. */
export function shardedStoreBy(options: ShardedStoreOptions, timing: Timing): ShardedStore {
  checkOptions<ShardedStoreOptions>(options ?? null, {
    shards: 'object',
    route: 'object',
    home: 'object',
    leaseMs: 'number',
    moveWaitMs: 'number',
  })
  const { route, home, leaseMs = 5000, moveWaitMs = 10_000 } = options
  checkWhole(leaseMs, 'leaseMs', 1)
  checkWhole(moveWaitMs, 'moveWaitMs', 0)
  const shards = checkedShards(options)
  for (const name of route.shards) {
    if (shards.has(name)) continue
    throw new SessionError('invalid', `The route leads to a shard ${name} that is not given.`, {
      path: `shards.${name}`,
    })
  }
  const map = new ShardMap(home, route, leaseMs, timing)
  const calls = new ShardCalls(map, shards, route, moveWaitMs)
  // Where a limited sweep begins: a shard full of dead sessions does not keep it from the others for ever.
  let firstSwept = 0

  async function list(query: SessionQuery): Promise<Page<SessionRecord>> {
    checkSessionQuery(query)
    const { limit, cursor, after, ...filters } = query
    const start = cursor === undefined ? after && { ...after } : parseCursor(cursor)
    const places = calls.placesOf(query.tenantId)
    return calls.readAll(places, async (view) => {
      const names = [...new Set(places.map((place) => view.ownerOf(place)))]
      const listed = names.map((name) => ({
        store: calls.storeOf(name),
        // While a partition moves, two shards have its sessions.
        isOwn: (record: SessionRecord) => view.ownerOf(calls.placeOf(record)) === name,
      }))
      return mergedList(listed, filters, limit, start, toCursor)
    })
  }

  /** Whether any shard answers: the process can work for the sessions of that one, once it knows where they are. */
  async function probe(): Promise<undefined> {
    const open = [...shards.values()].filter((shard) => shard !== 'closed')
    if (open.length === 0) throw new SessionError('unavailable', 'All shards are closed to this process.')
    await map.ready()
    try {
      await Promise.any(open.map(async (shard) => shard.read(probeRef)))
      return undefined
    } catch (error) {
      throw (error as AggregateError).errors[0]
    }
  }

  const store: ShardedStore = {
    read: async ({ tenantId, id }, readOptions) => {
      const ref = { tenantId, id }
      if (tenantId === probeRef.tenantId && id === probeRef.id) return probe()
      const asked = { ...readOptions }
      return calls.read(ref, (store) => store.read(ref, asked))
    },

    commit: async ({ tenantId, id }, change) => {
      const ref = { tenantId, id }
      return calls.write(ref, change, (store, given) => store.commit(ref, given))
    },

    messages: async ({ tenantId, id }, query) => {
      const ref = { tenantId, id }
      const asked = { ...query }
      return calls.read(ref, (store) => store.messages(ref, asked))
    },

    amend: async ({ tenantId, id }, amendments, guard) => {
      const ref = { tenantId, id }
      return calls.write(ref, { amendments, guard }, (store, given) =>
        store.amend(ref, given.amendments, given.guard),
      )
    },

    trim: async ({ tenantId, id }, throughSeq, guard) => {
      const ref = { tenantId, id }
      return calls.write(ref, { guard }, (store, given) => store.trim(ref, throughSeq, given.guard))
    },

    remove: async ({ tenantId, id }, guard) => {
      const ref = { tenantId, id }
      const isRemoved = await calls.write(ref, { guard }, (store, given) => store.remove(ref, given.guard))
      await calls.removeCopy(ref)
      return isRemoved
    },

    restore: async ({ tenantId, id }, copy) => {
      const ref = { tenantId, id }
      return calls.write(ref, copy, (store, given) => store.restore(ref, given))
    },

    list,

    async sweep({ limit }) {
      checkWhole(limit, 'limit', 1)
      const open = [...shards.values()].filter((shard) => shard !== 'closed')
      const start = firstSwept++ % Math.max(1, open.length)
      const failures: unknown[] = []
      let count = 0
      for (const store of [...open.slice(start), ...open.slice(0, start)]) {
        if (count === limit) break
        try {
          count += await store.sweep({ limit: limit - count })
        } catch (error) {
          failures.push(error)
        }
      }
      if (failures.length > 0) throw failures[0]
      return count
    },

    async check(timeoutMs) {
      const names = new Map<SessionStore, string>(home === undefined ? [] : [[home, 'home']])
      for (const [name, shard] of shards) if (shard !== 'closed') names.set(shard, `shard ${name}`)
      const found = [...names].map(async ([store, name]) => {
        const findings = await checkStore(store, { timeoutMs })
        return findings.map((finding) => ({ ...finding, message: `${name}: ${finding.message}` }))
      })
      return (await Promise.all(found)).flat()
    },

    movePartition: async (move) => movePartition(calls, route, move),

    async locate(ref) {
      const { tenantId, id }: Partial<SessionRef> = ref ?? {}
      for (const [path, text] of Object.entries({ tenantId, id })) {
        if (typeof text !== 'string') throw new SessionError('invalid', `${path} must be a text`, { path })
      }
      const place = calls.placeOf(ref)
      const view = await map.newest()
      return { partition: place.partition, shard: view.ownerOf(place) }
    },

    async partitionOwners() {
      const view = await map.newest()
      return new Map(route.places().map((place) => [place.partition, view.ownerOf(place)]))
    },
  }
  return standingOver(store, [...shards.values()])
}
