import { checkTools } from '../turn/check-tools.js'
import { type Identity, isAdmin } from '../domain/identity.js'
import { atOnce, telling } from '../async/calling.js'
import { SessionError } from '../errors.js'
import { defaultMaxNodes } from '../json.js'
import type { Service } from '../service/service.js'
import type { Respond, Tools, TurnOptions } from '../session.js'
import { type Sessions, serviceOf } from '../sessions.js'
import { spokenParts } from './client-messages.js'
import { checkGuestCookie, type Guests } from './guests.js'
import { toLogLine } from './log-line.js'
import { OpenStreams } from './open-streams.js'
import { type Transport, type TransportOptions, createTransport } from './transport.js'

/** Values that middleware passes on: to later middleware, to `identify` and to `withRequestContext`. */
export type RequestContext = Readonly<Record<string, unknown>>

/** Runs before everything else: answers a request, adds to its context, or lets it pass. */
export type ApiMiddleware = (
  request: Request,
  context: RequestContext,
) => Response | RequestContext | undefined | Promise<Response | RequestContext | undefined>

/** Counts the requests of a caller. `rate-limiter-flexible` fits as it is. */
export interface RateLimiter {
  /**
   * Resolves while there is room. Rejects with the same fields when there is none, and with an `Error` when it fails. A
   * limiter that is several in one gives the fields of each under its name.
   */
  consume(
    key: string,
  ): Promise<
    | { readonly remainingPoints: number; readonly msBeforeNext: number }
    | { readonly [name: string]: { readonly remainingPoints: number; readonly msBeforeNext: number } }
  >
  /** The limit, and its window in seconds; sent to callers. */
  readonly points?: number
  /** The span that it counts in, seconds. */
  readonly duration?: number
}

/** One of several limits: requests with the same key are counted together. */
export interface RateLimit {
  /** Names it in the header `RateLimit`: letters, digits and `-`. */
  readonly name: string
  /** Counts the requests. */
  readonly limiter: RateLimiter
  /** Undefined for a request that this limit does not count. */
  readonly key: (request: Request, identity: Identity, sessionId: string | undefined) => string | undefined
}

/** Which pages of other origins may call the API, and how. */
export interface CorsOptions {
  /** Origins whose pages may call, such as `https://shop.example`; `null`, which pages without one send, has no `credentials`. */
  origins: readonly string[]
  /** Whether their pages may send cookies (default false). */
  credentials?: boolean
  /** How long a browser may cache the answer, in milliseconds (default 10 minutes). */
  maxAgeMs?: number
}

/** How long clients may have their sessions live. */
export interface ClientTtl {
  /** Milliseconds after the last write, at most. */
  maxIdleMs: number
  /** Milliseconds after creation, at most (default: clients may not say it). */
  maxAbsoluteMs?: number
}

/** A role that a client may be allowed to append messages in. */
export type ClientRole = 'user' | 'assistant' | 'system' | 'tool'

