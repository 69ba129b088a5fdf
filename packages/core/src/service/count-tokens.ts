import { type CountingTokens, type CountTokens, estimateTokens, stepsOf } from '../context/token-count.js'
import type { SessionWarning } from './settings.js'

interface Counting {
  readonly counting: { readonly given: CountTokens | undefined }
  readonly warn: (warning: SessionWarning) => void
}

// What was counted before is compared by who has counted it, so there is one counter for each service.
const counters = new WeakMap<Counting['counting'], CountTokens>()

/** What counts the tokens of a service: the application's counter, or the estimate. */
export function countTokensOf({ counting, warn }: Counting): CountTokens {
  if (counting.given === undefined) return estimateTokens
  const known = counters.get(counting)
  if (known !== undefined) return known
  const made = surelyCounted(counting.given, warn)
  counters.set(counting, made)
  return made
}

/** As `countTokensOf`, step by step. */
export function countingTokensOf(service: Counting): CountingTokens {
  return stepsOf(countTokensOf(service))
}

/**
 * The application's counter, or the estimate where it fails. A message without a count could not be read again, and a
 * failed count must not lose an answer that cost tokens.
 */
function surelyCounted(countTokens: CountTokens, warn: (warning: SessionWarning) => void): CountTokens {
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
