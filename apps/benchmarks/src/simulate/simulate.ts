import { Random } from '../torture/random.js'
import { ShardLoad } from './cluster.js'
import { type Balancing, Tiers } from './tiers.js'
import { Zipf } from './zipf.js'

export interface SimulationOptions {
  readonly sessions: number
  readonly tenants: number
  /** How uneven the use of sessions and of tenants is: 0 is even, 1 is usual. */
  readonly exponent: number
  readonly accesses: number
  readonly seed: number
  readonly processes: number
  /** How much memory each process has for copies of sessions. */
  readonly hotBytes: number
  /** Accesses a second, on average over the day. */
  readonly perSecond: number
  /** How long an entry of the shared cache lives. */
  readonly warmMs: number
  /** Up to which age a read takes a copy. */
  readonly maxAgeMs: number
}

export interface SimulationResult {
  readonly sticky: Balancing
  readonly random: Balancing
  readonly byTenant: Spread
  readonly bySession: Spread
}

export interface Spread {
  readonly busiestShard: number
  readonly busiestPartition: number
  readonly added: { readonly partitions: number; readonly load: number }
  readonly busiestAfter: number
  readonly removed: { readonly partitions: number; readonly load: number }
}

const shards = ['s1', 's2', 's3', 's4', 's5', 's6', 's7', 's8']
const newShare = 0.1
const commitShare = 0.7
const hours = 24

/** One day of load on sessions that are never made: only ranks, caches and counts. */
export function simulate(options: SimulationOptions): SimulationResult {
  const { sessions, tenants, exponent, accesses, seed, processes } = options
  const random = new Random(seed)
  const ranks = new Zipf(sessions, exponent, random)
  const owners = tenantsByHash(tenants, exponent)
  const tiers = { sticky: new Tiers(options, bytesOf), random: new Tiers(options, bytesOf) }
  const loads = { byTenant: new ShardLoad(shards, 'tenant'), bySession: new ShardLoad(shards, 'session') }
  // Ids beyond all ranks: sessions that were begun today.
  let newest = sessions
  for (let hour = 0; hour < hours; hour++) {
    // Fewest at night, most in the afternoon; the same number is looked at of each hour, closer together at noon.
    const rate = options.perSecond * (1 + 0.8 * Math.sin((2 * Math.PI * (hour - 9)) / hours))
    const gapMs = 1000 / rate
    let now = hour * 3_600_000
    for (let n = 0; n < accesses / hours; n++, now += gapMs) {
      const key = random.chance(newShare) ? ++newest : ranks.next()
      const isCommit = random.chance(commitShare)
      tiers.sticky.access({ key, isCommit, now, process: key % processes })
      tiers.random.access({ key, isCommit, now, process: random.int(0, processes - 1) })
      const tenantId = `tenant-${owners(key)}`
      loads.byTenant.count(tenantId, '')
      loads.bySession.count(tenantId, `session-${key}`)
    }
  }
  return {
    sticky: tiers.sticky.result(),
    random: tiers.random.result(),
    byTenant: spreadOf(loads.byTenant),
    bySession: spreadOf(loads.bySession),
  }
}

function spreadOf(load: ShardLoad): Spread {
  const before = { busiestShard: load.busiestShard(), busiestPartition: load.busiestPartition() }
  const added = load.change([...shards, 's9'])
  const busiestAfter = load.busiestShard()
  return { ...before, added, busiestAfter, removed: load.change(shards) }
}

/** How large a session is in memory: 1 to 79 messages of 400 bytes. */
export function bytesOf(key: number): number {
  return 1000 + 400 * (1 + ((Math.imul(key, 0x9e3779b1) >>> 0) % 79))
}

/** The tenant of a session, by its number alone: large tenants have many sessions. */
function tenantsByHash(count: number, exponent: number): (key: number) => number {
  const sums = new Float64Array(count)
  let sum = 0
  for (let n = 0; n < count; n++) sums[n] = sum += (n + 1) ** -exponent
  return (key) => {
    const place = new Random(key).next() * sum
    let [low, high] = [0, count - 1]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (sums[middle]! < place) low = middle + 1
      else high = middle
    }
    return low
  }
}
