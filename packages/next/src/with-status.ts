import type { SessionError } from '@sessions/core'
import { toProblem } from '@sessions/core/node'

// What Next tells its own `notFound()`, `forbidden()` and `unauthorized()` by.
const statuses: readonly number[] = [401, 403, 404]

/** The same error, which Next answers with its status where nobody catches it, instead of with 500. */
export function withStatus(error: SessionError): SessionError {
  const { status } = toProblem(error)
  return statuses.includes(status)
    ? Object.assign(error, { digest: `NEXT_HTTP_ERROR_FALLBACK;${status}` })
    : error
}
