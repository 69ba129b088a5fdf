import { copySessions } from '@sessions/core'
import {
  checkOptions,
  eachTenant,
  isSessionError,
  recordTenantsOf,
  SessionError,
  type SessionRecord,
  type SessionRef,
  type SessionStore,
  telling,
} from '@sessions/core/store'
import type { PartitionMove } from './map-body.js'
import { listDifferences, sessionsOf } from './list-differences.js'
import { MoveClaim, type WantedMove } from './move-claim.js'
import { MapView } from './map-view.js'
import type { ShardCalls } from './shard-calls.js'
import type { Place, ShardRoute } from './shard-route.js'
import { movedView, watchedStore } from './watched-store.js'

/** Which partitions move, and where to. */
export interface MovePartitionOptions {
  /** The partition, or several, which then wait together: 1,000 of them take hardly longer than one. */
  partition: string | readonly string[]
  /** The shard that they move to. */
  to: string
  /**
   * All tenants, asked for again at each look: a store lists one tenant at a time. It must name a tenant before the
   * first session of the tenant is made. Sessions of a tenant that it leaves out stay behind, where nobody finds them.
   */
  tenants: () => Iterable<string> | AsyncIterable<string>
  /**
   * Told of each step (default: nobody is told). Not waited for; what it throws is printed, and the move goes on.
   */
  onProgress?: (progress: MoveProgress) => void
  /** Ends the move between two sessions; it rejects with the signal's reason. Call it again to go on (default: none). */
  signal?: AbortSignal
}

/** How far a move is. */
export interface MoveProgress {
  /** `copying` while everybody writes, `frozen` while writes wait, `cleaning` while the old shards are emptied. */
  readonly step: 'copying' | 'frozen' | 'cleaning'
  /** Sessions and side records that this call has copied, each as often as it was. */
  readonly copied: number
}

/** What a move has come to. */
export interface MoveReport {
  /** Sessions and side records that this call has copied, each as often as it was. */
  readonly copied: number
  /** Those that were removed from the old shards. */
  readonly removed: number
}

// Few enough to be copied again while writes wait.
const fewSessions = 100
const maxLooks = 10
const maxFailedLooks = 3
const tenantsAtOnce = 8
const batchSize = 100

/** Moves partitions; see `ShardedStore`. */
export async function movePartition(
  calls: ShardCalls,
  route: ShardRoute,
  options: MovePartitionOptions,
): Promise<MoveReport> {
  checkOptions<MovePartitionOptions>(options, {
    partition: true,
    to: 'text',
    tenants: 'function',
    onProgress: 'function',
    signal: 'signal',
  })
  const { partition, to, tenants } = (options as Partial<MovePartitionOptions> | undefined) ?? {}
  for (const [path, given] of Object.entries({ partition, to, tenants })) {
    if (given === undefined) throw new SessionError('invalid', `${path} is missing`, { path })
  }
  if (typeof partition !== 'string' && !isNames(partition)) {
    throw new SessionError('invalid', 'partition must be a name, or a list of names', { path: 'partition' })
  }
  calls.storeOf(to!)
  const names = new Set(typeof partition === 'string' ? [partition] : partition)
  const places = route.places().filter((place) => names.has(place.partition))
  if (places.length === 0 || places.length < names.size) {
    throw new SessionError('invalid', 'The route has no such partition.', { path: 'partition' })
  }
  const total = { copied: 0, removed: 0 }
  for (;;) {
    const claim = await MoveClaim.take(calls.map, crypto.randomUUID(), (body) => {
      if (body.move !== undefined) checkIsPart(body.move, to!, names)
      return wantedMove(new MapView(body, 0), places, to!)
    })
    if (claim === undefined) return total
    const { copied, removed } = await new Mover(calls, route, claim, options).run()
    total.copied += copied
    total.removed += removed
  }
}

const isNames = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((name) => typeof name === 'string')

/** @throws `conflict` for a move of other partitions. */
function checkIsPart(begun: PartitionMove, to: string, names: ReadonlySet<string>): void {
  const partitions = Object.keys(begun.from)
  if (begun.to === to && partitions.every((name) => names.has(name))) return
  const list = partitions.slice(0, 20).join(', ')
  throw new SessionError('conflict', `Move these partitions to ${begun.to} first, which was begun: ${list}.`)
}

function wantedMove(view: MapView, places: readonly Place[], to: string): WantedMove | undefined {
  const from = places.map((place) => [place.partition, view.ownerOf(place)] as const)
  const elsewhere = from.filter(([, shard]) => shard !== to)
  return elsewhere.length === 0 ? undefined : { to, from: Object.fromEntries(elsewhere) }
}

class Mover {
  readonly #calls: ShardCalls
  readonly #route: ShardRoute
  readonly #claim: MoveClaim
  readonly #options: MovePartitionOptions
  readonly #onProgress: (progress: MoveProgress) => void
  readonly #from: ReadonlyMap<string, string>
  readonly #target: SessionStore
  #copied = 0
  #failedLooks = 0
  #removed = 0

  constructor(calls: ShardCalls, route: ShardRoute, claim: MoveClaim, options: MovePartitionOptions) {
    this.#calls = calls
    this.#route = route
    this.#claim = claim
    this.#options = options
    this.#onProgress = telling('onProgress', options.onProgress ?? (() => {}))
    this.#from = new Map(Object.entries(claim.move.from))
    this.#target = this.#storeOf(claim.move.to)
  }

  async run(): Promise<MoveReport> {
    try {
      return await this.#move()
    } catch (error) {
      // A call that cannot say so is waited for.
      await this.#claim.release().catch(() => {})
      throw error
    }
  }

