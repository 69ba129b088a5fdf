import { createSessions, type SessionsOptions, type SessionStore } from '@sessions/core'
import type { Operation } from '../operation.js'
import { Random } from '../random.js'
import { briefMs } from './lane.js'
import { nowUs } from './recorder.js'
import { runLane } from './run-lane.js'

export const lanesPerWorker = 6

export interface RunLanesOptions {
  readonly store: SessionStore
  readonly bus?: SessionsOptions['bus']
  /** How old what is read may be, in milliseconds (default 0). */
  readonly readAgeMs?: number
  /** The number of this worker in the run. */
  readonly worker: number
  readonly seed: number
  readonly seconds: number
  readonly log: (operation: Operation) => void
}

/** The work of one worker: several lanes at a time, through services of its own over one store. */
export async function runLanes(options: RunLanesOptions): Promise<void> {
  const { store, bus, readAgeMs = 0, worker, seed, seconds, log } = options
  const shared = {
    store,
    ...(bus === undefined ? {} : { bus }),
    // Not used, because callers are known by their identity. Without it the service would warn.
    credentialSecrets: ['torture-torture-torture-torture-torture'],
    // Rewound paths are long here, and no limit must hide a loss.
    limits: { maxSessionLength: 1_000_000 },
  }
  const sessions = createSessions({ ...shared, reads: { maxAgeMs: readAgeMs } })
  const briefSessions = createSessions({ ...shared, ttl: { idleMs: briefMs } })
  const untilUs = nowUs() + seconds * 1_000_000
  const lanes = Array.from({ length: lanesPerWorker }, (_, index) =>
    runLane({
      name: `w${worker}l${index}`,
      random: new Random(seed + worker * 1009 + index * 9176),
      store,
      sessions,
      briefSessions,
      log,
      untilUs,
      readAgeMs,
    }),
  )
  await Promise.all(lanes)
}
