import { telling } from '../calling.js'
import type { SessionWarning } from './settings.js'

/** Passes on each kind of warning once, however often it comes. @param tell Default: `console.warn`. */
export function warnOnce(
  tell: (warning: SessionWarning) => void = toConsole,
): (warning: SessionWarning) => void {
  const told = new Set<string>()
  const safely = telling('onWarning', tell)
  return (warning) => {
    if (told.has(warning.code)) return
    told.add(warning.code)
    safely(warning)
  }
}

function toConsole({ code, message }: SessionWarning): void {
  console.warn(`[sessions] ${code}: ${message}`)
}
