import { SessionError } from '../errors.js'
import { checkOptions, type OptionNames } from '../options.js'
import type { SessionWarning } from '../service/settings.js'
import { cookieValues, setCookie } from './cookies.js'

/** The cookie that carries a credential. */
export interface CookieOptions {
  /**
   * Default `sessions`; over TLS it is sent as `__Host-<name>`, which a browser binds to one host. Services whose cookies
   * meet in one browser, such as on other ports of one host, need a name each.
   */
  name?: string
  /** Default `lax`. Over plain HTTP `none` becomes `lax`, because browsers take no other cookie there. */
  sameSite?: 'lax' | 'strict' | 'none'
  /** How long a browser keeps it, in milliseconds, from a second to 400 days (default: the service's absolute deadline). */
  maxAgeMs?: number
  /**
   * `auto` (default): set over TLS, and over plain HTTP outside production; `true`: only over TLS; `false`: over plain
   * HTTP in production too.
   */
  secure?: 'auto' | boolean
  /**
   * For an application in an iframe of another site: browsers keep a cookie of its own for each site that embeds it
   * (CHIPS). It needs `sameSite: 'none'`, and TLS (default false).
   */
  partitioned?: boolean
}

/** How a credential travels between the caller and the server. */
export interface TransportOptions {
  /** In a cookie (default), or `false` for none. */
  cookie?: CookieOptions | false | undefined
  /** Also in the `X-Session-Id` header, for callers that keep no cookies (default false). */
  header?: boolean | undefined
}

/** The parts of a request that may have a credential. */
export interface TransportFields {
  /** The header `Cookie`, as it came. */
  readonly cookie: string | undefined
  /** The header `X-Session-Id`, which has a credential. */
  readonly sessionId: string | undefined
  /** Whether it came over TLS, according to the framework and the proxy that it trusts. */
  readonly isSecure: boolean
  /** Whether it is an unsafe request of a page of another site, which gets no cookie (default: no). */
  readonly isOfAnotherSite?: boolean
  /**
   * The value of `Sec-Fetch-Site`: when a browser sends it and cookies are on, the page gets no credential that its
   * scripts can read (default: no browser).
   */
  readonly fetchSite?: string | undefined
}

const cookieNames: OptionNames<CookieOptions> = {
  name: 'text',
  sameSite: ['lax', 'strict', 'none'],
  maxAgeMs: 'number',
  secure: true,
  partitioned: 'flag',
}
const transportNames: OptionNames<TransportOptions> = { cookie: true, header: 'flag' }

/** The header that carries a credential, or a public id of a session, for callers without cookies. */
export const sessionIdHeader = 'X-Session-Id'

const maxCookieAgeMs = 400 * 24 * 3_600_000
// A valid header value is a credential or an id; both are far shorter.
const maxValueLength = 4096

/** Reads and writes credentials according to the options. */
export interface Transport {
  /** The name of its cookie, without the prefix that it has over TLS; undefined when it sets none. */
  readonly cookieName: string | undefined
  /** The names of the headers that an answer depends on, for `Vary`. */
  readonly varyBy: readonly string[]
  /**
   * The caller's credential; undefined when there is none, or when two places disagree, because guessing is not safe.
   */
  read(fields: TransportFields): string | undefined
  /** The response headers that hand a credential over; without one, those that remove the old credential. */
  write(
    fields: TransportFields,
    credential: string | undefined,
  ): readonly (readonly [name: string, value: string])[]
  /** Why the response cannot carry a credential; undefined when it can. */
  refusal(fields: TransportFields): SessionError | undefined
}

/**
 * The options of one service among several in an application: each gets a cookie of its own, unless the options name
 * it.
 */
export function toNamedTransport(name: string, { cookie, header }: TransportOptions): TransportOptions {
  if (cookie === false || cookie?.name !== undefined) return { cookie, header }
  return { cookie: { ...cookie, name: `sessions-${name}` }, header }
}

