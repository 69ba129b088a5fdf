import { isSessionError, SessionError } from '../errors.js'
import { longestTimerMs } from '../time.js'
import type { Service } from './service.js'

/** Sweeping that goes on: call it, or let `using` end, to stop. */
export interface Sweeping extends Disposable {
  /** Stops it. */
  (): void
}

const batch = 500
// What looks at every session that is out of use is done this often at most.
const allEveryMs = 3_600_000
// Where that failed it is tried again: not with every sweep, for as long as a shard is down.
const allAgainMs = 300_000

/**
 * Sweeps again and again, each time until nothing is left to do.
 *
 * @param sweep Sweeps once, up to a limit: what is past its deadline; and once an hour `all`, without a limit, until
 *   `isStopped`. Resolves to how much it did.
 *
 * @throws `invalid`
 */
export function sweepEvery(
  service: Service,
  ms: number,
  sweep: (limit: number, all: boolean, isStopped: () => boolean) => Promise<number>,
): Sweeping {
  // With its jitter it is up to a quarter longer.
  if (!(typeof ms === 'number' && ms >= 1 && ms * 1.25 <= longestTimerMs)) {
    throw new SessionError('invalid', 'ms must be from 1 to 1,700,000,000 milliseconds', { path: 'ms' })
  }
  service.work.checkOpen()
  let timer: ReturnType<typeof setTimeout> | undefined
  let isStopped = false
  const stop = (): void => {
    isStopped = true
    clearTimeout(timer)
    forget()
  }
  const forget = service.work.onClose(stop)
  const wait = (): void => {
    if (isStopped) return
    // Processes that were started together do not sweep together.
    timer = setTimeout(() => void run(), ms * (0.75 + Math.random() / 2))
    timer.unref?.()
  }
  let nextAllAt = Number.NEGATIVE_INFINITY
  const run = async (): Promise<void> => {
    const all = performance.now() >= nextAllAt
    try {
      for (;;) {
        const count = await service.work.call(() => sweep(batch, all, () => isStopped))
        if (all || count < batch || isStopped) break
      }
      if (all) nextAllAt = performance.now() + allEveryMs
    } catch (cause) {
      if (isSessionError(cause, 'closed')) return
      if (all) nextAllAt = performance.now() + allAgainMs
      service.warn({
        code: 'sweep_failed',
        message: 'Expired sessions could not be removed; the next sweep tries again.',
        cause,
      })
    }
    wait()
  }
  wait()
  return Object.assign(stop, { [Symbol.dispose]: stop })
}
