import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { migrate } from '@sessions/store-sqlite'
import { haveFileOutages } from './backends/file-outages.js'
import { openFile } from './backends/open-store.js'
import { briefMs } from './lane/lane.js'
import { Random } from './random.js'
import { readBack, untilReadable } from './read-back.js'
import { readLog, runWorker } from './run-worker.js'
import type { RunOptions, RunResult } from './run.js'
import { sum, sumOf } from './sums.js'
import type { Progress, WorkerOrder } from './worker.js'

/** Workers in processes of their own over one file, each with a store that loses calls and answers by chance. */
export async function runFile(options: RunOptions): Promise<RunResult> {
  const { processes, seconds, seed, onProgress } = options
  const folder = mkdtempSync(join(tmpdir(), 'sessions-torture-'))
  const path = join(folder, 'sessions.db')
  try {
    await migrate(path)
    const told: Progress[] = []
    const orders = Array.from({ length: processes }, (_, worker): WorkerOrder => {
      const logFile = join(folder, `worker-${worker}.jsonl`)
      return { kind: 'sqlite', url: path, worker, seed, seconds, logFile }
    })
    const workers = orders.map((order) =>
      runWorker(order, (progress) => {
        told[order.worker] = progress
        const all = Object.values(told)
        onProgress(
          sum(all.map(({ operations }) => operations)),
          sum(all.map(({ struck }) => sum(Object.values(struck)))),
        )
      }),
    )
    const outages = haveFileOutages(path, { ...options, random: new Random(seed) })
    await Promise.all(workers)
    const outaged = await outages
    const operations = orders.flatMap(({ logFile }) => readLog(logFile))
    // Until the last brief session has expired.
    await sleep(briefMs * 4)
    const direct = openFile(path)
    const found = await untilReadable(() => readBack(direct.store, operations))
    await direct.close()
    return { operations, ...found, struck: sumOf([...told.map(({ struck }) => struck), outaged]) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
