import type { Coefficients } from './coefficients.js'
import { type CapacityInputs, sessionBytes, toSums, usualInputs } from './sums.js'

const sizes = [1e6, 1e8, 1e10]

/** docs/capacity.md, from what was measured. */
export function capacityPage(coefficients: Coefficients): string {
  return `# How much it takes

Sums for a million, a hundred million and ten thousand million sessions. This page is made from
[\`apps/benchmarks/capacity.json\`](../apps/benchmarks/capacity.json), which \`npm run capacity -- --measure\` writes. No
number of it was typed by hand. For a service of yours, write a file of inputs and run
\`npm run capacity -- --inputs FILE\`. [scaling.md](scaling.md) says which store fits which size.

Measured on ${coefficients.measuredOn}, ${coefficients.machine}. Another machine gives other times; bytes stay about the same.

## What was measured

${coefficientTable(coefficients)}

Bytes of Postgres are those of tables and indexes just written anew (\`VACUUM FULL\`). The text is English, from the pages of
this folder, in messages of 100, 400 and 4,000 bytes. Postgres compresses rows of more than 2,000 bytes, and what that saves
depends on the text: base64 and random letters save nothing. Redis compresses nothing.

Times are of the processor, not of the clock: waiting for a disk or the network is not in them. A commit appends one message
of 400 bytes and moves the deadline, from 16 callers at once in one process; a read brings the 20 newest messages. Bytes differ
by some hundredths from one run to the next, times by a fifth, and by more while the machine is busy.

Copies answer reads that may be old ([scaling.md](scaling.md)): in the memory of each process (\`tieredStore\`), or in a cache
that the processes share (\`redisCache\`).

${copiesTable(coefficients)}

## The sums

${sumsTable(coefficients)}

The inputs, for each of the three sizes:

${inputsTable()}

* **Bytes**: sessions × (session + messages × (message + text)) × copies. In Postgres plan half as much again, for dead rows and
  for the room that pages and indexes leave free.
* **Commits and reads**: sessions × active share × turns a day × peak ÷ 86,400, times what a turn takes.
* **Cores**: calls × microseconds ÷ 0.6, for a processor that is busier than that answers late.
* **Log**: commits × bytes that a commit adds to the log of Postgres (WAL), which goes to disks, replicas and backups.
* **Connections**: processes × \`max\` of their pools; a pooler from some hundred on.
* **Bus**: at most commits × 100 bytes × processes, and processes² × 100 messages a second. So cells do not share a bus.
* **Copies**: \`npm run simulate\` says which share of reads they answer. In memory: all sessions of a day, in all processes
  together. In a shared cache: the sessions that had a turn in the last \`sharedSeconds\`; each commit tells the cache, so it
  pays for few writes and many readers (\`npm run bench:warm\`).

## What comes first

| sessions | what is short first |
|---|---|
| 1 million | nothing: any machine |
| 100 million | bytes in Redis: use Postgres, with partitions. Then connections, vacuum, and the list of one very large tenant |
| 10,000 million | the price of the bytes: cells, and old sessions out of the database. Then whatever all cells share |
`
}

function coefficientTable({ stores: { redis, postgres } }: Coefficients): string {
  const rows: [string, number, number, string][] = [
    ['a session without messages', redis.sessionBytes, postgres.sessionBytes, 'bytes'],
    ['a message beside its text', redis.messageBytes, postgres.messageBytes, 'bytes'],
    ['a byte of text', redis.textFactor, postgres.textFactor, 'bytes'],
    ['a byte of text, in messages of 4,000 bytes', redis.longTextFactor, postgres.longTextFactor, 'bytes'],
    ['a commit, at the server', redis.commitServerUs, postgres.commitServerUs, 'µs'],
    ['a commit, at the application', redis.commitClientUs, postgres.commitClientUs, 'µs'],
    ['a read, at the server', redis.readServerUs, postgres.readServerUs, 'µs'],
    ['a read, at the application', redis.readClientUs, postgres.readClientUs, 'µs'],
    ['log of a commit', redis.logBytes, postgres.logBytes, 'bytes'],
  ]
  return measuredTable(['Redis', 'Postgres'], rows)
}

