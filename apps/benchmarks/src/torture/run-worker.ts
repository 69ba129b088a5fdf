import { type ChildProcess, fork } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Operation } from './operation.js'
import type { Progress, WorkerOrder } from './worker.js'

// After the end of the run a worker may still wait for operations that it began.
const graceMs = 30_000

/** Runs a worker in a process of its own. */
export function runWorker(order: WorkerOrder, onProgress: (progress: Progress) => void): Promise<void> {
  const program = join(import.meta.dirname, 'worker.js')
  const child = fork(program, [JSON.stringify(order)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  child.on('message', (progress) => onProgress(progress as Progress))
  return new Promise((resolve, reject) => {
    const alarm = setTimeout(
      () => {
        child.kill('SIGKILL')
        reject(
          new Error(`Worker ${order.worker} had not ended ${graceMs / 1000} s after its time: a call hangs`),
        )
      },
      order.seconds * 1000 + graceMs,
    )
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      clearTimeout(alarm)
      if (code === 0) resolve()
      else reject(new Error(`Worker ${order.worker} ended with ${ending(child, signal)}`))
    })
  })
}

function ending(child: ChildProcess, signal: string | null): string {
  return signal ?? `code ${child.exitCode}`
}

/** What a worker has written into its log. */
export function readLog(file: string): Operation[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Operation)
}
