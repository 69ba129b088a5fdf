/** How long the event loop of this process is held at a stretch. */
export interface HoldClock {
  /** Milliseconds of the longest hold since the clock began, or since this was asked last. */
  take(): number
  stop(): void
}

/**
 * Begins to watch. Between two turns of the loop the lesser counts of what the clock says and what the process has
 * computed: other work on the machine makes the one longer, and threads beside ours the other.
 */
export function holdClock(): HoldClock {
  let longest = 0
  let isOver = false
  let at = performance.now()
  let spent = process.cpuUsage()
  const beat = (): void => {
    const { user, system } = process.cpuUsage(spent)
    longest = Math.max(longest, Math.min(performance.now() - at, (user + system) / 1000))
    at = performance.now()
    spent = process.cpuUsage()
    if (!isOver) setImmediate(beat)
  }
  setImmediate(beat)
  return {
    take() {
      const taken = longest
      longest = 0
      return taken
    },
    stop() {
      isOver = true
    },
  }
}

/** Milliseconds that a piece of work holds the event loop at a stretch. */
export async function longestHold(work: () => Promise<unknown>): Promise<number> {
  await new Promise((resolve) => setImmediate(resolve))
  const clock = holdClock()
  try {
    await work()
  } finally {
    // The work may end in the very turn that it has held.
    await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    clock.stop()
  }
  return clock.take()
}
