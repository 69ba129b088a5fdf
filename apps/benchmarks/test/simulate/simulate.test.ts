import { describe, expect, it } from 'vitest'
import { bytesOf, simulate } from '../../src/simulate/simulate.js'
import { cheHitRate, Lru } from '../../src/simulate/lru.js'
import { replay } from '../../src/simulate/replay.js'
import { Zipf } from '../../src/simulate/zipf.js'
import { Random } from '../../src/torture/random.js'

const weightsOf = (count: number, exponent: number) =>
  Array.from({ length: count }, (_, index) => (index + 1) ** -exponent)

describe('Zipf', () => {
  it.each([0.8, 1, 1.2])('draws ranks by their weights, exponent %d', (exponent) => {
    const [count, draws] = [1000, 200_000]
    const zipf = new Zipf(count, exponent, new Random(7))
    const counts = new Float64Array(count)
    for (let n = 0; n < draws; n++) counts[zipf.next() - 1]!++
    const weights = weightsOf(count, exponent)
    const sum = weights.reduce((all, weight) => all + weight, 0)
    // Whole parts of the ranks, within five standard deviations each.
    for (const [from, to] of [
      [0, 1],
      [1, 2],
      [2, 10],
      [10, 100],
      [100, 1000],
    ] as const) {
      const share = weights.slice(from, to).reduce((all, weight) => all + weight, 0) / sum
      const found = counts.slice(from, to).reduce((all, one) => all + one, 0) / draws
      expect(Math.abs(found - share)).toBeLessThan(5 * Math.sqrt((share * (1 - share)) / draws))
    }
  })

  it('draws ranks of 100 million from the first to the last', () => {
    const zipf = new Zipf(1e8, 0.8, new Random(7))
    const ranks = Array.from({ length: 20_000 }, () => zipf.next())
    expect(Math.min(...ranks)).toBeLessThan(10)
    expect(Math.max(...ranks)).toBeGreaterThan(9.9e7)
    expect(Math.max(...ranks)).toBeLessThanOrEqual(1e8)
    expect(ranks.every((rank) => Number.isInteger(rank) && rank >= 1)).toBe(true)
  })
})

describe('Lru', () => {
  it.each([
    [0.8, 0.05],
    [1, 0.1],
    [1.2, 0.3],
  ])(
    'answers what Che’s approximation says within 2 points: exponent %d, %d of all bytes',
    (exponent, part) => {
      const count = 5000
      const zipf = new Zipf(count, exponent, new Random(11))
      const all = Array.from({ length: count }, (_, index) => bytesOf(index + 1)).reduce(
        (sum, bytes) => sum + bytes,
        0,
      )
      const cache = new Lru(all * part)
      let [hits, asked] = [0, 0]
      for (let n = 0; n < 300_000; n++) {
        const key = zipf.next()
        const isHit = cache.use(key) !== undefined
        if (!isHit) cache.put(key, bytesOf(key), n)
        // The cache has to fill first.
        if (n < 60_000) continue
        asked++
        if (isHit) hits++
      }
      const expected = cheHitRate(weightsOf(count, exponent), (key) => bytesOf(key + 1), all * part)
      expect(Math.abs(hits / asked - expected)).toBeLessThan(0.02)
    },
  )

  it('holds no more than its bytes, and drops the least recently used', () => {
    const cache = new Lru(10)
    for (const key of [1, 2, 3]) cache.put(key, 3, key)
    expect(cache.use(1)).toBe(1)
    cache.put(4, 3, 4)
    expect([1, 2, 3, 4].map((key) => cache.use(key))).toEqual([1, undefined, 3, 4])
    cache.put(5, 11, 5)
    expect(cache.size).toBe(0)
  })
})

describe('simulate', () => {
  const options = {
    sessions: 1e8,
    tenants: 1000,
    exponent: 1,
    accesses: 20_000,
    seed: 3,
    processes: 4,
    hotBytes: 50_000_000,
    perSecond: 1000,
    warmMs: 30_000,
    maxAgeMs: 5000,
  }

  it('gives the same for the same seed, and something else for another', () => {
    const result = simulate(options)
    expect(simulate(options)).toEqual(result)
    expect(simulate({ ...options, seed: 4 })).not.toEqual(result)
  })

  it('moves a ninth of the partitions to a ninth shard, and back', () => {
    const { byTenant, bySession } = simulate(options)
    for (const { added, removed } of [byTenant, bySession]) {
      expect(added.partitions).toBe(455 / 4096)
      expect(removed.partitions).toBe(455 / 4096)
    }
    expect(bySession.busiestShard).toBeLessThan(byTenant.busiestShard)
  })

  it('serves more from copies where a session stays with its process, and nothing that is too old', () => {
    const { sticky, random } = simulate(options)
    expect(sticky.hot).toBeGreaterThan(random.hot)
    expect(sticky.ageMs.most).toBeLessThanOrEqual(options.maxAgeMs)
    expect(sticky.hotInTime).toBeLessThanOrEqual(sticky.hot)
  })
})

describe('replay', () => {
  it.each(['sticky', 'random'] as const)(
    'the real tieredStore answers as many reads from memory as the model says, within a point: %s',
    async (balancing) => {
      const options = { sessions: 2000, exponent: 1, accesses: 8000, seed: 5, processes: 3, perSecond: 1000 }
      const { model, real } = await replay({ ...options, hotBytes: 4_000_000, maxAgeMs: 5000 }, balancing)
      expect(Math.abs(model - real)).toBeLessThan(0.01)
      expect(real).toBeGreaterThan(0.05)
      expect(real).toBeLessThan(0.95)
    },
  )
})
