/** Now, in epoch milliseconds. */
export type Clock = () => number

/**
 * Epoch milliseconds that only move forward and that a changed system clock does not reach: the clock of a store
 * that lives in this process.
 */
export const processClock: Clock = () => Math.floor(performance.timeOrigin + performance.now())

/** ISO 8601 in UTC, as times are written on the wire. */
export function toIso(atMs: number): string {
  return new Date(atMs).toISOString()
}
