import { type CountTokens, estimateTokens } from '../context/token-count.js'
import type { SessionWarning } from './settings.js'

/**
 * The application's counter, or the estimate where it fails. A message without a count could not be read again, and a
 * failed count must not lose an answer that cost tokens.
 */
export function surelyCounted(
  countTokens: CountTokens,
  warn: (warning: SessionWarning) => void,
): CountTokens {
  return (message) => {
    try {
      const tokens: unknown = countTokens(message)
      if (typeof tokens === 'number' && Number.isFinite(tokens) && tokens >= 0) return tokens
      // An async counter may reject as well, which would end the process.
      if (tokens instanceof Promise) tokens.catch(() => {})
      const gave = tokens instanceof Promise ? 'a promise' : String(tokens)
      warn({ code: 'count_failed', message: `countTokens gave ${gave}; an estimate is used.` })
    } catch (cause) {
      warn({ code: 'count_failed', message: 'countTokens failed; an estimate is used.', cause })
    }
    return estimateTokens(message)
  }
}
