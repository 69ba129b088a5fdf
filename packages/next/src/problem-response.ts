import { toProblem } from '@sessions/core/node'

/** The answer to an error that is one of ours; undefined for any other, such as Next's own redirects. */
export function problemResponse(error: unknown): Response | undefined {
  const problem = toProblem(error)
  if (problem.code === 'internal') return undefined
  if (problem.status >= 500) console.error('[sessions]', error)
  const headers = new Headers({ 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' })
  if (problem.retryAfterMs !== undefined) {
    headers.set('Retry-After', String(Math.ceil(problem.retryAfterMs / 1000)))
  }
  return new Response(JSON.stringify(problem), { status: problem.status, headers })
}
