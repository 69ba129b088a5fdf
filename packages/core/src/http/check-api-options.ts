import { checkNames, checkOptions, type OptionNames } from '../options.js'
import { SessionError } from '../errors.js'
import type { ClientRole, CorsOptions, RateLimit, RateLimiter, SessionApiOptions } from './api-options.js'

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

const roles: readonly ClientRole[] = ['user', 'assistant', 'system', 'tool']

/** Refuses unknown options. @throws `invalid` with the path and the nearest name. */
export function checkApiOptions(options: SessionApiOptions): void {
  checkOptions(options ?? {}, sessionApiNames)
  if (typeof (options as Partial<SessionApiOptions> | null)?.identify !== 'function') {
    throw new SessionError('invalid', 'identify must be a function that gives the identity of the caller', {
      path: 'identify',
    })
  }
  checkAccess(options)
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

/** What clients may do, by lists and functions: one of another kind would be refused, or taken, with each request. */
function checkAccess(options: SessionApiOptions): void {
  const { clientRoles, importRoute, guests } = options
  if (typeof clientRoles !== 'function') {
    checkOptions({ clientRoles }, { clientRoles: 'list' })
    checkNames(clientRoles, roles, 'clientRoles')
  }
  if (typeof importRoute !== 'function') checkOptions({ importRoute }, { importRoute: 'flag' })
  for (const name of ['clientParts', 'clientTools', 'clientOptions'] as const)
    checkEach(options[name], name, 'string', 'a text')
  checkEach(options.middleware, 'middleware', 'function', 'a function')
  if (guests !== undefined && (typeof guests.find !== 'function' || typeof guests.transport !== 'object'))
    throw new SessionError('invalid', 'guests must be what guests({ secrets }) gives', { path: 'guests' })
}

function checkEach(list: readonly unknown[] | undefined, name: string, type: string, noun: string): void {
  const wrong = list?.findIndex((each) => typeof each !== type) ?? -1
  if (wrong < 0) return
  const path = `${name}[${wrong}]`
  throw new SessionError('invalid', `${path} must be ${noun}`, { path })
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