/** The service, the callers and the limits of `createSessionApi`. */
export interface SessionApiOptions<Inputs = Readonly<Record<string, unknown>>> extends TransportOptions {
  /** The service, as `createSessions` makes it. */
  sessions: Sessions
  /**
   * Returns the identity of the caller, from what you have verified: a token, a login. Never from what a client merely
   * claims. A `Response` answers the request instead. Without a `userId` the caller is anonymous: a credential, in a
   * cookie or in `X-Session-Id`, opens the session that it was made for.
   */
  identify: (request: Request, context: RequestContext) => Identity | Response | Promise<Identity | Response>
  /** Makes callers without a `userId` guests, who have several sessions of their own (default: they are anonymous). */
  guests?: Guests
  /** Calls the model, as for `session.turn()` (default: none, and there is no route that answers messages). */
  respond?: Respond
  /** The tools that the model may call in every turn, by name (default: none). */
  tools?: Tools<Inputs> | Readonly<Record<string, never>>
  /** For every turn: `policy` (default that of the service) and `reuse` (default never). */
  turns?: Pick<TurnOptions, 'policy' | 'reuse'>
  /** The part of the path before `/sessions`, after that where a framework mounts the API (default: none). */
  basePath?: string
  /** Run in order, before the caller is identified (default: none). */
  middleware?: readonly ApiMiddleware[]
  /**
   * Wraps the handling of each request: in an async context, in a database transaction with row-level security
   * (default: no wrapper).
   */
  withRequestContext?: (context: RequestContext, execute: () => Promise<Response>) => Promise<Response>
  /** Pages of other origins that may call the API (default: none). */
  cors?: CorsOptions
  /**
   * Origins whose pages may send unsafe requests with cookies, in addition to the API's own origin and those of `cors`
   * with `credentials` (default: none).
   */
  trustedOrigins?: readonly string[]
  /** Counts requests (default: requests are not counted). */
  limiter?: RateLimiter
  /**
   * The key under which requests are counted together (default: tenant and user; all anonymous callers of a tenant
   * share one).
   */
  limitKey?: (request: Request, identity: Identity) => string
  /**
   * Further limits, each with a key of its own: of a session, a user, a tenant, an address (default: none). A request that
   * one refuses is not counted by those after it.
   */
  limits?: readonly RateLimit[]
  /** Counts requests for sessions that do not exist, against guessing (default: they are not counted). */
  missLimiter?: RateLimiter
  /** When a limiter itself fails: `open` (default) lets requests pass, `closed` refuses them with 503. */
  limiterFailure?: 'open' | 'closed'
  /** UTF-8 bytes that a request body may have (default 1 MiB). */
  maxBodyBytes?: number
  /** Levels of nesting that a request body may have (default 32). */
  maxBodyDepth?: number
  /** Keys and items that a request body may have together (default 10,000). */
  maxBodyItems?: number
  /**
   * Returns the audience of a request that redeems a transfer, from what you have verified (default: the audience in
   * its body, which stops mistakes, but no attacker).
   */
  audienceOf?: (request: Request, identity: Identity, context: RequestContext) => string | undefined
  /** Returns the name of a device; events of transfers have a keyed digest of it (default: its `User-Agent`). */
  deviceOf?: (request: Request, identity: Identity, context: RequestContext) => string | undefined
  /** Shows the results of tools to clients (default false: `[tool result withheld]`). */
  exposeToolResults?: boolean
  /** Roles a client may append messages in, or those of each caller by who is asking (default: `user` alone). */
  clientRoles?: readonly ClientRole[] | ((identity: Identity) => readonly ClientRole[])
  /**
   * Types of parts that a client's messages may have in addition to `text`, `image` and `file`, with any fields
   * (default: none). Parts of a model or a tool (`reasoning`, `tool-call`, `tool-result`) need `clientRoles` instead.
   */
  clientParts?: readonly string[]
  /**
   * Whether an `image` or `file` of a client may name this `https:` address instead of containing its data (default:
   * never). The server that fetches the address may reach more than the client can.
   */
  clientUrls?: (url: URL) => boolean
  /**
   * Tools that clients run themselves, by name: with a message of the role `tool`, a client may answer an open call of
   * such a tool, or an approval that the call waits for (default: none, and no client can send results of tools).
   */
  clientTools?: readonly string[]
  /**
   * Lets clients set the lifetime of their sessions, up to these limits: with `ttl` when they create one, and later with
   * `extend` (default: they may not, and sessions live as long as the service says).
   */
  clientTtl?: ClientTtl
  /** Fields of a message request that `respond` gets as `options` (default: none; others are refused). */
  clientOptions?: readonly string[]
  /** Stops a turn when the client that sent its message disconnects (default false: it goes on, and can be resumed). */
  cancelOnDisconnect?: boolean
  /**
   * UTF-8 bytes of sessions that a user, or the holder of an anonymous session and its forks, may read within an hour
   * in order to copy them, by `fork` and by transfers with the mode `copy`; the copy that reaches it is the last one
   * (default 32 MiB). `Infinity` allows any number.
   */
  maxCopiedBytes?: number
  /**
   * Streams that a user, or the holder of an anonymous session, may have open in this process at once: of `events` and
   * of turns (default 20).
   */
  maxOpenStreams?: number
  /** How often a stream without events sends a sign of life, in milliseconds (default 15,000); `Infinity` for never. */
  streamHeartbeatMs?: number
  /** How long the answer to an `Idempotency-Key` is kept, in milliseconds (default 24 hours). */
  idempotencyMs?: number
  /**
   * Serves what users may do with their own data, and an admin with that of any user of the tenant, under
   * `/users/{userId}` (default false: these paths are not the API's).
   */
  userRoutes?: boolean
  /** Serves the audit of the tenant to its admins, at `/audit` (default false: the path is not the API's). */
  auditRoutes?: boolean
  /** Serves what the tenant used and what it cost to its admins, at `/usage` (default false: the path is not the API's). */
  usageRoutes?: boolean
  /**
   * Serves what the sessions of the tenant say together to its admins, at `/analytics` (default false: the path is not the
   * API's). Each request reads the sessions of its span, up to 20,000.
   */
  analyticsRoutes?: boolean
  /**
   * Serves what callers find in their own sessions, and admins in those of the tenant, under `/search` (default false: the
   * paths are not the API's). Without an index a request reads up to 5,000 messages.
   */
  searchRoutes?: boolean
  /**
   * Serves `POST /sessions/import`, for admins, or for whom this returns true (default false: the path is not the
   * API's). An export says what models and tools have said, and nothing proves that they have.
   */
  importRoute?: boolean | ((identity: Identity) => boolean)
  /**
   * Accepts the requests of `unified-llm-client` 0.1: ids that clients choose, messages to sessions that do not exist
   * yet, `tenantId` in the body when it is the caller's own, and its policy fields, which `respond` gets as `options`
   * (default: none of it). It never opens a session of another caller.
   */
  compat?: 'unified-llm-client-0.1'
  /**
   * Called for every answer with a status of 500 or more, and for every failed turn (default: `console.error`, without
   * the text of a store's own error, which may contain addresses and texts of users).
   */
  onError?: (error: unknown, request: Request) => void
}

