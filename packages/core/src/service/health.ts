import { probeRef } from '../contract/session-record.js'
import { checkOptions } from '../options.js'
import { isSessionError, SessionError } from '../errors.js'
import type { Service } from './service.js'
import { later, timerMs } from '../time.js'

/** Whether a service can work. */
export interface SessionsHealth {
  /** Whether it takes calls and its store answers. A bus that is down delays what watchers see, and nothing else. */
  readonly ok: boolean
  /** Whether it answers, and how fast. */
  readonly store: {
    readonly ok: boolean
    /** How long the store took, in milliseconds. */
    readonly latencyMs: number
    /** Why it did not answer: the code of the error. */
    readonly code?: string
  }
  /** Whether notices of other processes come in; absent without a bus. */
  readonly bus?: { readonly ok: boolean }
  /** Whether the service was told to close. */
  readonly isClosing: boolean
}

/** How long to wait. */
export interface HealthOptions {
  /** How long the store may take, in milliseconds (default 2,000). */
  timeoutMs?: number
}

/** Asks store and bus. Rejects for wrong options alone. @throws `invalid` */
export async function healthOf(service: Service, options: HealthOptions = {}): Promise<SessionsHealth> {
  checkOptions<HealthOptions>(options, { timeoutMs: 'number' })
  const { timeoutMs = 2000 } = options
  if (!(timeoutMs > 0)) {
    const path = 'timeoutMs'
    throw new SessionError('invalid', 'timeoutMs must be more than 0 milliseconds', { path })
  }
  const { bus, work } = service
  const store = await storeHealth(service, timeoutMs)
  const isClosing = !work.isOpen
  return {
    ok: store.ok && !isClosing,
    store,
    ...(bus === undefined ? {} : { bus: { ok: bus.isUp } }),
    isClosing,
  }
}

async function storeHealth({ store }: Service, timeoutMs: number): Promise<SessionsHealth['store']> {
  const begunAt = performance.now()
  const took = (): number => Math.round(performance.now() - begunAt)
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = later(
      () => reject(new SessionError('unavailable', 'The store did not answer in time.')),
      timerMs(timeoutMs),
    )
  })
  try {
    // Nothing is there: to have looked is enough.
    await Promise.race([store.read(probeRef), late])
    return { ok: true, latencyMs: took() }
  } catch (error) {
    return { ok: false, latencyMs: took(), code: isSessionError(error) ? error.code : 'internal' }
  } finally {
    clearTimeout(timer)
  }
}
