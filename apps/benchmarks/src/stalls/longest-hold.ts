/**
 * Milliseconds that a piece of work holds the event loop at a stretch. Between two turns of the loop the lesser counts of
 * what the clock says and what the process has computed: other work on the machine makes the one longer, and threads
 * beside ours the other.
 */
export async function longestHold(work: () => Promise<unknown>): Promise<number> {
  let longest = 0
  let isOver = false
  let at = performance.now()
  let spent = process.cpuUsage()
  const beat = (): void => {
    const now = performance.now()
    const { user, system } = process.cpuUsage(spent)
    longest = Math.max(longest, Math.min(now - at, (user + system) / 1000))
    at = now
    spent = process.cpuUsage()
    if (!isOver) setImmediate(beat)
  }
  await new Promise((resolve) => setImmediate(resolve))
  at = performance.now()
  spent = process.cpuUsage()
  setImmediate(beat)
  try {
    await work()
  } finally {
    // The work may end in the very turn that it has held.
    await new Promise((resolve) => setImmediate(resolve))
    isOver = true
  }
  return longest
}
