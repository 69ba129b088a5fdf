/** Settles with `work`, or rejects with an `AbortError` as soon as the signal is aborted, whichever is first. */
export async function stoppable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    work.catch(() => {})
    throw new Stopped()
  }
  let stop = (): void => {}
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(new Stopped())
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([work, stopped])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

class Stopped extends Error {
  override readonly name = 'AbortError'
}
