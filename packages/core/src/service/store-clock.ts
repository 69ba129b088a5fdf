import { processClock } from '../time.js'

/** An estimate of the store's time now: each commit tells the store's time. Until the first one nobody knows it. */
export interface StoreClock {
  /** Whether a commit has told it, and no clock of this machine was set, nor stood still, since then. */
  readonly isKnown: boolean
  /** Epoch ms. By the clock of this process as long as no commit has told it. */
  now(): number
  learn(at: number): void
}

// Operating systems move a clock that is less wrong than this little by little.
const stepMs = 5000

/**
 * The wall clock of a machine may be set by an hour at any time, and the steady one stands still while the machine
 * sleeps. Which of the two was wrong only the store knows: until it is asked, no more time has passed than by the steady
 * one, because nothing may end too early.
 */
export function createStoreClock(): StoreClock {
  let offset = 0
  let before: number | undefined
  const apart = (): number => Date.now() - processClock()
  const isKnown = (): boolean => Math.abs(apart() - before!) < stepMs
  return {
    get isKnown() {
      return isKnown()
    },
    now: () => processClock() + (isKnown() ? apart() : (before ?? apart())) + offset,
    learn(at) {
      before = apart()
      offset = at - Date.now()
    },
  }
}
