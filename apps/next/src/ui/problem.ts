/** A request that was refused, or did not reach the server (`offline`, status 0). */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly retryAfterMs: number | undefined

  constructor(code: string, details: { status?: number; detail?: string; retryAfterMs?: number } = {}) {
    super(details.detail ?? code)
    this.name = 'Problem'
    this.code = code
    this.status = details.status ?? 0
    this.retryAfterMs = details.retryAfterMs
  }
}

const sentences: Readonly<Record<string, string>> = {
  elsewhere: 'This conversation goes on on your other device.',
  offline: 'There is no connection right now.',
  not_found: 'This conversation is not here any more.',
  turn_in_progress: 'An answer is still being written. Send it again when that is done.',
  request_in_progress: 'The same request is still on its way. Try again in a moment.',
  turn_lost: 'The answer got lost on the way. Send it again.',
  model_failed: 'The assistant could not answer.',
  conflict: 'Something changed meanwhile. Look again, then repeat it.',
  precondition_failed: 'Something changed meanwhile. Look again, then repeat it.',
  limit_reached: 'That is as much as is allowed. Try again later.',
  budget_exceeded: 'The budget for answers is used up.',
  rate_limited: 'That was a little fast. Try again in a moment.',
  too_large: 'That is too long.',
  redaction_failed: 'This could not be kept safely. Try again.',
  store_full: 'There is no room left to keep this.',
  unavailable: 'Your conversations cannot be reached right now.',
  unknown_outcome: 'It is not certain that this was kept. Try again: nothing happens twice.',
  unauthenticated: 'This page no longer knows who you are. Reload it.',
  consent_missing: 'You do not allow this: see “What we keep of you”.',
  user_erased: 'What we kept of you is deleted. Reload this page to begin anew.',
  csrf: 'This request did not come from this page.',
}

/** The error, in a sentence for users. */
export function sayProblem(error: unknown): string {
  if (!(error instanceof Problem)) return 'Something went wrong here. Try again.'
  const known = Object.hasOwn(sentences, error.code) ? sentences[error.code] : undefined
  if (known !== undefined) return known
  // The API's details of a request are meant for users; it gives none about the inside of the server.
  return error.status >= 400 && error.status < 500 && error.message !== error.code
    ? error.message
    : 'Something went wrong there. Try again.'
}

/** Whether the same request may succeed when it is sent again. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Problem)) return false
  return error.status === 0 || error.status >= 500 || error.code === 'request_in_progress'
}

export function isProblem(error: unknown, code: string): boolean {
  return error instanceof Problem && error.code === code
}
