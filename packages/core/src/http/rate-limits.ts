import { SessionError } from '../errors.js'
import type { Service } from '../service/service.js'
import type { RateLimiter } from './api-options.js'
import { RequestError } from './problem.js'

interface Room {
  readonly remainingPoints: number
  readonly msBeforeNext: number
}

/** What becomes of a request when its limiter fails, and who is told. */
export interface LimiterFailure {
  readonly limiterFailure: 'open' | 'closed'
  readonly service: Pick<Service, 'warn'>
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
  { limiterFailure, service }: LimiterFailure,
  name = 'default',
): Promise<void> {
  if (limiter === undefined) return
  const { isOver, said } = await ask(limiter, key)
  const room = roomOf(said)
  if (room === undefined) {
    const cause = isOver ? said : new TypeError('consume() gave no remainingPoints and msBeforeNext')
    tellOfFailure(limiter, service, { name, limiterFailure, cause })
    if (limiterFailure === 'open') return
    throw new SessionError('unavailable', 'The rate limiter failed.', { cause })
  }
  addRateLimit(name, limiter, room, headers)
  if (!isOver) return
  throw new RequestError('rate_limited', 'Too many requests.', {
    retryAfterMs: Math.max(room.msBeforeNext, 1),
  })
}

async function ask(limiter: RateLimiter, key: string): Promise<{ isOver: boolean; said: unknown }> {
  try {
    return { isOver: false, said: await limiter.consume(key) }
  } catch (error) {
    return { isOver: true, said: error }
  }
}

/** Of several limiters that answer as one, each under its name, that with the least room: `RateLimiterUnion` does so. */
function roomOf(said: unknown): Room | undefined {
  const one = oneRoom(said)
  if (one !== undefined || typeof said !== 'object' || said === null || said instanceof Error) return one
  const rooms = Object.values(said).flatMap((each) => oneRoom(each) ?? [])
  return rooms.toSorted((a, b) => a.remainingPoints - b.remainingPoints || b.msBeforeNext - a.msBeforeNext)[0]
}

function oneRoom(said: unknown): Room | undefined {
  if (typeof said !== 'object' || said === null || said instanceof Error) return undefined
  const { remainingPoints = 0, msBeforeNext } = said as Partial<Room>
  if (typeof msBeforeNext !== 'number' || typeof remainingPoints !== 'number') return undefined
  return { remainingPoints: whole(remainingPoints), msBeforeNext: whole(msBeforeNext) }
}

/** A number that a header may have. */
function whole(value: number): number {
  return Number.isNaN(value) ? 0 : Math.min(Math.max(Math.floor(value), 0), Number.MAX_SAFE_INTEGER)
}

const toldEveryMs = 60_000
const toldAt = new WeakMap<RateLimiter, number>()

/** Once a minute: whoever is away fails for each request. */
function tellOfFailure(
  limiter: RateLimiter,
  service: Pick<Service, 'warn'>,
  { name, limiterFailure, cause }: { name: string; limiterFailure: 'open' | 'closed'; cause: unknown },
): void {
  const now = performance.now()
  const before = toldAt.get(limiter)
  if (before !== undefined && now - before < toldEveryMs) return
  toldAt.set(limiter, now)
  const what = limiterFailure === 'open' ? 'requests pass uncounted' : 'requests are refused'
  service.warn({ code: 'limiter_failed', message: `The limiter "${name}" failed: ${what}.`, cause })
}

/** `RateLimit` and `RateLimit-Policy` in the format of draft-ietf-httpapi-ratelimit-headers-11. */
function addRateLimit(name: string, { points, duration }: RateLimiter, room: Room, headers: Headers): void {
  headers.append('RateLimit', `"${name}";r=${room.remainingPoints};t=${Math.ceil(room.msBeforeNext / 1000)}`)
  if (points === undefined) return
  const window = duration === undefined ? '' : `;w=${duration}`
  headers.append('RateLimit-Policy', `"${name}";q=${points}${window}`)
}
