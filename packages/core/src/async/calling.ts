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

/**
 * A function of the application that is asked and not waited for. A promise is refused: it would count as a yes, and as
 * one and the same text for everybody.
 *
 * @param name Names the function in the error, for the log: no caller has caused it.
 */
export function atOnce<Asked extends readonly unknown[], Given>(
  name: string,
  ask: (...asked: Asked) => Given,
): (...asked: Asked) => Given {
  return (...asked) => {
    const given = ask(...asked)
    if (!isPromise(given)) return given
    leave(given)
    throw new TypeError(`${name} gave a promise: its answer has to be there at once`)
  }
}

/** Whether somebody would have to wait for it. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}

/** Nobody waits for it any more: it must not end the process when it rejects. */
export function leave(promise: PromiseLike<unknown>): void {
  void Promise.resolve(promise).catch(() => {})
}
