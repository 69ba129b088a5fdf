import { isSessionError, SessionError } from '../errors.js'
import type { Service } from './service.js'

/** Sweeping that goes on: call it, or let `using` end, to stop. */
export interface Sweeping extends Disposable {
  (): void
}

// The longest that a timer can wait for.
const maxIntervalMs = 2 ** 31 - 1
const batch = 500

/** Sweeps again and again, each time until nothing is left to remove. @throws `invalid` */
export function sweepEvery(service: Service, ms: number): Sweeping {
  // With its jitter it is up to a quarter longer.
  if (!(typeof ms === 'number' && ms >= 1 && ms * 1.25 <= maxIntervalMs)) {
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
  const run = async (): Promise<void> => {
    try {
      for (;;) {
        const removed = await service.work.call(() => service.store.sweep({ limit: batch }))
        if (removed < batch || isStopped) break
      }
    } catch (cause) {
      if (isSessionError(cause, 'closed')) return
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
