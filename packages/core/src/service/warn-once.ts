import type { SessionWarning } from './settings.js'
import { toWarn } from './warn.js'

/** Passes on each kind of warning once, however often it comes. @param tell Default: `console.warn`. */
export function warnOnce(tell?: (warning: SessionWarning) => void): (warning: SessionWarning) => void {
  const told = new Set<string>()
  const warn = toWarn(tell)
  return (warning) => {
    if (told.has(warning.code)) return
    told.add(warning.code)
    warn(warning)
  }
}
