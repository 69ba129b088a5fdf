import type { SessionError } from '@sessions/core'
import { toProblem } from '@sessions/core/node'

// The digests by which Next recognizes its own `notFound()`, `forbidden()` and `unauthorized()`.
const statuses: readonly number[] = [401, 403, 404]

/** The same error, which Next answers with its status instead of 500 when it is not caught. */
export function withStatus(error: SessionError): SessionError {
  const { status } = toProblem(error)
  return statuses.includes(status)
    ? Object.assign(error, { digest: `NEXT_HTTP_ERROR_FALLBACK;${status}` })
    : error
}
