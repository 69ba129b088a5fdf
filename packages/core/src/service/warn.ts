import { telling } from '../async/calling.js'
import { oneLine } from '../one-line.js'
import type { SessionWarning } from './settings.js'

/** Calls `onWarning`, and goes on when that throws. */
export function toWarn(onWarning = toConsole): (warning: SessionWarning) => void {
  return telling('onWarning', onWarning)
}

function toConsole({ code, message, cause }: SessionWarning): void {
  // Apart from the first argument, which may command what becomes of the others: a model's words may have `%c`.
  const line = oneLine(`${code}: ${message}`)
  if (cause === undefined) console.warn('[sessions]', line)
  else console.warn('[sessions]', line, cause)
}
