import { RateLimiterMemory } from 'rate-limiter-flexible'
import { SessionError } from '@sessions/core'

/** Requests of one visitor that are answered in a minute. */
export const limiter = new RateLimiterMemory({
  points: requestsPerMinute(process.env['REQUESTS_PER_MINUTE']),
  duration: 60,
})

/** Counts a request. @throws `limit_reached` */
export async function countRequest(visitor: string): Promise<void> {
  try {
    await limiter.consume(visitor)
  } catch (room) {
    if (room instanceof Error) throw room
    const { msBeforeNext } = room as { msBeforeNext: number }
    throw new SessionError('limit_reached', 'Too many requests.', { retryAfterMs: Math.max(1, msBeforeNext) })
  }
}

function requestsPerMinute(text = ''): number {
  if (text === '') return 600
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new Error(`REQUESTS_PER_MINUTE=${text} is no number: 1 to 999999999`)
}
