import { SessionError } from '@sessions/core/store'

/** How large the shares of shards are, by their names: a shard that is not named has a share of 1. */
export type ShardWeights = Readonly<Record<string, number>>

/** How many of `total` each shard gets: by weight, and never more than one beside it. */
export function sharesOf(
  shards: readonly string[],
  weights: ShardWeights,
  total: number,
): ReadonlyMap<string, number> {
  checkShards(shards, weights)
  const weightOf = (shard: string) => weights[shard] ?? 1
  const sum = shards.reduce((all, shard) => all + weightOf(shard), 0)
  const exact = shards.map((shard) => ({ shard, share: (total * weightOf(shard)) / sum }))
  const shares = new Map(exact.map(({ shard, share }) => [shard, Math.floor(share)]))
  let rest = total - [...shares.values()].reduce((all, share) => all + share, 0)
  for (const { shard } of exact.toSorted((a, b) => (b.share % 1) - (a.share % 1))) {
    if (rest-- > 0) shares.set(shard, shares.get(shard)! + 1)
  }
  return shares
}

function checkShards(shards: readonly string[], weights: ShardWeights): void {
  const isNamed = Array.isArray(shards) && shards.every((name) => typeof name === 'string' && name !== '')
  if (!isNamed || shards.length === 0 || new Set(shards).size < shards.length) {
    throw new SessionError('invalid', 'shards must be names, each once, and at least one', { path: 'shards' })
  }
  for (const [shard, weight] of Object.entries(weights)) {
    if (shards.includes(shard) && Number.isFinite(weight) && weight > 0) continue
    const path = `weights.${shard}`
    throw new SessionError('invalid', `${path} must be a number above 0, for one of the shards`, { path })
  }
}
