import { HttpException, Logger, type OnApplicationShutdown } from '@nestjs/common'
import { createSessions, type Identity, SessionError, type Sessions } from '@sessions/core'
import { createSessionApi, type Guests, type SessionApi } from '@sessions/core/http'
import {
  checkGuestCookie,
  checkOptions,
  createTransport,
  type OptionNames,
  toLogLine,
  toNamedTransport,
  type Transport,
  warnOnce,
} from '@sessions/core/node'
import { platformRequestOf } from './mounted-api.js'
import type { SessionsRequest } from './platform.js'
import type { SessionsModuleOptions, SessionsRootOptions } from './sessions-options.js'
import { defaultName } from './sessions-tokens.js'

type Identify = (request: SessionsRequest) => Identity | Promise<Identity>

const optionNames: OptionNames<SessionsRootOptions> = {
  sessions: true,
  service: true,
  identify: 'function',
  guests: 'object',
  api: 'object',
  problems: 'flag',
  close: 'function',
  trustedOrigins: 'origins',
  onWarning: 'function',
  controller: true,
  isGlobal: true,
  cookie: true,
  header: 'flag',
}

// By the module, which closes them.
const made = new WeakSet<Sessions>()

/** The service that options ask for. @throws `invalid` with the path of a wrong option. */
export function sessionsOf(options: SessionsModuleOptions): Sessions {
  checkOptions(options, optionNames)
  const { sessions, service } = options
  // The module would use one of the two without a word about the other.
  if (sessions !== undefined && service !== undefined) {
    throw new SessionError('invalid', 'service: give either sessions or service', { path: 'service' })
  }
  if (sessions === undefined) {
    const own = createSessions(service)
    made.add(own)
    return own
  }
  if (isSessions(sessions)) return sessions
  throw new SessionError('invalid', 'sessions was not made by createSessions', { path: 'sessions' })
}

/** One service in an application: its sessions, and its connection to requests. */
export class SessionsService implements OnApplicationShutdown {
  readonly name: string
  readonly sessions: Sessions
  readonly transport: Transport
  readonly identify: Identify
  readonly guests: Guests | undefined
  /** Origins whose pages may begin sessions with unsafe requests, in addition to the application's own. */
  readonly trustedOrigins: readonly string[]
  /** Whether `X-Session-Id` carries credentials. */
  readonly hasHeaderMode: boolean
  readonly #options: SessionsModuleOptions
  #closed: Promise<void> | undefined

  /**
   * @param sessions What `sessionsOf` has made of the options, or what a testing module has put in its place.
   * @throws `invalid` with the path of a wrong option.
   */
  constructor(
    name: string,
    options: SessionsModuleOptions,
    otherwise: Identify,
    sessions: Partial<Sessions> = sessionsOf(options),
  ) {
    this.name = name
    this.#options = options
    this.hasHeaderMode = options.header === true
    this.guests = options.guests
    this.trustedOrigins = options.trustedOrigins ?? []
    this.sessions = isSessions(sessions) ? sessions : sessionsOf(options)
    this.identify = async (request) => options.identify?.(request) ?? otherwise(request)
    this.transport = createTransport(this.#carrying(), this.sessions.ttl.absoluteMs)
    checkGuestCookie(options.guests, this.transport)
  }

  /** Warns once, however often it happens. */
  readonly warn = warnOnce((warning) => {
    // Returned, for it may be asynchronous and reject.
    if (this.#options.onWarning !== undefined) return this.#options.onWarning(warning)
    return new Logger('Sessions').warn(`${warning.code}: ${warning.message}`)
  })

  /** The HTTP API, if `api` is set. @throws `invalid` with the path of a wrong option. */
  api(): SessionApi | undefined {
    const { api } = this.#options
    if (api === undefined || 'handle' in api) return api
    const { prefix: basePath = '', ...options } = api
    const logger = new Logger('Sessions')
    return createSessionApi({
      onError: (error) => logger.error(toLogLine(error)),
      trustedOrigins: this.trustedOrigins,
      ...options,
      basePath,
      ...this.#carrying(),
      sessions: this.sessions,
      identify: (request) => this.#identifyCaller(request),
      ...(this.guests === undefined ? {} : { guests: this.guests }),
    })
  }

  /** The last step of an application's shutdown: no request is being answered any more. */
  async onApplicationShutdown(): Promise<void> {
    this.#closed ??= (async () => {
      // A service that the application passed in may serve others, too.
      await (made.has(this.sessions) ? this.sessions.close() : this.sessions.settled())
      await this.#options.close?.()
    })()
    return this.#closed
  }

  /** Two services must not overwrite each other's cookie. */
  #carrying() {
    const { cookie, header } = this.#options
    return this.name === defaultName ? { cookie, header } : toNamedTransport(this.name, { cookie, header })
  }

  async #identifyCaller(request: Request): Promise<Identity | Response> {
    try {
      return await this.identify(platformRequestOf(request))
    } catch (error) {
      if (!(error instanceof HttpException)) throw error
      const said = error.getResponse()
      return Response.json(typeof said === 'string' ? { message: said } : said, { status: error.getStatus() })
    }
  }
}

// By what it does: another copy of the core may have made it.
function isSessions(value: Partial<Sessions> | null): value is Sessions {
  return typeof value?.for === 'function' && typeof value.ttl?.absoluteMs === 'number'
}
