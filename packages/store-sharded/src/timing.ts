import { setTimeout as wait } from 'node:timers/promises'

/** The time of this process, and how to wait for it to pass. */
export interface Timing {
  /** Milliseconds that only move forward, whatever a system clock says. */
  now(): number
  pause(ms: number): Promise<void>
}

export const processTiming: Timing = {
  now: () => performance.now(),
  pause: async (ms) => {
    await wait(ms)
  },
}
