import { telling } from '../calling.js'
import type { SessionWarning } from './settings.js'

/** Calls `onWarning`, and goes on when that throws. */
export function toWarn(onWarning = toConsole): (warning: SessionWarning) => void {
  return telling('onWarning', onWarning)
}

function toConsole({ code, message, cause }: SessionWarning): void {
  const line = `[sessions] ${code}: ${message}`
  if (cause === undefined) console.warn(line)
  else console.warn(line, cause)
}
