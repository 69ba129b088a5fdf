/** The last moment that a date can show, in epoch milliseconds. */
export const latestTime = 8_640_000_000_000_000

/** The longest that a timer can wait: one that is set to wait longer fires at once, again and again. */
export const longestTimerMs = 2 ** 31 - 1

/**
 * The timer of the runtime, taken when the core is loaded: a test of the application may replace it by a clock that stands
 * still, and work must go on. What is loaded later takes it from here, because by then it may be replaced.
 */
export const later = setTimeout

/**
 * Whole milliseconds that a timer can wait, for a time of any length: with `Infinity` it fires after 24 days, and at once
 * for a moment that is past. Node 21 and later warn of a timer that is set to less than nothing.
 */
export function timerMs(ms: number): number {
  return Math.max(0, Math.min(Math.ceil(ms), longestTimerMs))
}

/** Whether work settles within so many milliseconds. It goes on in any case. */
export async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = later(() => resolve(false), timerMs(ms))
  })
  try {
    return await Promise.race([work.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}

/** The moment so long before another one, and 0 when there was none: a period of `Infinity` never ends. */
export function momentBefore(at: number, ms: number): number {
  return Math.max(0, at - ms)
}

/** Now, in epoch milliseconds. */
export type Clock = () => number

/**
 * Epoch milliseconds that only move forward and that a changed system clock does not reach: the clock of a store
 * that lives in this process.
 */
export const processClock: Clock = () => Math.floor(performance.timeOrigin + performance.now())

// A year has four digits there, and a session may live for longer.
const latestOnWire = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/** ISO 8601 in UTC, as times are written on the wire: a later one than the year 9999 is the end of that year. */
export function toIso(atMs: number): string {
  return new Date(Math.min(atMs, latestOnWire)).toISOString()
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const

/** A duration for people, in its two largest units: `1d 2h`, `3m 20s`, `0s`. Parts of a second are dropped. */
export function toReadable(durationMs: number): string {
  const largest = units.findIndex(([, ms]) => durationMs >= ms)
  let rest = durationMs
  const parts = units
    .slice(largest === -1 ? units.length - 1 : largest)
    .slice(0, 2)
    .map(([name, ms]) => {
      const count = Math.floor(rest / ms)
      rest -= count * ms
      return count === 0 ? '' : `${count}${name}`
    })
  return parts.filter((part) => part !== '').join(' ') || '0s'
}
