import { createServer, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { progress } from '../progress.js'

const pollMs = 100
const noteMs = 10_000

/** How {@link withMachineLock} waits. */
export interface MachineLockOptions {
  /** How long to wait for the holder of the lock, in milliseconds. Default 900 000. */
  timeoutMs?: number
}

/**
 * Runs `work` while no other process of this account on this machine holds the lock of that name. The lock is a name
 * that the system frees when its holder ends in any way, so it cannot be left behind. Only Linux has such names; on
 * other systems all fetches may run twice at once, and `work` just runs.
 *
 * @throws when the holder keeps the lock for longer than `timeoutMs`.
 */
export async function withMachineLock<T>(
  name: string,
  work: () => Promise<T>,
  { timeoutMs = 900_000 }: MachineLockOptions = {},
): Promise<T> {
  if (process.platform !== 'linux') return work()
  const lock = await take(`\0sessions-lock-${process.getuid?.() ?? 0}-${name}`, timeoutMs)
  try {
    return await work()
  } finally {
    lock.close()
  }
}

async function take(path: string, timeoutMs: number): Promise<Server> {
  const startedAt = Date.now()
  for (let notes = 0; ;) {
    const lock = await tryTake(path)
    if (lock) return lock
    const waitedMs = Date.now() - startedAt
    if (waitedMs > timeoutMs) {
      throw new Error(`Another process fetches what the tests need, and has not ended in ${timeoutMs} ms`)
    }
    if (waitedMs >= notes * noteMs) {
      notes += 1
      progress('another process fetches what the tests need: waiting for it')
    }
    await sleep(pollMs)
  }
}

function tryTake(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const lock = createServer((socket) => socket.destroy())
    lock.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else reject(error)
    })
    lock.listen(path, () => {
      // A lock must not keep the process alive.
      lock.unref()
      resolve(lock)
    })
  })
}
