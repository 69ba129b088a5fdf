import { parseArgs } from 'node:util'
import { replay } from './replay.js'
import { simulate, type SimulationOptions, type SimulationResult } from './simulate.js'

const usage = `simulate -- [--sessions 100000000] [--accesses 600000] [--seed 1] [--processes 8] [--hot-mb 256] [--replay N] [--json]

  --sessions   how many there are; none of them is made (default 100,000,000)
  --accesses   how many are looked at for each skew, spread over a day (default 600,000)
  --seed       the same seed gives the same numbers (default 1)
  --processes  how many processes keep copies of sessions (default 8)
  --hot-mb     how many MB of copies each of them keeps (default 256)
  --replay     instead: so many accesses to 200,000 sessions, on the model and on the real tieredStore, with 64 MB of copies
               in each process; exits 1 when their hit rates differ by more than a point
  --json       the last line is {"runs": [{exponent, ...}]}, or {"replays": [{balancing, model, real}]}`

const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '100000000' },
    accesses: { type: 'string', default: '600000' },
    seed: { type: 'string', default: '1' },
    processes: { type: 'string', default: '8' },
    'hot-mb': { type: 'string', default: '256' },
    replay: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const [sessions, accesses, seed, processes, megabytes] = (
  ['sessions', 'accesses', 'seed', 'processes', 'hot-mb'] as const
).map((name) => Number(values[name])) as [number, number, number, number, number]
const replayed = values.replay === undefined ? undefined : Number(values.replay)
const areCounts = [sessions, accesses, processes, megabytes, replayed ?? 1].every(
  (count) => Number.isSafeInteger(count) && count > 0,
)
if (values.help || !areCounts || !Number.isSafeInteger(seed)) {
  console.error(usage)
  process.exit(values.help ? 0 : 2)
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
if (replayed !== undefined) {
  const load = { sessions: 200_000, exponent: 1, seed, processes, hotBytes: 64_000_000, perSecond: 5000 }
  const replays = []
  for (const balancing of ['sticky', 'random'] as const) {
    const rates = await replay({ ...load, accesses: replayed, maxAgeMs: 5000 }, balancing)
    console.log(
      `${balancing.padEnd(6)} processes  reads from a copy in time: ${percent(rates.model)} of the model, ${percent(rates.real)} of tieredStore`,
    )
    replays.push({ balancing, ...rates })
  }
  if (values.json) console.log(JSON.stringify({ replays }))
  process.exit(replays.every(({ model, real }) => Math.abs(model - real) <= 0.01) ? 0 : 1)
}
const fixed = {
  sessions,
  tenants: 10_000,
  accesses,
  seed,
  processes,
  hotBytes: megabytes * 1_000_000,
  perSecond: 5000,
  warmMs: 30_000,
  maxAgeMs: 5000,
} satisfies Omit<SimulationOptions, 'exponent'>
console.log(
  `${sessions.toLocaleString('en')} sessions of ${fixed.tenants.toLocaleString('en')} tenants, ${fixed.perSecond.toLocaleString('en')} accesses a second (7 of 10 are commits, 1 of 10 to a new session),\n` +
    `8 shards, ${processes} processes with ${megabytes} MB of copies each, a shared cache of ${fixed.warmMs / 1000} s, reads that may be ${fixed.maxAgeMs / 1000} s old`,
)
const runs = [0.8, 1, 1.2].map((exponent) => {
  const result = simulate({ ...fixed, exponent })
  print(exponent, result)
  return { exponent, ...result }
})
if (values.json) console.log(JSON.stringify({ runs }))

function print(exponent: number, { sticky, random, byTenant, bySession }: SimulationResult): void {
  console.log(`\nZipf ${exponent}`)
  for (const [name, spread] of Object.entries({ 'by tenant ': byTenant, 'by session': bySession })) {
    console.log(
      `  hash ${name}  busiest shard ${percent(spread.busiestShard)} (even: ${percent(1 / 8)}), busiest partition ${percent(spread.busiestPartition)};` +
        ` a ninth shard moves ${percent(spread.added.partitions)} of partitions, ${percent(spread.added.load)} of load, busiest then ${percent(spread.busiestAfter)}`,
    )
  }
  for (const [name, tiers] of Object.entries({ sticky, random })) {
    console.log(
      `  ${name.padEnd(6)} processes  reads from a copy: ${percent(tiers.hot)} of any age, ${percent(tiers.hotInTime)} in time (age ${tiers.ageMs.median.toFixed(0)} ms in the median);` +
        ` of the others ${percent(tiers.warm)} from the shared cache`,
    )
  }
}
