import type { SessionWarning } from './settings.js'

/** Calls `onWarning`, and goes on when that throws. */
export function toWarn(onWarning = toConsole): (warning: SessionWarning) => void {
  // When `onWarning` itself fails, the failure is printed, and must not fail the call that goes on.
  return (warning) =>
    calling(
      () => onWarning(warning),
      (cause) => console.error('[sessions] onWarning failed:', cause),
    )
}

function toConsole({ code, message, cause }: SessionWarning): void {
  const line = `[sessions] ${code}: ${message}`
  if (cause === undefined) console.warn(line)
  else console.warn(line, cause)
}

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
