// Far below 50 ms, the longest that other work in the process should ever wait.
const sliceMs = 8

/** Runs work that yields between its steps, and lets the event loop continue every few milliseconds. */
export async function inSlices<T>(work: Iterator<void, T>): Promise<T> {
  let began = performance.now()
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
    if (performance.now() - began < sliceMs) continue
    await new Promise<void>((resolve) => setTimeout(resolve, 0))
    began = performance.now()
  }
}

/** Runs such work at once. */
export function atOnce<T>(work: Iterator<void, T>): T {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
  }
}
