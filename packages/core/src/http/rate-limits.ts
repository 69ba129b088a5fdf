import { SessionError } from '../errors.js'
import type { RateLimiter } from './api-options.js'
import { RequestError } from './problem.js'

interface Room {
  readonly remainingPoints: number
  readonly msBeforeNext: number
}

/**
 * Counts one request, and adds headers with the remaining room.
 *
 * @param name Names the limit in these headers.
 * @throws `rate_limited`; `unavailable` when the limiter fails and `limiterFailure` is `closed`.
 */
export async function consume(
  limiter: RateLimiter | undefined,
  key: string,
  headers: Headers,
  failure: 'open' | 'closed',
  name = 'default',
): Promise<void> {
  if (limiter === undefined) return
  let room: Room
  try {
    room = await limiter.consume(key)
  } catch (error) {
    if (isRoom(error)) {
      addRateLimit(name, limiter, error, headers)
      throw new RequestError('rate_limited', 'Too many requests.', {
        retryAfterMs: Math.max(error.msBeforeNext, 1),
      })
    }
    if (failure === 'open') return
    throw new SessionError('unavailable', 'The rate limiter failed.', { cause: error })
  }
  addRateLimit(name, limiter, room, headers)
}

function isRoom(value: unknown): value is Room {
  return typeof value === 'object' && value !== null && 'msBeforeNext' in value && !(value instanceof Error)
}

/** `RateLimit` and `RateLimit-Policy` in the format of draft-ietf-httpapi-ratelimit-headers-11. */
function addRateLimit(name: string, { points, duration }: RateLimiter, room: Room, headers: Headers): void {
  const left = Math.max(0, room.remainingPoints)
  headers.append('RateLimit', `"${name}";r=${left};t=${Math.ceil(room.msBeforeNext / 1000)}`)
  if (points === undefined) return
  const window = duration === undefined ? '' : `;w=${duration}`
  headers.append('RateLimit-Policy', `"${name}";q=${points}${window}`)
}
