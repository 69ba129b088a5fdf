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
