import { parseArgs } from 'node:util'
import { isStoreName, startStore, storeNames } from '../torture/backends/start-store.js'
import { type Failure, fuzz } from './run.js'

const mostToldOf = 20

const usage = `fuzz -- [--store ${storeNames.join('|')}] [--runs N] [--seed N] [--from RUN] [--json]

  --store  what keeps the sessions (default memory)
  --runs   how many runs (default 100,000 on memory, 10,000 elsewhere)
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
const name = isStoreName(values.store) ? values.store : undefined
const usualRuns = name === 'memory' ? 100_000 : 10_000
const [runs, seed, from] = [Number(values.runs ?? usualRuns), Number(values.seed), Number(values.from)]
const areNumbers = [runs, seed, from].every((each) => Number.isSafeInteger(each) && each >= 0) && runs > 0
if (values.help || name === undefined || !areNumbers) {
  console.error(usage)
  process.exit(values.help ? 0 : 2)
}

console.log(`${name}: ${runs} runs, seed ${seed}`)
const opened = await startStore(name)
let toldOf = 0
const failures = await fuzz({
  store: opened.store,
  runs,
  seed,
  from,
  onFailure: tell,
  onProgress,
})
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
await opened.close()
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