/** Fields that clients of `unified-llm-client` 0.1 may set. */
export const compatOptions = [
  'budgetUsd',
  'maxContextTokens',
  'maxTokens',
  'maxToolRounds',
  'model',
  'provider',
  'providerOptions',
  'responseFormat',
  'system',
  'toolChoice',
  'toolExecutionTimeoutMs',
  'toolValidation',
] as const

/** The options with their defaults, after checks. */
export interface ApiConfig extends Required<
  Omit<
    SessionApiOptions,
    | 'respond'
    | 'guests'
    | 'tools'
    | 'withRequestContext'
    | 'cors'
    | 'limiter'
    | 'missLimiter'
    | 'limitKey'
    | 'audienceOf'
    | 'compat'
    | 'clientTtl'
    | 'clientRoles'
    | 'importRoute'
    | 'cookie'
    | 'header'
  >
> {
  readonly clientTtl: ClientTtl | undefined
  readonly clientRoles: (identity: Identity) => readonly ClientRole[]
  readonly mayImport: (identity: Identity) => boolean
  readonly respond: Respond | undefined
  readonly guests: Guests | undefined
  readonly tools: Tools
  readonly withRequestContext: SessionApiOptions['withRequestContext']
  readonly cors: CorsOptions | undefined
  readonly limiter: RateLimiter | undefined
  readonly missLimiter: RateLimiter | undefined
  readonly limitKey: (request: Request, identity: Identity) => string
  readonly audienceOf: SessionApiOptions['audienceOf']
  /** Origins whose pages may send unsafe requests without cookies. */
  readonly guestOrigins: readonly string[]
  readonly openStreams: OpenStreams
  readonly isCompat: boolean
  readonly transport: Transport
  /** The cookie that carries credentials, without its prefix; undefined when no cookie does. */
  readonly cookieName: string | undefined
  /** Whether `X-Session-Id` carries credentials. */
  readonly hasHeaderMode: boolean
  readonly service: Service
}