/** @throws `invalid` when the options leave no way to carry a credential, or describe a cookie that browsers refuse. */
export function createTransport(options: TransportOptions, absoluteMs: number): Transport {
  checkOptions<TransportOptions>(options, transportNames)
  const { cookie = {}, header = false } = options
  if (cookie !== false) checkOptions(cookie, cookieNames, 'cookie')
  if (cookie === false && !header) {
    throw new SessionError('invalid', 'cookie and header are both off, so no credential can be sent', {
      path: 'cookie',
    })
  }
  const given: CookieOptions = cookie === false ? {} : cookie
  const { name = 'sessions', secure = 'auto', sameSite = 'lax', maxAgeMs = absoluteMs } = given
  const { partitioned = false } = given
  checkCookie({ ...given, name, secure })
  if (sameSite === 'none' && secure === false) {
    throw new SessionError('invalid', 'a cookie with sameSite none must be secure', { path: 'cookie.secure' })
  }
  if (partitioned && sameSite !== 'none') {
    throw new SessionError(
      'invalid',
      "a partitioned cookie needs sameSite: 'none', so that other sites may embed it",
      {
        path: 'cookie.partitioned',
      },
    )
  }
  const plainAllowed =
    secure === false || (secure === 'auto' && globalThis.process?.env['NODE_ENV'] !== 'production')
  const maxAge = Math.floor(Math.min(maxAgeMs, maxCookieAgeMs) / 1000)
  const nameFor = (fields: TransportFields): string => (fields.isSecure ? `__Host-${name}` : name)
  const isPlain = (fields: TransportFields): boolean => !fields.isSecure && !plainAllowed
  const setsCookie = (fields: TransportFields): boolean =>
    cookie !== false && !isPlain(fields) && fields.isOfAnotherSite !== true
  const setsHeader = (fields: TransportFields): boolean => {
    const isOurPage = fields.fetchSite === 'same-origin' || fields.fetchSite === 'none'
    return header && !(isOurPage && fields.sessionId === undefined && cookie !== false)
  }

  return {
    cookieName: cookie === false ? undefined : name,
    varyBy: [...(cookie === false ? [] : ['Cookie']), ...(header ? [sessionIdHeader] : [])],

    refusal(fields) {
      if (setsCookie(fields) || setsHeader(fields)) return undefined
      return isPlain(fields) ? insecureTransport() : fromAnotherSite()
    },

    read(fields) {
      const values = new Set(cookie === false ? [] : cookieValues(fields.cookie, nameFor(fields)))
      if (header && fields.sessionId !== undefined) values.add(fields.sessionId.trim())
      // A client that has no value yet, or a proxy that blanks it, says nothing.
      values.delete('')
      const [value] = values
      return values.size === 1 && value!.length <= maxValueLength ? value : undefined
    },

    write(fields, credential) {
      const headers: [string, string][] = []
      if (setsCookie(fields)) {
        const attributes = {
          path: '/',
          secure: fields.isSecure,
          // Browsers drop a cookie with `none` that came over plain HTTP, and nobody could open its session.
          sameSite: sameSite === 'none' && !fields.isSecure ? 'lax' : sameSite,
          partitioned: partitioned && fields.isSecure,
          maxAge: credential === undefined ? 0 : maxAge,
        }
        headers.push(['Set-Cookie', setCookie(nameFor(fields), credential ?? '', attributes)])
      }
      if (credential !== undefined && setsHeader(fields)) headers.push([sessionIdHeader, credential])
      return headers
    },
  }
}

/** @throws `invalid` for a cookie that no browser would keep. */
function checkCookie({ name, secure, maxAgeMs }: CookieOptions & { name: string }): void {
  const refuse = (path: string, what: string): never => {
    throw new SessionError('invalid', `${path} ${what}`, { path })
  }
  if (!/^[A-Za-z0-9_-]+$/.test(name)) refuse('cookie.name', 'may hold letters, digits, - and _ only')
  if (/^__(?:host|secure)-/i.test(name))
    refuse('cookie.name', 'must not begin with __Host- or __Secure-: over TLS, __Host- is added by itself')
  if (secure !== 'auto' && typeof secure !== 'boolean')
    refuse('cookie.secure', "must be 'auto', true or false")
  if (maxAgeMs !== undefined && maxAgeMs < 1000) refuse('cookie.maxAgeMs', 'must be at least 1000, a second')
}

/** @throws `insecure_transport`, which it also tells `warn`, and `forbidden`. */
export function mustCarry(
  transport: Transport,
  fields: TransportFields,
  warn: (warning: SessionWarning) => void,
): void {
  const refusal = transport.refusal(fields)
  if (refusal?.code === 'insecure_transport') warn({ code: 'insecure_transport', message: refusal.message })
  if (refusal !== undefined) throw refusal
}

function insecureTransport(): SessionError {
  return new SessionError(
    'insecure_transport',
    'The session was not stored, because its cookie must not be set: the request did not come over TLS. Behind a proxy, let the framework trust it (Express: app.set("trust proxy", 1); Fastify: trustProxy: true; for Next the proxy sends X-Forwarded-Proto; elsewhere pass origin to handle). Without TLS, such as on a machine of your own: cookie: { secure: false }.',
  )
}

function fromAnotherSite(): SessionError {
  return new SessionError(
    'forbidden',
    'The request may come from a page of another site, so it gets no session.',
  )
}
