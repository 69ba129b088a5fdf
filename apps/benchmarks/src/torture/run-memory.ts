import { setTimeout as sleep } from 'node:timers/promises'
import { memoryStore } from '@sessions/core'
import { faultyStore } from './backends/faulty-store.js'
import { briefMs } from './lane/lane.js'
import { runLanes } from './lane/run-lanes.js'
import type { Operation } from './operation.js'
import { Random } from './random.js'
import { readBack } from './read-back.js'
import type { RunOptions, RunResult } from './run.js'

/** Workers in this one process, over one store in its memory that fails at random: processes share no memory. */
export async function runMemory({ processes, seconds, seed, onProgress }: RunOptions): Promise<RunResult> {
  const inner = memoryStore()
  const faulty = faultyStore(inner, new Random(seed))
  const operations: Operation[] = []
  const log = (operation: Operation): void => {
    operations.push(operation)
    if (operations.length % 500 === 0) onProgress(operations.length, sum(faulty.struck))
  }
  const workers = Array.from({ length: processes }, (_, worker) =>
    runLanes({ store: faulty.store, worker, seed, seconds, log }),
  )
  await Promise.all(workers)
  await faulty.settled()
  await sleep(briefMs * 2)
  return { operations, ...(await readBack(inner, operations)), struck: faulty.struck }
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}
