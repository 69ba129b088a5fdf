// The checks are so frequent that a wait is short, and so rare that a real store is not kept busy.
const pollMs = 5

/** Waits until `check` gives true. Rejects when it has not within `withinMs` (default 30 s). */
export async function until(check: () => Promise<boolean>, withinMs = 30_000): Promise<void> {
  const end = performance.now() + withinMs
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`still not so after ${withinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}
