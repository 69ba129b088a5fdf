import { isSessionError } from '../errors.js'
import { oneLine } from '../one-line.js'

/**
 * What a log may hold of an error. Of a `SessionError` that is its code and its own words: what a store or a model has
 * said, which is its `cause`, may hold addresses and texts of users. Any other error is a fault of the program, and
 * stays as it is.
 */
export function toLogLine(error: unknown): unknown {
  if (!isSessionError(error)) return error
  const cause = error.cause instanceof Error ? ` (its cause, ${error.cause.name}, is not shown)` : ''
  return oneLine(`${error.code}: ${error.message}${cause}`)
}
