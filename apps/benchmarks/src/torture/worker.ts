// One process of a torture run. Its arguments say what to do, and it writes a log of its operations into a file.
import { appendFileSync } from 'node:fs'
import { openStore, type ServerKind } from './backends/open-store.js'
import { runLanes } from './lane/run-lanes.js'
import type { Operation } from './operation.js'

export interface WorkerOrder {
  readonly kind: ServerKind
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

function log(operation: Operation): void {
  lines.push(JSON.stringify(operation))
  operations++
  if (lines.length >= flushEvery) flush()
}

function flush(): void {
  if (lines.length > 0) appendFileSync(order.logFile, `${lines.join('\n')}\n`)
  lines = []
  process.send?.(operations)
}

// Without the process that reads the logs there is nothing to do.
const leave = () => process.exit(1)
process.on('disconnect', leave)
// Network failures are part of the test; the checker decides whether they did harm.
process.removeAllListeners('warning')
process.on('warning', () => undefined)

const opened = openStore(order.kind, order.url)
await runLanes({ ...order, store: opened.store, log })
await opened.close()
flush()
process.off('disconnect', leave)
process.disconnect()
