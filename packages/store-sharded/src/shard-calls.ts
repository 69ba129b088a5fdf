import {
  isSessionError,
  recordKindOf,
  SessionError,
  type SessionRef,
  type SessionStore,
} from '@sessions/core/store'
import { FreezeWaits } from './freeze-waits.js'
import type { MapView } from './map-view.js'
import type { ShardMap } from './shard-map.js'
import type { Place, ShardRoute } from './shard-route.js'

/** A shard as a process knows it: a store, or `closed` for one that the process must not touch. */
export type Shard = SessionStore | 'closed'

/** Makes calls at the shard where a session is. */
export class ShardCalls {
  readonly map: ShardMap
  readonly #shards: ReadonlyMap<string, Shard>
  readonly #route: ShardRoute
  readonly #waits: FreezeWaits

  constructor(map: ShardMap, shards: ReadonlyMap<string, Shard>, route: ShardRoute, moveWaitMs: number) {
    this.map = map
    this.#shards = shards
    this.#route = route
    this.#waits = new FreezeWaits(map, moveWaitMs)
  }

  /** @throws `invalid` for a session that has no place. */
  placeOf({ tenantId, id }: SessionRef): Place {
    return this.#route.placeOf({ tenantId: ownTenant(tenantId), id }) ?? noPlace()
  }

  /** @throws `invalid` for a tenant that has no place. */
  placesOf(tenantId: string): readonly Place[] {
    const places = this.#route.placesOf(ownTenant(tenantId))
    return places.length === 0 ? noPlace() : places
  }

  /** @throws `forbidden` for a closed shard, `unavailable` for one that this process does not know. */
  storeOf(shard: string): SessionStore {
    const store = this.#shards.get(shard)
    if (store === 'closed')
      throw new SessionError('forbidden', 'The session is in a shard that is closed to this process.')
    if (store === undefined)
      throw new SessionError('unavailable', 'The session is in a shard that this process does not know.')
    return store
  }

  /** Reads where a session is. */
  async read<T>(ref: SessionRef, call: (store: SessionStore) => Promise<T>): Promise<T> {
    const place = this.placeOf(ref)
    return this.readAll([place], async (view) => call(this.storeOf(view.ownerOf(place))))
  }

  /** Reads by the map, again when one of the places was moved meanwhile. */
  async readAll<T>(places: readonly Place[], call: (view: MapView) => Promise<T>): Promise<T> {
    let view = await this.#viewOf(places)
    for (;;) {
      const answer = await settled(call(view))
      if (this.map.isLeased(view)) return answer()
      const before = view
      view = await this.#viewOf(places)
      if (places.every((place) => view.ownerOf(place) === before.ownerOf(place))) return answer()
    }
  }

  async #viewOf(places: readonly Place[]): Promise<MapView> {
    const view = this.map.leased() ?? (await this.map.toRead())
    return places.some((place) => view.isFrozen(place)) ? this.map.newest() : view
  }

  /**
   * Writes where the session is, once nobody moves it.
   *
   * @param given What the caller handed in: copied when the call has to wait.
   *
   * @throws `unknown_outcome` when the answer came so late that the session may be elsewhere by now.
   */
  async write<Given, T>(
    ref: SessionRef,
    given: Given,
    call: (store: SessionStore, given: Given) => Promise<T>,
  ): Promise<T> {
    const place = this.placeOf(ref)
    const view = this.map.leased()
    if (view !== undefined && !view.isFrozen(place)) return this.#counted(view, place, given, call)
    const kept = structuredClone(given)
    return this.#counted(await this.#waits.until(place, unitsOf(kept)), place, kept, call)
  }

  /**
   * Removes what a move has copied of a session, or left of it in the old shard, once the session is gone: the mover may be
   * dead, and nobody else would find it there. A shard that is away keeps it until the move goes on.
   */
  async removeCopy({ tenantId, id }: SessionRef): Promise<void> {
    const ref = { tenantId, id }
    const place = this.placeOf(ref)
    const view = this.map.leased()
    const from = view?.otherOf(place)
    const other = from === undefined ? undefined : this.#shards.get(from)
    if (other === undefined || other === 'closed') return
    try {
      if ((await this.storeOf(view!.ownerOf(place)).read(ref)) !== undefined) return
      const found = await other.read(ref)
      if (found === undefined || !this.map.isLeased(view!)) return
      const { incarnation, changes } = found.record
      await other.remove(ref, { incarnation, changes })
    } catch (error) {
      if (!isSessionError(error)) throw error
    }
  }

  async #counted<Given, T>(
    view: MapView,
    place: Place,
    given: Given,
    call: (store: SessionStore, given: Given) => Promise<T>,
  ): Promise<T> {
    const answer = await settled(call(this.storeOf(view.ownerOf(place)), given))
    if (this.map.isLeased(view)) return answer()
    const isStill = await this.map.isStill(view).catch(() => false)
    if (isStill) return answer()
    try {
      answer()
    } catch (error) {
      if (isSessionError(error, 'unknown_outcome') || !isSessionError(error)) throw error
      // The store has written nothing, and its reason may be that the session is elsewhere.
      throw new SessionError('unavailable', 'The session may have been moved meanwhile.', { cause: error })
    }
    throw new SessionError('unknown_outcome', 'The answer came when the session may have been moved.')
  }
}

/** The tenant of an application that a record belongs to: records that the library keeps stay beside its sessions. */
function ownTenant(tenantId: string): string {
  const kind = recordKindOf(tenantId)
  return kind === '' || kind === tenantId ? tenantId : tenantId.slice(kind.length + 1)
}

function noPlace(): never {
  throw new SessionError('invalid', 'The route has no shard for this tenant.', { path: 'tenantId' })
}

/** What a call comes to, to be told later. */
async function settled<T>(call: Promise<T>): Promise<() => T> {
  try {
    const value = await call
    return () => value
  } catch (error) {
    return () => {
      throw error
    }
  }
}

/** About how many UTF-16 units a value holds. */
function unitsOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 8
  return Object.values(value).reduce((sum: number, one) => sum + unitsOf(one), 16)
}
