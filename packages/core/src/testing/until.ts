// Often enough to be quick, seldom enough to leave a real store alone.
const pollMs = 5

/** Waits until `check` says so. Rejects when it has not within `withinMs` (default 30 s). */
export async function until(check: () => Promise<boolean>, withinMs = 30_000): Promise<void> {
  const end = performance.now() + withinMs
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`still not so after ${withinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}
