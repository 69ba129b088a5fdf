import type { Coefficients, CopyCosts, StoreCosts } from './coefficients.js'

/** What a reader knows of a service: a JSON file of these is an argument of `npm run capacity`. */
export interface CapacityInputs {
  readonly sessions: number
  /** The share of sessions that are used on a day. */
  readonly activeShare: number
  readonly turnsADay: number
  /** How many times the mean the busiest minutes take. */
  readonly peak: number
  readonly messages: number
  readonly messageBytes: number
  readonly commitsATurn: number
  readonly readsATurn: number
  /** Watchers, pollers and second tabs: reads for each turn beside its own. */
  readonly viewerReadsATurn: number
  /** How many copies of the data there are: a primary and a replica are 2. */
  readonly copies: number
  /** The share of reads that copies in the memory of the processes answer. */
  readonly fromMemory: number
  /** The share of all other reads that a shared cache answers. */
  readonly fromShared: number
  /** For how many seconds the shared cache keeps a session that nobody reads. */
  readonly sharedSeconds: number
}

export const usualInputs: CapacityInputs = {
  sessions: 1e6,
  activeShare: 0.05,
  turnsADay: 6,
  peak: 5,
  messages: 40,
  messageBytes: 400,
  commitsATurn: 3,
  readsATurn: 1,
  viewerReadsATurn: 1,
  copies: 2,
  // As `npm run simulate` finds for Zipf 1: each user's requests go to one process, or to any.
  fromMemory: 0.3,
  fromShared: 0.1,
  sharedSeconds: 30,
}

/** What a service of that size needs. */
export interface CapacitySums {
  readonly turnsPerSecond: number
  readonly commitsPerSecond: number
  readonly readsPerSecond: number
  readonly clientCores: number
  readonly stores: Readonly<Record<'redis' | 'postgres', StoreSums>>
  /** Postgres behind copies in memory, and behind a shared cache alone. */
  readonly memory: TierSums
  readonly shared: TierSums
  /** Cells of 50 million sessions. */
  readonly cells: number
}

export interface StoreSums {
  readonly bytes: number
  readonly serverCores: number
  readonly logBytesPerSecond: number
}

export interface TierSums {
  /** Of the copies, in all processes or in the cache. */
  readonly bytes: number
  /** Of Postgres, and of the cache. */
  readonly serverCores: number
  readonly cacheCores: number
  readonly clientCores: number
}

// A processor that is busier than this answers late.
const busy = 0.6
const sessionsOfCell = 50e6

export function toSums(inputs: CapacityInputs, { stores, copies }: Coefficients): CapacitySums {
  const { sessions, activeShare, turnsADay, peak, commitsATurn, readsATurn, viewerReadsATurn } = inputs
  const turnsPerSecond = (sessions * activeShare * turnsADay * peak) / 86_400
  const commitsPerSecond = turnsPerSecond * commitsATurn
  const readsPerSecond = turnsPerSecond * (readsATurn + viewerReadsATurn)
  const cores = (commitUs: number, readUs: number) =>
    (commitsPerSecond * commitUs + readsPerSecond * readUs) / 1e6 / busy
  const sumsOf = (costs: StoreCosts): StoreSums => ({
    bytes: inputs.copies * sessions * sessionBytes(inputs, costs),
    serverCores: cores(costs.commitServerUs, costs.readServerUs),
    logBytesPerSecond: commitsPerSecond * costs.logBytes,
  })
  const tierOf = (costs: CopyCosts, share: number, bytes: number): TierSums => {
    const { postgres } = stores
    const answered = (copyUs: number, storeUs: number) => share * copyUs + (1 - share) * storeUs
    return {
      bytes,
      serverCores: cores(postgres.commitServerUs, answered(0, postgres.readServerUs)),
      cacheCores: cores(costs.commitServerUs, costs.readServerUs),
      clientCores: cores(
        postgres.commitClientUs + costs.commitClientUs,
        answered(0, postgres.readClientUs) + costs.readClientUs,
      ),
    }
  }
  const { memory, shared } = copies
  const copyOf = (costs: CopyCosts) => sessionBytes(inputs, costs)
  // No more sessions than have a turn while the cache keeps them.
  const lively = Math.min(sessions * activeShare, turnsPerSecond * inputs.sharedSeconds)
  return {
    memory: tierOf(memory, inputs.fromMemory, sessions * activeShare * copyOf(memory)),
    shared: tierOf(shared, inputs.fromShared, lively * copyOf(shared)),
    turnsPerSecond,
    commitsPerSecond,
    readsPerSecond,
    clientCores: cores(stores.postgres.commitClientUs, stores.postgres.readClientUs),
    stores: { redis: sumsOf(stores.redis), postgres: sumsOf(stores.postgres) },
    cells: Math.ceil(sessions / sessionsOfCell),
  }
}

// From about here on Postgres compresses what it stores.
const longMessage = 2000

/** Bytes of one session with its messages, once. */
export function sessionBytes(
  { messages, messageBytes }: CapacityInputs,
  costs: StoreCosts | CopyCosts,
): number {
  const isLong = 'longTextFactor' in costs && messageBytes >= longMessage
  const factor = isLong ? costs.longTextFactor : costs.textFactor
  return costs.sessionBytes + messages * (costs.messageBytes + factor * messageBytes)
}
