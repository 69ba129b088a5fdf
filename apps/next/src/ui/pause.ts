/** Waits for some time, or until `signal` is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    if (signal.aborted) done()
    else signal.addEventListener('abort', done, { once: true })
  })
}

/** How long to wait before the try with the number `attempt`, in milliseconds: longer each time, with a random part. */
export function backoff(attempt: number): number {
  return Math.min(500 * 2 ** attempt, 15_000) * (0.75 + Math.random() / 2)
}
