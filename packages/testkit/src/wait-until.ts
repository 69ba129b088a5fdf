import { setTimeout as sleep } from 'node:timers/promises'

/** The options of {@link waitUntil}. */
export interface WaitUntilOptions {
  /** What the wait is for, as it appears in the error: "Redis to answer". */
  what: string
  /** How long to wait in milliseconds. Default four minutes. */
  timeoutMs?: number
  /** More text for the error when the wait fails, such as the tail of a log. Default none. */
  detail?: () => string
}

/** How long a wait of the testkit may take before it counts as a hang, in milliseconds: a busy machine is slow. */
export const patienceMs = 240_000

type Falsy = false | 0 | '' | null | undefined

const timedOut = Symbol('timed out')

/**
 * Polls `condition` until it returns a truthy value, and returns that value. An error of the condition ends the wait
 * at once; a condition that hangs does not outlive the deadline.
 */
export async function waitUntil<T>(
  condition: () => T | Promise<T>,
  options: WaitUntilOptions,
): Promise<Exclude<T, Falsy>> {
  const { what, timeoutMs = patienceMs, detail } = options
  const deadline = Date.now() + timeoutMs
  // At short intervals first, because most conditions become true within milliseconds.
  for (let pauseMs = 2; ; pauseMs = Math.min(pauseMs * 2, 50)) {
    const value = await before(deadline, condition)
    if (value !== timedOut && value) return value as Exclude<T, Falsy>
    if (value === timedOut || Date.now() + pauseMs > deadline) {
      const more = detail?.()
      throw new Error(`Waited ${timeoutMs} ms in vain for ${what}${more ? `:\n${more}` : ''}`)
    }
    await sleep(pauseMs)
  }
}

async function before<T>(deadline: number, condition: () => T | Promise<T>): Promise<T | typeof timedOut> {
  const alarm = new AbortController()
  const late = sleep(Math.max(deadline - Date.now(), 1), timedOut, { signal: alarm.signal })
  // Cancelling the timer rejects its promise, which is expected.
  late.catch(() => undefined)
  try {
    return await Promise.race([condition(), late])
  } finally {
    alarm.abort()
  }
}
