import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { isStoreName, storeNames } from './backends/start-store.js'
import { check } from './checker/check.js'
import type { Finding } from './checker/finding.js'
import { lanesPerWorker } from './lane/run-lanes.js'
import { emptiness, summarize, toTable } from './report.js'
import { runMemory } from './run-memory.js'
import { runFile } from './run-file.js'
import { runProcesses } from './run-processes.js'
import type { RunOptions } from './run.js'

const usage = `torture -- --store ${storeNames.join('|')} [--processes 4] [--seconds 10] [--seed N] [--no-kill] [--json]

  --store      what to torture (default memory)
  --processes  how many workers at once, of ${lanesPerWorker} callers each (default 4)
  --seconds    for how long (default 10)
  --seed       repeats the choices of a run (default: by chance, and printed)
  --no-kill    leaves the server alive; without it, it is killed and started again half-way (sqlite: a process that
               is writing to the file is)
  --store sharded has two shards and the map in one Postgres, and moves all sessions from one to the other all the time
  --store portable is Postgres by portable statements
  --store tiered has memory and a shared cache before one Redis, and reads what may be half a second old
  --json       the last line is {operations, faults, lost, doubled, resurrected, leaked, ...}

Exits 1 when anything was lost, doubled, resurrected, leaked or out of order, or when the run proves nothing.`

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'memory' },
    processes: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    'no-kill': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const [processes, seconds, seed] = [Number(values.processes), Number(values.seconds), Number(values.seed)]
const store = isStoreName(values.store) ? values.store : undefined
const areNumbers = processes >= 1 && Number.isInteger(processes) && seconds > 0 && Number.isSafeInteger(seed)
if (values.help || store === undefined || !areNumbers) {
  console.error(usage)
  process.exit(values.help ? 0 : 2)
}

const started = Date.now()
let shownAt = 0
const options: RunOptions = {
  processes,
  seconds,
  seed,
  kill: !values['no-kill'],
  onProgress(operations, faults) {
    if (!process.stderr.isTTY || Date.now() - shownAt < 200) return
    shownAt = Date.now()
    const passed = ((shownAt - started) / 1000).toFixed(1)
    process.stderr.write(`\r${passed} s  ${operations} operations  ${faults} faults `)
  },
}

console.log(`${store}: ${processes} workers of ${lanesPerWorker} callers, ${seconds} s, seed ${seed}`)
const result =
  store === 'memory'
    ? await runMemory(options)
    : store === 'sqlite'
      ? await runFile(options)
      : await runProcesses(store, options)
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
const findings: Finding[] = [
  ...check(result.operations, result.snapshots),
  ...result.mislisted.map((what): Finding => ({ fault: 'leaked', where: 'list', what })),
]
const summary = summarize({ store, seed }, result, findings)

console.log(`${toTable(result)}\n`)
for (const { fault, where, what } of findings.slice(0, 40)) console.log(`${fault}: ${where}: ${what}`)
if (findings.length > 40) console.log(`... and ${findings.length - 40} more`)
for (const session of result.unlisted) console.log(`in no list, though it is there: ${session}`)
const problem = emptiness(summary)
if (problem !== undefined) console.error(problem)
if (findings.length > 0) console.log(`what was done and what was there: ${keepEvidence()}`)
const { lost, doubled, resurrected, leaked, disordered } = summary
console.log(
  `${summary.operations} operations, ${summary.faults} faults, ${summary.messages} messages in ${summary.sessions}` +
    ` sessions at the end: ${lost} lost, ${doubled} doubled, ${resurrected} resurrected, ${leaked} leaked,` +
    ` ${disordered} out of order`,
)
if (values.json) console.log(JSON.stringify(summary))
// Exit at once: after many sockets were reset, Node may wait forever for one of them to close.
process.exit(findings.length === 0 && problem === undefined ? 0 : 1)

function keepEvidence(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sessions-torture-'))
  const ordered = [...result.operations].sort((a, b) => a.begin - b.begin)
  writeFileSync(join(folder, 'operations.jsonl'), ordered.map((one) => `${JSON.stringify(one)}\n`).join(''))
  writeFileSync(join(folder, 'sessions.json'), JSON.stringify(result.snapshots, undefined, 2))
  return folder
}
