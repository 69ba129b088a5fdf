/** Calls code of the application without waiting for it; when it throws, at once or later, `failed` is called. */
export function calling(call: () => unknown, failed: (cause: unknown) => void): void {
  try {
    const result = call()
    // The application may pass an async function where none is expected: its rejection would end the process.
    if (result instanceof Promise) result.catch(failed)
  } catch (cause) {
    failed(cause)
  }
}

/** Tells an application of something. What it throws is printed: it fails no call, and does not end the process. */
export function telling<Args extends readonly unknown[]>(
  name: string,
  tell: (...args: Args) => unknown,
): (...args: Args) => void {
  return (...args) =>
    calling(
      () => tell(...args),
      (cause) => console.error(`[sessions] ${name} failed:`, cause),
    )
}
