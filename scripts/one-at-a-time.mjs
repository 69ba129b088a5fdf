import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const pollMs = 100
const noteMs = 20_000

/**
 * Does `work` while no other process does work of that name: two installs, or two builds, at once break one another. The
 * lock is a name that the system frees when its holder ends in any way. Only Linux has such names; elsewhere `work` just
 * begins.
 */
export async function oneAtATime(name, work) {
  if (process.platform !== 'linux') return work()
  const lock = await take(`\0sessions-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`)
  try {
    return await work()
  } finally {
    lock.close()
  }
}

async function take(path) {
  const startedAt = Date.now()
  for (let notes = 0; ;) {
    const lock = await tryTake(path)
    if (lock !== undefined) return lock
    if (Date.now() - startedAt >= notes * noteMs) {
      notes++
      process.stderr.write('  another process installs or builds here: waiting for it …\n')
    }
    await sleep(pollMs)
  }
}

function tryTake(path) {
  return new Promise((resolve, reject) => {
    const lock = createServer((socket) => socket.destroy())
    lock.once('error', (error) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)))
    lock.listen(path, () => resolve(lock.unref()))
  })
}
