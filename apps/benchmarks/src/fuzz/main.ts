import { parseArgs } from 'node:util'
import { memoryStore } from '@sessions/core'
import { startServer } from '../torture/backends/start-server.js'
import { openStore } from '../torture/backends/open-store.js'
import { type Failure, fuzz } from './run.js'

const stores = { memory: 100_000, redis: 10_000, postgres: 10_000 } as const
type StoreName = keyof typeof stores
const mostToldOf = 20

const usage = `fuzz -- [--store memory|redis|postgres] [--runs N] [--seed N] [--from RUN] [--json]

  --store  what keeps the sessions (default memory)
  --runs   how many runs (default 100,000 on memory, 10,000 on a server)
  --seed   repeats the inputs of a run (default: by chance, and printed)
  --from   the number of the first run; with --runs 1, that run alone (default 0)
  --json   the last line is {"runs":N,"failures":N}

Exits 1 when a run has failed.`

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'memory' },
    runs: { type: 'string' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    from: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const isStore = Object.hasOwn(stores, values.store)
const name = values.store as StoreName
const [runs, seed, from] = [Number(values.runs ?? stores[name]), Number(values.seed), Number(values.from)]
const isUsable =
  isStore && [runs, seed, from].every((each) => Number.isSafeInteger(each) && each >= 0) && runs > 0
if (values.help || !isUsable) {
  console.error(usage)
  process.exit(values.help ? 0 : 2)
}

console.log(`${name}: ${runs} runs, seed ${seed}`)
const server = name === 'memory' ? undefined : await startServer(name)
const opened = server === undefined ? undefined : openStore(name as 'redis' | 'postgres', server.url)
let toldOf = 0
const failures = await fuzz({
  store: opened?.store ?? memoryStore(),
  runs,
  seed,
  from,
  onFailure: tell,
  onProgress,
})
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
await opened?.close()
await server?.stop()
console.log(`${runs} runs, ${failures.length} failures`)
if (values.json) console.log(JSON.stringify({ runs, failures: failures.length }))
process.exit(failures.length === 0 ? 0 : 1)

function tell({ run, what, input }: Failure): void {
  if (++toldOf > mostToldOf) return
  console.log(
    `\nrun ${run} of seed ${seed} (--seed ${seed} --from ${run} --runs 1): ${what}\nthe smallest input: ${input}`,
  )
}

function onProgress(done: number): void {
  if (process.stderr.isTTY && done % 100 === 0) process.stderr.write(`\r${done} of ${runs} `)
}