function copiesTable({ copies: { memory, shared } }: Coefficients): string {
  const rows: [string, number, number, string][] = [
    ['a copy without messages', memory.sessionBytes, shared.sessionBytes, 'bytes'],
    ['a message of it beside its text', memory.messageBytes, shared.messageBytes, 'bytes'],
    ['a byte of text', memory.textFactor, shared.textFactor, 'bytes'],
    ['a read, at the cache', memory.readServerUs, shared.readServerUs, 'µs'],
    ['a read, at the application', memory.readClientUs, shared.readClientUs, 'µs'],
    ['a commit takes more, at the cache', memory.commitServerUs, shared.commitServerUs, 'µs'],
    ['a commit takes more, at the application', memory.commitClientUs, shared.commitClientUs, 'µs'],
  ]
  return measuredTable(['In memory', 'In a shared cache'], rows)
}

function measuredTable(
  names: readonly [string, string],
  rows: readonly (readonly [string, number, number, string])[],
): string {
  return table(
    ['', ...names],
    rows.map(([name, one, other, unit]) => [name, `${short(one)} ${unit}`, `${short(other)} ${unit}`]),
  )
}

export function sumsTable(
  coefficients: Coefficients,
  inputs: readonly CapacityInputs[] = sizes.map(usualOf),
): string {
  const sums = inputs.map((one) => toSums(one, coefficients))
  const { redis, postgres } = coefficients.stores
  const row = (name: string, of: (sum: (typeof sums)[number]) => string) => [name, ...sums.map(of)]
  return table(
    ['', ...inputs.map(({ sessions }) => `${short(sessions)} sessions`)],
    [
      ['a session in Redis', ...inputs.map((one) => bytes(sessionBytes(one, redis)))],
      ['a session in Postgres', ...inputs.map((one) => bytes(sessionBytes(one, postgres)))],
      row('all of it in Redis (memory)', ({ stores }) => bytes(stores.redis.bytes)),
      row('all of it in Postgres (disk)', ({ stores }) => bytes(stores.postgres.bytes)),
      row('turns a second, at the peak', ({ turnsPerSecond }) => short(turnsPerSecond)),
      row('commits a second', ({ commitsPerSecond }) => short(commitsPerSecond)),
      row('reads a second', ({ readsPerSecond }) => short(readsPerSecond)),
      row('cores of Redis', ({ stores }) => cores(stores.redis.serverCores)),
      row('cores of Postgres', ({ stores }) => cores(stores.postgres.serverCores)),
      row('cores of the application, for its store', ({ clientCores }) => cores(clientCores)),
      row('log of Postgres a second', ({ stores }) => bytes(stores.postgres.logBytesPerSecond)),
      row('copies in memory: all processes', ({ memory }) => bytes(memory.bytes)),
      row('cores of Postgres behind them', ({ memory }) => cores(memory.serverCores)),
      row('cores of the application with them', ({ memory }) => cores(memory.clientCores)),
      row('copies in a shared cache', ({ shared }) => bytes(shared.bytes)),
      row('cores of Postgres behind it', ({ shared }) => cores(shared.serverCores)),
      row('cores of the cache', ({ shared }) => cores(shared.cacheCores)),
      row('cells of 50 million sessions', ({ cells }) => short(cells)),
    ],
  )
}

function inputsTable(): string {
  const { sessions: _, ...inputs } = usualInputs
  return table(
    ['input', 'value'],
    Object.entries(inputs).map(([name, value]) => [`\`${name}\``, String(value)]),
  )
}

const usualOf = (sessions: number): CapacityInputs => ({ ...usualInputs, sessions })

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

const cores = (count: number): string => short(Math.max(1, Math.ceil(count)))

function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  let unit = 0
  for (; count >= 1000 && unit < units.length - 1; unit++) count /= 1000
  return `${short(count)} ${units[unit]}`
}

/** Two digits: more than that was not measured. */
function short(value: number): string {
  return Number(value.toPrecision(2)).toLocaleString('en')
}
