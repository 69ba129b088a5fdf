import { toLogLine, toProblem, toProblemResponse } from '@sessions/core/node'

/** The answer to an error of sessions; undefined for any other, such as Next's own redirects. */
export function problemResponse(error: unknown): Response | undefined {
  const problem = toProblem(error)
  if (problem.code === 'internal') return undefined
  if (problem.status >= 500) console.error('[sessions]', toLogLine(error))
  return toProblemResponse(problem)
}
