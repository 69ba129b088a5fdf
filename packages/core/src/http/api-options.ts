import type { Identity } from '../domain/identity.js'
import { isSessionError, SessionError } from '../errors.js'
import type { Service } from '../service/service.js'
import type { Respond, Tools, TurnOptions } from '../session.js'
import { type Sessions, serviceOf } from '../sessions.js'
import { spokenParts } from './client-messages.js'
import { OpenStreams } from './open-streams.js'
import { type Transport, type TransportOptions, createTransport } from './transport.js'

/** What middleware passes on: to later middleware, to `identify` and to `withRequestContext`. */
export type RequestContext = Readonly<Record<string, unknown>>

/** Sees a request before anybody else: answers it, adds to its context, or lets it pass. */
export type ApiMiddleware = (
  request: Request,
  context: RequestContext,
) => Response | RequestContext | undefined | Promise<Response | RequestContext | undefined>

/** Counts what a caller does. `rate-limiter-flexible` fits as it is. */
export interface RateLimiter {
  /** Resolves while there is room. Rejects with the same fields when there is none, with an `Error` when it fails. */
  consume(key: string): Promise<{ readonly remainingPoints: number; readonly msBeforeNext: number }>
  /** How much there is room for, and in how many seconds; told to callers. */
  readonly points?: number
  readonly duration?: number
}

/** Which pages of other origins may call, and how. */
export interface CorsOptions {
  /** Origins whose pages may call, such as `https://shop.example`. */
  origins: readonly string[]
  /** Whether their pages may send cookies (default false). */
  credentials?: boolean
  /** How long a browser remembers the answer, in milliseconds (default 10 minutes). */
  maxAgeMs?: number
}

