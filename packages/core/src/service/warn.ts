import type { SessionWarning } from './settings.js'

/** Tells warnings, whatever becomes of whom they are told. */
export function toWarn(onWarning = toConsole): (warning: SessionWarning) => void {
  // What fails in telling of a failure must be seen somewhere, and must not become a failure of what goes on.
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

/** Calls code of the host's that nobody waits for; what it throws, at once or later, goes to `failed`. */
export function calling(call: () => unknown, failed: (cause: unknown) => void): void {
  try {
    const result = call()
    // An async function was given where none is asked for: its failure would end the process.
    if (result instanceof Promise) result.catch(failed)
  } catch (cause) {
    failed(cause)
  }
}
