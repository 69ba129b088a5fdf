import { SessionError, type SessionRef } from '@sessions/core/store'

/** A part of all sessions that is in one shard, and moves as a whole. */
export interface Place {
  /** The name of the partition: for ever the same for a session. */
  readonly partition: string
  /** The shard that the partition is in unless it was moved. */
  readonly shard: string
}

/**
 * Which sessions belong to which partition, and in which shard a partition begins. `hashRoute`, `tenantRoute`,
 * `regionRoute` and `rangeRoute` make one. A route looks at nothing but the tenant and the id.
 */
export interface ShardRoute {
  /** The names of all shards that it leads to. */
  readonly shards: readonly string[]
  /**
   * How its hashes were dealt to shards. A stored map remembers it: another way to deal would lead to shards where the
   * sessions are not.
   */
  readonly dealt: readonly string[]
  /** Where a session belongs; undefined when this route has no place for it. */
  placeOf(ref: SessionRef): Place | undefined
  /** All places where sessions of a tenant may belong; empty when this route has none for them. */
  placesOf(tenantId: string): readonly Place[]
  /** All places of this route. */
  places(): readonly Place[]
}

/** A part of another route: a shard, or a route within which the partitions have `prefix` before their names. */
export function under(prefix: string, target: string | ShardRoute): ShardRoute {
  if (typeof target === 'string') {
    const place: Place = { partition: prefix, shard: target }
    return {
      shards: [target],
      dealt: [],
      placeOf: () => place,
      placesOf: () => [place],
      places: () => [place],
    }
  }
  checkRoute(target, prefix)
  const start = `${prefix}/`
  const within = ({ partition, shard }: Place): Place => ({ partition: start + partition, shard })
  return {
    shards: target.shards,
    dealt: target.dealt.map((text) => start + text),
    placeOf: (ref) => {
      const place = target.placeOf(ref)
      return place && within(place)
    },
    placesOf: (tenantId) => target.placesOf(tenantId).map(within),
    places: () => target.places().map(within),
  }
}

/** @throws `invalid` for what leads nowhere. */
export function checkRoute(target: unknown, path: string): void {
  if (typeof (target as Partial<ShardRoute> | null | undefined)?.placesOf === 'function') return
  throw new SessionError('invalid', `${path} must be the name of a shard, or a route`, { path })
}