/** What `createSessionApi` serves, to whom, and within which limits. */
export interface SessionApiOptions extends TransportOptions {
  /** The service, as `createSessions` makes it. */
  sessions: Sessions
  /**
   * Who is asking, from what you have verified: a token, a login. Never from what a client merely claims. A
   * `Response` answers the request instead. Without a `userId` the caller is anonymous: a credential, in a cookie or
   * in `X-Session-Id`, opens the session it was made for.
   */
  identify: (request: Request, context: RequestContext) => Identity | Response | Promise<Identity | Response>
  /** Asks the model, as for `session.turn()` (default: there is no route that has a message answered). */
  respond?: Respond
  /** What the model may call in every turn, by name (default: nothing). */
  tools?: Tools
  /** For every turn: `policy` (default that of the service) and `reuse` (default never). */
  turns?: Pick<TurnOptions, 'policy' | 'reuse'>
  /** What comes before `/sessions` in the path (default: nothing). */
  basePath?: string
  /** Run in order, before the caller is identified (default: none). */
  middleware?: readonly ApiMiddleware[]
  /**
   * Runs each request inside of something: an async context, a database transaction with row-level security (default:
   * inside of nothing).
   */
  withRequestContext?: (context: RequestContext, execute: () => Promise<Response>) => Promise<Response>
  /** Lets pages of other origins call (default: none). */
  cors?: CorsOptions
  /**
   * Origins whose pages may send unsafe requests with cookies, beside our own, and those of `cors` where it has
   * `credentials` (default: none).
   */
  trustedOrigins?: readonly string[]
  /** Counts requests (default: nobody does). */
  limiter?: RateLimiter
  /** What is counted together (default: tenant and user; all anonymous callers of a tenant are one). */
  limitKey?: (request: Request, identity: Identity) => string
  /** Counts requests for sessions that are not there, against guessing (default: nobody does). */
  missLimiter?: RateLimiter
  /** When a limiter itself fails: `open` (default) lets requests pass, `closed` refuses them with 503. */
  limiterFailure?: 'open' | 'closed'
  /** UTF-8 bytes a request body may have (default 1 MiB). */
  maxBodyBytes?: number
  /** Levels of nesting a request body may have (default 32). */
  maxBodyDepth?: number
  /**
   * As what a request redeems a transfer that is meant for an audience, from what you have verified (default: as what
   * its body says, which keeps mistakes out, and nobody who lies).
   */
  audienceOf?: (request: Request, identity: Identity, context: RequestContext) => string | undefined
  /** What events of transfers know a device by; they tell a keyed digest of it (default: its `User-Agent`). */
  deviceOf?: (request: Request, identity: Identity, context: RequestContext) => string | undefined
  /** Shows what tools gave back to clients (default false: `[tool result withheld]`). */
  exposeToolResults?: boolean
  /** Roles a client may append messages in (default: `user` alone). */
  clientRoles?: readonly ('user' | 'assistant' | 'system' | 'tool')[]
  /**
   * Types of parts that a client's messages may hold beside `text`, `image` and `file`, with whatever is in them
   * (default: none). What a model or a tool says (`reasoning`, `tool-call`, `tool-result`) is a matter of `clientRoles`.
   */
  clientParts?: readonly string[]
  /**
   * Whether an `image` or `file` of a client may name this `https:` address instead of holding its data (default:
   * never). Whoever fetches it may reach more than the client does.
   */
  clientUrls?: (url: URL) => boolean
  /**
   * Tools that clients run themselves, by name: a client may answer an open call of theirs, or the approval one waits
   * for, with a message of the role `tool` (default: none, and no client can speak for a tool).
   */
  clientTools?: readonly string[]
  /** Fields of a message request that are handed to `respond` as `options` (default: none; others are refused). */
  clientOptions?: readonly string[]
  /** Stops a turn when whoever asked for it hangs up (default false: it goes on, and can be resumed). */
  cancelOnDisconnect?: boolean
  /**
   * Streams that a user, or whoever holds an anonymous session, may keep open in this process at once: of `events` and
   * of turns (default 20).
   */
  maxOpenStreams?: number
  /** How often a silent stream shows that it lives, in milliseconds (default 15,000). */
  streamHeartbeatMs?: number
  /** How long the answer to an `Idempotency-Key` is kept, in milliseconds (default 24 hours). */
  idempotencyMs?: number
  /**
   * Accepts what clients of `unified-llm-client` 0.1 send: ids they choose, messages to sessions that are not there
   * yet, `tenantId` in the body when it is the caller's own, and its policy fields, which reach `respond` as
   * `options` (default: none of it). It never opens a session that is not the caller's.
   */
  compat?: 'unified-llm-client-0.1'
  /**
   * Told of every answer with a status of 500 or more, and of every failed turn (default: `console.error`, without what
   * a store itself has said, which may hold addresses and texts of users).
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

/** The options with their defaults, checked. */
export interface ApiConfig extends Required<
  Omit<
    SessionApiOptions,
    | 'respond'
    | 'tools'
    | 'withRequestContext'
    | 'cors'
    | 'limiter'
    | 'missLimiter'
    | 'limitKey'
    | 'audienceOf'
    | 'compat'
    | 'cookie'
    | 'header'
  >
> {
  readonly respond: Respond | undefined
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
  /** The cookie that carries credentials, without its prefix; undefined where none does. */
  readonly cookieName: string | undefined
  /** Whether `X-Session-Id` carries credentials. */
  readonly hasHeaderMode: boolean
  readonly service: Service
}

/** @throws `invalid` with the path of an option that cannot work. */
export function toApiConfig(options: SessionApiOptions): ApiConfig {
  const { sessions, cookie, header } = options
  const basePath = options.basePath ?? ''
  if (basePath !== '' && !/^(?:\/[^/{}?#]+)+$/.test(basePath)) {
    throw new SessionError('invalid', 'basePath must look like /api', { path: 'basePath' })
  }
  const isCompat = options.compat !== undefined
  return {
    sessions,
    identify: options.identify,
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
    missLimiter: options.missLimiter,
    limiterFailure: options.limiterFailure ?? 'open',
    limitKey: options.limitKey ?? ((_, { tenantId, userId }) => JSON.stringify([tenantId, userId ?? null])),
    audienceOf: options.audienceOf,
    deviceOf: options.deviceOf ?? (({ headers }) => headers.get('user-agent') ?? undefined),
    maxBodyBytes: positive(options.maxBodyBytes, 'maxBodyBytes', 1024 * 1024),
    maxBodyDepth: positive(options.maxBodyDepth, 'maxBodyDepth', 32),
    exposeToolResults: options.exposeToolResults ?? false,
    clientRoles: options.clientRoles ?? (isCompat ? ['user', 'assistant', 'system'] : ['user']),
    clientParts: toClientParts(options.clientParts),
    clientUrls: options.clientUrls ?? (() => false),
    clientTools: options.clientTools ?? [],
    clientOptions: options.clientOptions ?? (isCompat ? compatOptions : []),
    cancelOnDisconnect: options.cancelOnDisconnect ?? false,
    maxOpenStreams: positive(options.maxOpenStreams, 'maxOpenStreams', 20),
    openStreams: new OpenStreams(positive(options.maxOpenStreams, 'maxOpenStreams', 20)),
    streamHeartbeatMs: positive(options.streamHeartbeatMs, 'streamHeartbeatMs', 15_000),
    idempotencyMs: positive(options.idempotencyMs, 'idempotencyMs', 24 * 3_600_000),
    isCompat,
    onError: options.onError ?? logError,
    transport: createTransport({ cookie, header }, sessions.ttl.absoluteMs),
    cookieName: cookie === false ? undefined : (cookie?.name ?? 'sessions'),
    hasHeaderMode: header === true,
    service: serviceOf(sessions),
  }
}

function logError(error: unknown, request: Request): void {
  const what = `[sessions] ${request.method} ${new URL(request.url).pathname}`
  if (!isSessionError(error)) {
    console.error(what, error)
    return
  }
  const cause = error.cause instanceof Error ? ` (${error.cause.name}; onError is given the whole error)` : ''
  console.error(`${what}: ${error.code}: ${error.message}${cause}`)
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
  if (!(value > 0)) throw new SessionError('invalid', `${path} must be more than 0`, { path })
  return value
}