  async #move(): Promise<MoveReport> {
    if (this.#claim.move.step !== 'cleaning') await this.#bringOver()
    this.#tell()
    await this.#claim.outwait()
    while ((await this.#emptyOld()) > 0);
    await this.#claim.finish()
    return { copied: this.#copied, removed: this.#removed }
  }

  async #bringOver(): Promise<void> {
    if (this.#claim.move.step === 'frozen') await this.#claim.thaw()
    for (let look = 1; look <= maxLooks; look++) if ((await this.#lookInUse()) <= fewSessions) break
    await this.#claim.freeze()
    try {
      this.#tell()
      await this.#claim.outwait()
      // What a look has changed the next one finds as it is, so the last look is the proof.
      for (let look = 1; (await this.#look()) > 0; look++) {
        if (look === maxLooks)
          throw new SessionError('unavailable', 'The sessions change although they are frozen.')
      }
      await this.#claim.handOver()
    } catch (error) {
      // Whoever cannot be told ends the freeze without us.
      await this.#claim.thaw().catch(() => {})
      throw error
    }
  }

  #tell(): void {
    this.#onProgress({ step: this.#claim.move.step, copied: this.#copied })
  }

  /** A look that a session which is written all the time does not fail: it is copied once it is frozen. */
  async #lookInUse(): Promise<number> {
    try {
      return await this.#look()
    } catch (error) {
      if (!isSessionError(error, 'unavailable') || ++this.#failedLooks === maxFailedLooks) throw error
      return Infinity
    }
  }

  /** Makes the new shard have what the old ones have; resolves to how many sessions differed. */
  async #look(): Promise<number> {
    let differing = 0
    await this.#eachTenant(async (tenantId) => {
      for (const shard of this.#oldShards()) differing += await this.#lookAt(tenantId, shard)
    })
    this.#tell()
    return differing
  }

  async #lookAt(tenantId: string, shard: string): Promise<number> {
    const old = movedView(this.#storeOf(shard))
    const isMeant = (record: SessionRecord) => this.#isFrom(record, shard)
    const lists = [old, this.#target].map((store) => sessionsOf(store, tenantId, isMeant))
    let count = 0
    let missing: SessionRecord[] = []
    for await (const { record, isMissing } of listDifferences(lists[0]!, lists[1]!)) {
      if (!isMissing) {
        // It may stand at another place in the other list.
        if ((await old.read(refOf(record))) !== undefined) continue
        await this.#removeFrom(this.#target, record)
      } else if (missing.push(record) === batchSize) {
        await this.#copy(old, missing)
        missing = []
      }
      count++
    }
    if (missing.length > 0) await this.#copy(old, missing)
    return count
  }

  async #copy(old: SessionStore, records: readonly SessionRecord[]): Promise<void> {
    const { signal } = this.#options
    const batch = { ...old, list: async () => ({ items: records }) }
    const report = await copySessions(batch, this.#target, {
      tenants: [records[0]!.tenantId],
      filter: () => true,
      ...(signal === undefined ? {} : { signal }),
    })
    this.#copied += report.copied
    const failure = report.failures[0]
    if (failure !== undefined) {
      const { tenantId, id, error } = failure
      throw new SessionError(error.code, `Session ${id} of ${tenantId} cannot be moved: ${error.message}`, {
        cause: error,
      })
    }
    // What the new shard has without being the owner is left over from an earlier move. The next look copies over it.
    for (const ref of report.conflicts) await this.#removeFrom(this.#target, ref)
  }

  /** Removes from the old shards what is in the new one; resolves to how many sessions were there. */
  async #emptyOld(): Promise<number> {
    let count = 0
    await this.#eachTenant(async (tenantId) => {
      for (const shard of this.#oldShards()) {
        const store = this.#storeOf(shard)
        for await (const record of sessionsOf(store, tenantId, (one) => this.#isFrom(one, shard))) {
          await this.#removeFrom(store, record)
          count++
        }
      }
    })
    this.#removed += count
    return count
  }

  /** Never removes what has changed since it was looked at: it may have come back by a later move. */
  async #removeFrom(store: SessionStore, ref: SessionRef): Promise<void> {
    const found = await store.read(refOf(ref))
    if (found === undefined) return
    const { incarnation, changes } = found.record
    await store.remove(refOf(ref), { incarnation, changes })
  }

  /** Looks at all tenants that may have sessions in the partitions, and at those of records beside them. */
  async #eachTenant(look: (tenantId: string) => Promise<void>): Promise<void> {
    const tenants = this.#tenants()
    const worker = async () => {
      for (;;) {
        this.#options.signal?.throwIfAborted()
        const next = await tenants.next()
        if (next.done === true) return
        await look(next.value)
      }
    }
    const ends = await Promise.allSettled(Array.from({ length: tenantsAtOnce }, worker))
    const failed = ends.find((end) => end.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  async *#tenants(): AsyncGenerator<string, undefined> {
    for await (const tenantId of eachTenant(this.#options.tenants())) {
      if (!this.#route.placesOf(tenantId).some(({ partition }) => this.#from.has(partition))) continue
      yield tenantId
      yield* recordTenantsOf(tenantId)
    }
  }

  /** A shard, to which no call is made once another call has taken the move over. */
  #storeOf(shard: string): SessionStore {
    return watchedStore(this.#calls.storeOf(shard), () => this.#claim.hold())
  }

  #oldShards(): Set<string> {
    return new Set(this.#from.values())
  }

  #isFrom(record: SessionRecord, shard: string): boolean {
    return this.#from.get(this.#calls.placeOf(record).partition) === shard
  }
}

const refOf = ({ tenantId, id }: SessionRef): SessionRef => ({ tenantId, id })
