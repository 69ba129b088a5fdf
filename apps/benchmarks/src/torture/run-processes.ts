import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Chaos } from './backends/chaos.js'
import { openShards, openStore, type ServerKind } from './backends/open-store.js'
import { haveOutages } from './backends/outages.js'
import { keepMoving } from './backends/shards.js'
import { startServer } from './backends/start-server.js'
import { briefMs } from './lane/lane.js'
import { Random } from './random.js'
import { readBack, untilReadable } from './read-back.js'
import type { RunOptions, RunResult } from './run.js'
import { readLog, runWorker } from './run-worker.js'
import { sum, sumOf } from './sums.js'
import type { WorkerOrder } from './worker.js'

/** Workers in processes of their own, each behind a bad network of its own, over one real server. */
export async function runProcesses(kind: ServerKind, options: RunOptions): Promise<RunResult> {
  const { processes, seconds, seed, onProgress } = options
  const folder = mkdtempSync(join(tmpdir(), 'sessions-torture-'))
  const random = new Random(seed)
  const server = await startServer(kind)
  try {
    const networks = await Promise.all(
      Array.from({ length: processes }, () => Chaos.before(server, new Random(random.int(1, 2 ** 31)))),
    )
    const struck = (): Record<string, number> => sumOf(networks.map((network) => network.struck))
    const counts = Array.from({ length: processes }, () => 0)
    const orders = networks.map((network, worker): WorkerOrder => {
      const logFile = join(folder, `worker-${worker}.jsonl`)
      return { kind, url: network.through(server.url), worker, seed, seconds, logFile }
    })
    const workers = orders.map((order) =>
      runWorker(order, ({ operations }) => {
        counts[order.worker] = operations
        onProgress(sum(counts), sum(Object.values(struck())))
      }),
    )
    // A client sends commands when it connects; it may do so before the faults begin.
    await sleep(200)
    for (const network of networks) network.begin()
    const outages = haveOutages(server, { ...options, random })
    const mover = kind === 'sharded' ? openShards(server.url) : undefined
    let isOver = false
    const moves = mover && keepMoving(mover.store, () => isOver)
    await sleep(seconds * 1000 - 200)
    isOver = true
    await Promise.all(networks.map((network) => network.heal()))
    const outaged = { ...(await outages), ...(await moves) }
    await mover?.close()
    await Promise.all(workers)
    await Promise.all(networks.map((network) => network.stop()))

    const operations = orders.flatMap(({ logFile }) => readLog(logFile))
    // Wait until late writes without a caller have arrived, and the last brief session has expired.
    await sleep(briefMs * 4)
    const direct = openStore(kind, server.url)
    const found = await untilReadable(() => readBack(direct.store, operations))
    await direct.close()
    return { operations, ...found, struck: { ...struck(), ...outaged } }
  } finally {
    rmSync(folder, { recursive: true, force: true })
    await server.stop()
  }
}
