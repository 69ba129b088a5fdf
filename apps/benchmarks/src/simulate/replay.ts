import { memoryBus, memoryStore, type SessionRef } from '@sessions/core'
import { topicCount, topicOf } from '@sessions/core/store'
import { type TieredStore, tieredStore } from '@sessions/store-tiered'
import { Random } from '../torture/random.js'
import { Tiers } from './tiers.js'
import { Zipf } from './zipf.js'

export interface ReplayOptions {
  readonly sessions: number
  readonly exponent: number
  readonly accesses: number
  readonly seed: number
  readonly processes: number
  readonly hotBytes: number
  /** Accesses a second. */
  readonly perSecond: number
  readonly maxAgeMs: number
}

/** The share of reads that memory answered, as the model says and as it was. */
export interface Replayed {
  readonly model: number
  readonly real: number
}

const newShare = 0.1
const commitShare = 0.7
// Ids of the same length: what a copy takes beside its body is then the same for all.
const idLength = 12

/**
 * The same accesses on the model of `simulate` and on the real `tieredStore`, over a memory store that all processes share,
 * and with a bus. Time is that of the load: nothing waits.
 */
export async function replay(options: ReplayOptions, balancing: 'sticky' | 'random'): Promise<Replayed> {
  const { sessions, exponent, accesses, seed, processes, hotBytes, perSecond, maxAgeMs } = options
  const random = new Random(seed)
  const ranks = new Zipf(sessions, exponent, random)
  const last = memoryStore({ maxSessions: Number.MAX_SAFE_INTEGER, maxBytes: Number.MAX_SAFE_INTEGER })
  const bus = memoryBus()
  let now = 1
  const clock = performance.now.bind(performance)
  performance.now = () => now
  try {
    const tiers = Array.from({ length: processes }, () =>
      tieredStore(last, { hot: { maxBytes: hotBytes }, bus }),
    )
    for (const tier of tiers) await listenToAll(tier)
    const beside = await bytesBeside(tiers[0]!)
    const sum = (name: 'hits' | 'misses') => tiers.reduce((all, tier) => all + tier.stats()[name], 0)
    const before = { hits: sum('hits'), misses: sum('misses') }
    const model = new Tiers({ processes, hotBytes, maxAgeMs, warmMs: 0 }, (key) => beside + lengthOf(key))
    const made = new Set<number>()
    let newest = sessions
    for (let n = 0; n < accesses; n++) {
      now += 1000 / perSecond
      const key = random.chance(newShare) ? ++newest : ranks.next()
      const process = balancing === 'sticky' ? key % processes : random.int(0, processes - 1)
      const ref = refOf(key)
      if (!made.has(key)) await last.commit(ref, { revision: 0, body: bodyOf(key) })
      made.add(key)
      const isCommit = random.chance(commitShare)
      model.access({ key, isCommit, now, process })
      if (isCommit) await tiers[process]!.commit(ref, { title: 'x' })
      else await tiers[process]!.read(ref, { maxAgeMs })
    }
    const [hits, misses] = [sum('hits') - before.hits, sum('misses') - before.misses]
    return { model: model.result().hotInTime, real: hits / (hits + misses) }
  } finally {
    performance.now = clock
  }
}

function refOf(key: number): SessionRef {
  return { tenantId: 'replay', id: String(key).padStart(idLength, '0') }
}

const longest = 'x'.repeat(80 * 400)

/** 1 to 79 messages of 400 bytes. They stand in the body: the length of texts alone counts. */
function lengthOf(key: number): number {
  return 400 * (1 + ((Math.imul(key, 0x9e3779b1) >>> 0) % 79))
}

function bodyOf(key: number): string {
  return longest.slice(0, lengthOf(key))
}

/** What a copy takes beside its body. */
async function bytesBeside(tier: TieredStore): Promise<number> {
  const ref = refOf(0)
  await tier.commit(ref, { revision: 0, body: bodyOf(0) })
  await tier.read(ref, { maxAgeMs: 1000 })
  const bytes = tier.stats().bytes - lengthOf(0)
  await tier.remove(ref)
  return bytes
}

/** What is read while a process begins to listen to a topic is not kept. */
async function listenToAll(tier: TieredStore): Promise<void> {
  const topics = new Set<number>()
  for (let n = 0; topics.size < topicCount; n++) {
    const ref = { tenantId: 'topics', id: String(n) }
    if (topics.has(topicOf(ref))) continue
    topics.add(topicOf(ref))
    await tier.read(ref, { maxAgeMs: 1000 })
  }
}
