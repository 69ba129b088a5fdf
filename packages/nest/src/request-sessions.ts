import { type ArgumentsHost, Injectable } from '@nestjs/common'
import { type Identity, SessionError } from '@sessions/core'
import {
  checkOrigin,
  guestsOfRequest,
  isOfAnotherSite,
  RequestSession,
  sessionIdHeader,
} from '@sessions/core/node'
import { headerSink } from './header-sink.js'
import { hostOf, pageRequestOf } from './page-request.js'
import type { SessionsRequest } from './platform.js'
import type { SessionsService } from './sessions-service.js'
import { defaultName } from './sessions-tokens.js'

const everybody: Identity = { tenantId: 'default' }

/**
 * The sessions of requests, for your own guards and interceptors:
 * `constructor(@Inject(RequestSessions) requests: RequestSessions)`, then `await requests.of(context).find()`.
 */
@Injectable()
export class RequestSessions {
  readonly #services = new Map<string, SessionsService>()
  // By Node's own request, which is the same object in middleware, guards and handlers of both platforms.
  readonly #known = new WeakMap<object, Map<string, RequestSession>>()

  /**
   * The session of the current request. It is looked up when it is first needed, and then only once.
   *
   * @param name That of `forFeature` (default: the service of `forRoot`).
   * @throws `invalid` outside of HTTP, where there is no request: pass the session, or use `sessions.for(identity)`.
   */
  of(context: ArgumentsHost, name: string = defaultName): RequestSession {
    if (context.getType() !== 'http') {
      throw new SessionError(
        'invalid',
        `A ${context.getType()} context has no request, and so no session: pass the handle, or use sessions.for(identity).`,
      )
    }
    const http = context.switchToHttp()
    const request = http.getRequest<SessionsRequest>()
    const key = request.raw ?? request
    let known = this.#known.get(key)
    if (known === undefined) this.#known.set(key, (known = new Map<string, RequestSession>()))
    let session = known.get(name)
    if (session === undefined) {
      session = toRequestSession(this.#service(name), { request, key, response: http.getResponse() })
      known.set(name, session)
    }
    return session
  }

  /** Whether the request has a credential or an id, valid or not. */
  carries(context: ArgumentsHost, name: string = defaultName): boolean {
    const request = context.switchToHttp().getRequest<SessionsRequest>()
    return this.#service(name).transport.read(transportFieldsOf(request)) !== undefined
  }

  /**
   * Checks that no page of another site may have sent an unsafe request with its visitor's cookies.
   *
   * @throws `forbidden`
   */
  checkOrigin(context: ArgumentsHost, name: string = defaultName): void {
    const request = context.switchToHttp().getRequest<SessionsRequest>()
    // An application of features alone has no service that decides for it, so its first one does.
    const [first] = this.#services.values()
    const { trustedOrigins, hasHeaderMode } = this.#services.get(name) ?? first ?? this.#service(name)
    try {
      checkOrigin(pageRequestOf(request), { host: hostOf(request) }, { trustedOrigins, hasHeaderMode })
    } catch (cause) {
      throw new SessionError('forbidden', (cause as Error).message, { cause })
    }
  }

  /** @internal The `identify` of a service that has none of its own. */
  async identifyAsRoot(request: SessionsRequest, asking: string): Promise<Identity> {
    const root = asking === defaultName ? undefined : this.#services.get(defaultName)
    return root === undefined ? everybody : root.identify(request)
  }

  /** @internal @throws `invalid` for a name that is used already, and for a cookie that another service has. */
  add(service: SessionsService): void {
    if (this.#services.has(service.name)) {
      throw new SessionError(
        'invalid',
        `A service named "${service.name}" exists already: import the module that has it.`,
      )
    }
    for (const other of this.#services.values()) checkCookies(service, other)
    this.#services.set(service.name, service)
  }

  /** @internal Whether this service came before all others. */
  isFirst(service: SessionsService): boolean {
    return this.#services.values().next().value === service
  }

  #service(name: string): SessionsService {
    const service = this.#services.get(name)
    if (service !== undefined) return service
    const how = name === defaultName ? 'forRoot()' : `forFeature('${name}')`
    throw new SessionError('invalid', `No module imports SessionsModule.${how}.`)
  }
}

/** Of two cookies of one name each would take the place of the other. @throws `invalid` */
function checkCookies(one: SessionsService, other: SessionsService): void {
  const refuse = (path: string, cookieName: string): never => {
    const names = `"${other.name}" and "${one.name}"`
    throw new SessionError('invalid', `${path}: the services ${names} have both the cookie "${cookieName}"`, {
      path,
    })
  }
  const { cookieName } = one.transport
  if (
    one.sessions !== other.sessions &&
    cookieName !== undefined &&
    cookieName === other.transport.cookieName
  )
    refuse('cookie.name', cookieName)
  const named = one.guests?.transport.cookieName
  if (one.guests !== other.guests && named !== undefined && named === other.guests?.transport.cookieName)
    refuse('guests.cookie.name', named)
}

function toRequestSession(
  service: SessionsService,
  { request, key, response }: { request: SessionsRequest; key: object; response: never },
): RequestSession {
  const { sessions, transport, guests, warn } = service
  return new RequestSession({
    sessions,
    transport,
    fields: {
      ...transportFieldsOf(request),
      isOfAnotherSite: isOfAnotherSite(pageRequestOf(request), { host: hostOf(request) }, service),
    },
    headers: headerSink(response),
    identify: () => service.identify(request),
    guests: guests === undefined ? undefined : guestsOfRequest(key, guests),
    warn,
  })
}

function transportFieldsOf({ headers, protocol }: SessionsRequest) {
  const sessionId = headers[sessionIdHeader.toLowerCase()]
  return {
    cookie: headers.cookie,
    sessionId: Array.isArray(sessionId) ? sessionId.join(', ') : sessionId,
    isSecure: protocol === 'https',
    fetchSite: headers['sec-fetch-site'],
  }
}
