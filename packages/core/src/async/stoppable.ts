import { onAbort } from './on-abort.js'

/** Settles with `work`, or rejects with an `AbortError` as soon as the signal is aborted, whichever is first. */
export async function stoppable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    work.catch(() => {})
    throw new Stopped()
  }
  let letGo = (): void => {}
  const stopped = new Promise<never>((_, reject) => {
    letGo = onAbort(signal, () => reject(new Stopped()))
  })
  try {
    return await Promise.race([work, stopped])
  } finally {
    letGo()
  }
}

class Stopped extends Error {
  override readonly name = 'AbortError'
}