/** @throws `invalid` with the path of a wrong option. */
export function toApiConfig(options: SessionApiOptions): ApiConfig {
  const { sessions, cookie, header } = options
  const basePath = options.basePath ?? ''
  if (basePath !== '' && !/^(?:\/[^/{}?#]+)+$/.test(basePath)) {
    throw new SessionError('invalid', 'basePath must look like /api', { path: 'basePath' })
  }
  const isCompat = options.compat !== undefined
  const service = serviceOf(sessions)
  if (options.auditRoutes === true && service.audit === undefined) {
    throw new SessionError('invalid', 'auditRoutes needs sessions with the setting audit', {
      path: 'auditRoutes',
    })
  }
  if (options.usageRoutes === true && service.usage === undefined) {
    throw new SessionError('invalid', 'usageRoutes needs sessions with the setting usage', {
      path: 'usageRoutes',
    })
  }
  checkTools(options.tools)
  const transport = createTransport({ cookie, header }, sessions.ttl.absoluteMs)
  checkGuestCookie(options.guests, transport)
  return {
    sessions,
    identify: options.identify,
    guests: options.guests,
    respond: options.respond,
    tools: options.tools ?? {},
    turns: options.turns ?? {},
    basePath,
    middleware: options.middleware ?? [],
    withRequestContext: options.withRequestContext,
    cors: options.cors,
    trustedOrigins: [
      ...(options.trustedOrigins ?? []),
      ...(options.cors?.credentials === true ? options.cors.origins : []),
    ],
    guestOrigins: options.cors?.origins ?? [],
    limiter: options.limiter,
    // By name, because a limit may be an object of a class.
    limits: (options.limits ?? []).map(({ name, limiter, key }) => ({
      name,
      limiter,
      key: atOnce('limits.key', key),
    })),
    missLimiter: options.missLimiter,
    limiterFailure: options.limiterFailure ?? 'open',
    limitKey: atOnce('limitKey', options.limitKey ?? keyOfCaller),
    audienceOf: options.audienceOf === undefined ? undefined : atOnce('audienceOf', options.audienceOf),
    deviceOf: atOnce('deviceOf', options.deviceOf ?? userAgentOf),
    maxBodyBytes: positive(options.maxBodyBytes, 'maxBodyBytes', 1024 * 1024),
    maxBodyDepth: positive(options.maxBodyDepth, 'maxBodyDepth', 32),
    maxBodyItems: positive(options.maxBodyItems, 'maxBodyItems', defaultMaxNodes),
    exposeToolResults: options.exposeToolResults ?? false,
    clientRoles: toClientRoles(options.clientRoles, isCompat),
    clientTtl: options.clientTtl,
    clientParts: toClientParts(options.clientParts),
    clientUrls: atOnce('clientUrls', options.clientUrls ?? (() => false)),
    clientTools: options.clientTools ?? [],
    clientOptions: options.clientOptions ?? (isCompat ? compatOptions : []),
    cancelOnDisconnect: options.cancelOnDisconnect ?? false,
    maxCopiedBytes: positive(options.maxCopiedBytes, 'maxCopiedBytes', 32 * 1024 * 1024),
    maxOpenStreams: positive(options.maxOpenStreams, 'maxOpenStreams', 20),
    openStreams: new OpenStreams(positive(options.maxOpenStreams, 'maxOpenStreams', 20)),
    streamHeartbeatMs: positive(options.streamHeartbeatMs, 'streamHeartbeatMs', 15_000),
    userRoutes: options.userRoutes ?? false,
    mayImport:
      typeof options.importRoute === 'function' ? atOnce('importRoute', options.importRoute) : isAdmin,
    auditRoutes: options.auditRoutes ?? false,
    usageRoutes: options.usageRoutes ?? false,
    analyticsRoutes: options.analyticsRoutes ?? false,
    searchRoutes: options.searchRoutes ?? false,
    idempotencyMs: positive(options.idempotencyMs, 'idempotencyMs', 24 * 3_600_000),
    isCompat,
    onError: telling('onError', options.onError ?? logError),
    transport,
    cookieName: cookie === false ? undefined : (cookie?.name ?? 'sessions'),
    hasHeaderMode: header === true,
    service,
  }
}

function logError(error: unknown, request: Request): void {
  // Apart from the first argument, which may command what becomes of the others: `%c` in a path would hide the error.
  console.error('[sessions]', `${request.method} ${new URL(request.url).pathname}:`, toLogLine(error))
}

const keyOfCaller: ApiConfig['limitKey'] = (_, { tenantId, userId }) =>
  JSON.stringify([tenantId, userId ?? null])

const userAgentOf: ApiConfig['deviceOf'] = ({ headers }) => headers.get('user-agent') ?? undefined

function toClientRoles(given: SessionApiOptions['clientRoles'], isCompat: boolean): ApiConfig['clientRoles'] {
  if (typeof given === 'function') return atOnce('clientRoles', given)
  const roles = given ?? (isCompat ? ['user', 'assistant', 'system'] : ['user'])
  return () => roles
}

function toClientParts(given: readonly string[] = []): readonly string[] {
  const spoken = given.find((type) => spokenParts.includes(type))
  if (spoken === undefined) return given
  throw new SessionError(
    'invalid',
    `clientParts: ${spoken} may not be listed here: allow it with clientRoles`,
    {
      path: 'clientParts',
    },
  )
}

function positive(value: number | undefined, path: string, otherwise: number): number {
  if (value === undefined) return otherwise
  // `Infinity` is no limit.
  if (value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && value > 0)) return value
  throw new SessionError('invalid', `${path} must be more than 0, and whole`, { path })
}
