import { processClock } from '../time.js'

/** An estimate of the store's time now: each commit tells the store's time. Until the first one nobody knows it. */
export interface StoreClock {
  /** Whether a commit has told it, and no clock of this machine was set, nor stood still, since then. */
  isKnown(): boolean
  now(): number
  learn(at: number): void
}

export function createStoreClock(): StoreClock {
  let offset = 0
  let before: number | undefined
  // A wall clock may be set by an hour at any time, and the steady one stands still while the machine sleeps. Which of
  // the two was wrong only the store knows.
  const apart = (): number => Date.now() - processClock()
  return {
    // What is less the operating system corrects little by little.
    isKnown: () => Math.abs(apart() - before!) < 5000,
    now: () => Date.now() + offset,
    learn(at) {
      offset = at - Date.now()
      before = apart()
    },
  }
}
