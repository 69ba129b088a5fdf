import { SessionError } from '@sessions/core/store'
import { checkRoute, type ShardRoute, under } from './shard-route.js'

/** Where a part of a table leads: to a shard, by its name, or to a route over several shards. */
export type RouteTarget = string | ShardRoute

/** Tenants from `from` on, up to the next range. */
export interface TenantRange {
  /** The first tenant of the range, as JavaScript compares texts; empty for the very first one. */
  readonly from: string
  /** Where they go. */
  readonly to: RouteTarget
}

/**
 * Sends each tenant of a table to a shard of its own choice: big customers in cells of their own. The partition of a
 * tenant is named `tenant:<tenant>`, with `encodeURIComponent`.
 *
 * @param fallback Where all other tenants go (default: nowhere; their sessions are refused with `invalid`).
 *
 * @throws `invalid` for a tenant that holds half a character.
 */
export function tenantRoute(
  tenants: Readonly<Record<string, RouteTarget>>,
  fallback?: RouteTarget,
): ShardRoute {
  const own = branchesOf('tenant', tenants)
  if (fallback !== undefined && typeof fallback !== 'string') checkRoute(fallback, 'fallback')
  const others = typeof fallback === 'string' ? under('others', fallback) : fallback
  const branches = [...own.values(), ...(others === undefined ? [] : [others])]
  return routeBy(branches, (tenantId) => own.get(tenantId) ?? others)
}

/**
 * Sends each tenant to the shard of its region: residency. A process that must not touch a region has `'closed'` in
 * place of its store. The partition of a region is named `region:<region>`, with `encodeURIComponent`.
 *
 * @param regionOf The region of a tenant, always the same one; undefined for a tenant without a region, whose sessions
 *   are refused with `invalid`. It runs at each call, and so must be quick.
 *
 * @throws `invalid` for a region that holds half a character.
 */
export function regionRoute(
  regionOf: (tenantId: string) => string | undefined,
  regions: Readonly<Record<string, RouteTarget>>,
): ShardRoute {
  if (typeof regionOf !== 'function') {
    throw new SessionError('invalid', 'regionOf must be a function', { path: 'regionOf' })
  }
  const own = branchesOf('region', regions)
  return routeBy([...own.values()], (tenantId) => {
    const region = regionOf(tenantId)
    return region === undefined ? undefined : own.get(region)
  })
}

/**
 * Sends tenants to shards by ranges of their names, as JavaScript compares texts. The partition of a range is named
 * `from:<first tenant>`, with `encodeURIComponent`. Ranges of ids of sessions would be a hash with a worse name, for
 * those ids are random.
 *
 * @throws `invalid` for no range, for two that begin alike, and for one that begins with half a character.
 */
export function rangeRoute(ranges: readonly TenantRange[]): ShardRoute {
  if (!Array.isArray(ranges)) throw new SessionError('invalid', 'ranges must be a list', { path: 'ranges' })
  const sorted = ranges.toSorted((a, b) => (a.from < b.from ? -1 : 1))
  const own = branchesOf('from', Object.fromEntries(sorted.map(({ from, to }) => [from, to])))
  if (own.size === 0 || own.size < sorted.length) {
    throw new SessionError('invalid', 'ranges must be one or more, and begin with different tenants', {
      path: 'ranges',
    })
  }
  return routeBy([...own.values()], (tenantId) => {
    const range = sorted.findLast(({ from }) => from <= tenantId)
    return range && own.get(range.from)
  })
}

function branchesOf(kind: string, table: Readonly<Record<string, RouteTarget>>): Map<string, ShardRoute> {
  if (typeof table !== 'object' || table === null) {
    throw new SessionError('invalid', `the table of ${kind}s must be an object`, { path: `${kind}s` })
  }
  return new Map(
    Object.entries(table).map(([name, target]) => [name, under(`${kind}:${encoded(name, kind)}`, target)]),
  )
}

/** Without a slash, so that no name of a partition means two. */
function encoded(name: string, path: string): string {
  try {
    return encodeURIComponent(name)
  } catch (cause) {
    throw new SessionError('invalid', `${path} holds half a character`, { path, cause })
  }
}

/** A route that asks one of its branches. */
function routeBy(
  branches: readonly ShardRoute[],
  branchOf: (tenantId: string) => ShardRoute | undefined,
): ShardRoute {
  return {
    shards: [...new Set(branches.flatMap(({ shards }) => shards))],
    dealt: branches.flatMap(({ dealt }) => dealt),
    placeOf: (ref) => branchOf(ref.tenantId)?.placeOf(ref),
    placesOf: (tenantId) => branchOf(tenantId)?.placesOf(tenantId) ?? [],
    places: () => branches.flatMap((branch) => branch.places()),
  }
}
