import { checkOptions, type OptionNames } from '../options.js'
import { SessionError } from '../errors.js'
import type { CorsOptions, RateLimit, SessionApiOptions } from './api-options.js'

const cors: OptionNames<CorsOptions> = { origins: true, credentials: true, maxAgeMs: true }

/** The options of `createSessionApi`. */
export const sessionApiNames: OptionNames<SessionApiOptions> = {
  cookie: true,
  header: true,
  sessions: true,
  identify: true,
  guests: 'object',
  respond: 'function',
  tools: true,
  turns: true,
  basePath: true,
  middleware: true,
  withRequestContext: 'function',
  cors: true,
  trustedOrigins: true,
  limiter: true,
  limitKey: 'function',
  limits: 'list',
  missLimiter: true,
  limiterFailure: true,
  maxBodyBytes: true,
  maxBodyDepth: true,
  audienceOf: 'function',
  deviceOf: 'function',
  exposeToolResults: true,
  clientRoles: true,
  clientParts: true,
  clientTtl: true,
  clientUrls: 'function',
  maxCopiedBytes: true,
  maxOpenStreams: true,
  clientTools: true,
  clientOptions: true,
  cancelOnDisconnect: true,
  streamHeartbeatMs: true,
  idempotencyMs: true,
  userRoutes: 'flag',
  importRoute: true,
  auditRoutes: 'flag',
  usageRoutes: 'flag',
  analyticsRoutes: 'flag',
  searchRoutes: 'flag',
  compat: true,
  onError: 'function',
}

/** Refuses unknown options. @throws `invalid` with the path and the nearest name. */
export function checkApiOptions(options: SessionApiOptions): void {
  checkOptions(options ?? {}, sessionApiNames)
  if (typeof (options as Partial<SessionApiOptions> | null)?.identify !== 'function') {
    throw new SessionError('invalid', 'identify must be a function that gives the identity of the caller', {
      path: 'identify',
    })
  }
  checkOptions(options.cors, cors, 'cors')
  for (const [index, limit] of (options.limits ?? []).entries()) checkLimit(limit, `limits[${index}]`)
  checkOptions(options.clientTtl, { maxIdleMs: true, maxAbsoluteMs: true }, 'clientTtl')
  checkOptions(options.turns, { policy: true, reuse: true }, 'turns')
  checkOptions(options.turns?.reuse, { ttlMs: true }, 'turns.reuse')
}

function checkLimit(limit: RateLimit, path: string): void {
  checkOptions<RateLimit>(limit, { name: 'text', limiter: 'object', key: 'function' }, path)
  const { name, limiter, key } = limit ?? {}
  if (limiter === undefined || key === undefined || !/^[a-zA-Z0-9-]{1,40}$/.test(name))
    throw new SessionError('invalid', `${path} needs a limiter, a key, and a name of letters, digits and -`, {
      path,
    })
}
