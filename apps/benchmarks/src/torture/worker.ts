// One process of a torture run. Its arguments say what to do, and it writes a log of its operations into a file.
import { appendFileSync } from 'node:fs'
import { faultyStore } from './backends/faulty-store.js'
import { openFile, openStore, type ServerKind } from './backends/open-store.js'
import { runLanes } from './lane/run-lanes.js'
import type { Operation } from './operation.js'
import { Random } from './random.js'

/** What a worker tells while it works. */
export interface Progress {
  readonly operations: number
  /** How often each fault of its own struck; those of a network are not its own. */
  readonly struck: Readonly<Record<string, number>>
}

export interface WorkerOrder {
  readonly kind: ServerKind | 'sqlite'
  /** Of the server, or the path of the file. */
  readonly url: string
  readonly worker: number
  readonly seed: number
  readonly seconds: number
  readonly logFile: string
}

const order = JSON.parse(process.argv[2]!) as WorkerOrder
const flushEvery = 200

let lines: string[] = []
let operations = 0
let struck: Progress['struck'] = {}

function log(operation: Operation): void {
  lines.push(JSON.stringify(operation))
  operations++
  if (lines.length >= flushEvery) flush()
}

function flush(): void {
  if (lines.length > 0) appendFileSync(order.logFile, `${lines.join('\n')}\n`)
  lines = []
  process.send?.({ operations, struck } satisfies Progress)
}

// Without the process that reads the logs there is nothing to do.
const leave = () => process.exit(1)
process.on('disconnect', leave)
// Network failures are part of the test; the checker decides whether they did harm.
process.removeAllListeners('warning')
process.on('warning', () => undefined)

const opened = order.kind === 'sqlite' ? openFile(order.url) : openStore(order.kind, order.url)
if (order.kind === 'sqlite') {
  // Between a process and its file there is no network that could lose an answer.
  const faulty = faultyStore(opened.store, new Random(order.seed + order.worker))
  struck = faulty.struck
  await runLanes({ ...order, store: faulty.store, log })
  await faulty.settled()
} else {
  await runLanes({ ...order, ...opened, log })
}
await opened.close()
flush()
process.off('disconnect', leave)
process.disconnect()
