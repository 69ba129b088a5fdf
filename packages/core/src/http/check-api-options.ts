import { checkOptions, type OptionNames } from '../options.js'
import { SessionError } from '../errors.js'
import type { CorsOptions, RateLimit, RateLimiter, SessionApiOptions } from './api-options.js'

const cors: OptionNames<CorsOptions> = { origins: 'pages', credentials: 'flag', maxAgeMs: 'number' }

/** The options of `createSessionApi`. */
export const sessionApiNames: OptionNames<SessionApiOptions> = {
  cookie: true,
  header: 'flag',
  sessions: true,
  identify: true,
  guests: 'object',
  respond: 'function',
  tools: 'object',
  turns: true,
  basePath: 'text',
  middleware: 'list',
  withRequestContext: 'function',
  cors: true,
  trustedOrigins: 'origins',
  limiter: 'object',
  limitKey: 'function',
  limits: 'list',
  missLimiter: 'object',
  limiterFailure: ['open', 'closed'],
  maxBodyBytes: 'number',
  maxBodyDepth: 'number',
  maxBodyItems: 'number',
  audienceOf: 'function',
  deviceOf: 'function',
  exposeToolResults: 'flag',
  clientRoles: true,
  clientParts: 'list',
  clientTtl: true,
  clientUrls: 'function',
  maxCopiedBytes: 'number',
  maxOpenStreams: 'number',
  clientTools: 'list',
  clientOptions: 'list',
  cancelOnDisconnect: 'flag',
  streamHeartbeatMs: 'number',
  idempotencyMs: 'number',
  userRoutes: 'flag',
  importRoute: true,
  auditRoutes: 'flag',
  usageRoutes: 'flag',
  analyticsRoutes: 'flag',
  searchRoutes: 'flag',
  compat: ['unified-llm-client-0.1'],
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
  // With cookies they act for their visitors.
  if (options.cors?.credentials === true) checkOptions(options.cors, { ...cors, origins: 'origins' }, 'cors')
  checkLimiter(options.limiter, 'limiter')
  checkLimiter(options.missLimiter, 'missLimiter')
  for (const [index, limit] of (options.limits ?? []).entries()) checkLimit(limit, `limits[${index}]`)
  checkOptions(options.clientTtl, { maxIdleMs: 'number', maxAbsoluteMs: 'number' }, 'clientTtl')
  checkOptions(options.turns, { policy: ['reject', 'queue', 'interrupt'], reuse: true }, 'turns')
  checkOptions(options.turns?.reuse, { ttlMs: 'number' }, 'turns.reuse')
}

function checkLimit(limit: RateLimit, path: string): void {
  checkOptions<RateLimit>(limit, { name: 'text', limiter: 'object', key: 'function' }, path)
  const { name, limiter, key } = limit ?? {}
  if (limiter === undefined || key === undefined || !/^[a-zA-Z0-9-]{1,40}$/.test(name))
    throw new SessionError('invalid', `${path} needs a limiter, a key, and a name of letters, digits and -`, {
      path,
    })
  checkLimiter(limiter, `${path}.limiter`)
}

/** A limiter that cannot be asked would fail for each request, and by default let it pass. */
function checkLimiter(limiter: Partial<RateLimiter> | undefined, path: string): void {
  if (limiter === undefined || typeof limiter.consume === 'function') return
  throw new SessionError('invalid', `${path} must have a function consume(key)`, { path: `${path}.consume` })
}
