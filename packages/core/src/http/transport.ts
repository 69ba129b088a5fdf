import { SessionError } from '../errors.js'
import { checkOptions, type OptionNames } from '../options.js'
import { cookieValues, setCookie } from './cookies.js'

/** The cookie that carries a credential. */
export interface CookieOptions {
  /** Default `sessions`; over TLS it is sent as `__Host-<name>`, which a browser binds to this very host. */
  name?: string
  /** Default `lax`. */
  sameSite?: 'lax' | 'strict' | 'none'
  /** How long a browser keeps it, in milliseconds, at most 400 days (default: the service's absolute deadline). */
  maxAgeMs?: number
  /**
   * `auto` (default): set over TLS, and over plain HTTP outside production; `true`: only ever over TLS; `false`: over
   * plain HTTP in production too.
   */
  secure?: 'auto' | boolean
}

/** How a credential travels between a caller and us. */
export interface TransportOptions {
  /** In a cookie (default), or `false` for none. */
  cookie?: CookieOptions | false | undefined
  /** Also in the `X-Session-Id` header, for callers that keep no cookies (default false). */
  header?: boolean | undefined
}

/** The parts of a request that a credential can stand in. */
export interface TransportFields {
  readonly cookie: string | undefined
  readonly sessionId: string | undefined
  /** Whether it came over TLS, as far as the framework trusts what it was told. */
  readonly isSecure: boolean
  /** Whether a page of another site has sent it and may change something: it is given no cookie (default: no). */
  readonly isOfAnotherSite?: boolean
  /**
   * What a browser says in `Sec-Fetch-Site`: where the cookie does, a page of ours gets no credential that its scripts
   * can read (default: no browser).
   */
  readonly fetchSite?: string | undefined
}

const cookieNames: OptionNames<CookieOptions> = { name: true, sameSite: true, maxAgeMs: true, secure: true }
const transportNames: OptionNames<TransportOptions> = { cookie: true, header: true }

/** The header that carries a credential, or a public id of a session, where cookies are not kept. */
export const sessionIdHeader = 'X-Session-Id'

const maxCookieAgeMs = 400 * 24 * 3_600_000
// A header value of ours is a credential or an id; either is far shorter.
const maxValueLength = 4096

/** Reads and writes credentials as the options say. */
export interface Transport {
  /** The header names an answer depends on, for `Vary`. */
  readonly varyBy: readonly string[]
  /** What the caller sent; undefined when there is none, or when two places disagree, for we never guess. */
  read(fields: TransportFields): string | undefined
  /** The response headers that hand a credential over; without one, that take the old one away. */
  write(
    fields: TransportFields,
    credential: string | undefined,
  ): readonly (readonly [name: string, value: string])[]
  /** Why there is no way to hand a credential over; undefined when there is one. */
  refusal(fields: TransportFields): SessionError | undefined
}

/** The options for one service of several in an application: each has a cookie of its own, unless it is named. */
export function toNamedTransport(name: string, { cookie, header }: TransportOptions): TransportOptions {
  if (cookie === false || cookie?.name !== undefined) return { cookie, header }
  return { cookie: { ...cookie, name: `sessions-${name}` }, header }
}

/** @throws `invalid` when the options leave no way to carry a credential, or a cookie that browsers refuse. */
export function createTransport(options: TransportOptions, absoluteMs: number): Transport {
  checkOptions<TransportOptions>(options, transportNames)
  const { cookie = {}, header = false } = options
  if (cookie !== false) checkOptions(cookie, cookieNames, 'cookie')
  if (cookie === false && !header) {
    throw new SessionError('invalid', 'cookie and header are both off, so no credential can be sent', {
      path: 'cookie',
    })
  }
  const name = cookie === false ? '' : (cookie.name ?? 'sessions')
  if (!/^[A-Za-z0-9_-]*$/.test(name)) {
    throw new SessionError('invalid', 'cookie.name may hold letters, digits, - and _ only', {
      path: 'cookie.name',
    })
  }
  const { secure = 'auto', sameSite = 'lax', maxAgeMs = absoluteMs } = cookie === false ? {} : cookie
  if (sameSite === 'none' && secure === false) {
    throw new SessionError('invalid', 'a cookie with sameSite none must be secure', { path: 'cookie.secure' })
  }
  const plainAllowed =
    secure === false || (secure === 'auto' && globalThis.process?.env['NODE_ENV'] !== 'production')
  const maxAge = Math.floor(Math.min(maxAgeMs, maxCookieAgeMs) / 1000)
  const cookieName = (fields: TransportFields): string => (fields.isSecure ? `__Host-${name}` : name)
  const isPlain = (fields: TransportFields): boolean => !fields.isSecure && !plainAllowed
  const setsCookie = (fields: TransportFields): boolean =>
    cookie !== false && !isPlain(fields) && fields.isOfAnotherSite !== true
  const setsHeader = (fields: TransportFields): boolean => {
    const isOurPage = fields.fetchSite === 'same-origin' || fields.fetchSite === 'none'
    return header && !(isOurPage && fields.sessionId === undefined && setsCookie(fields))
  }

  return {
    varyBy: [...(cookie === false ? [] : ['Cookie']), ...(header ? [sessionIdHeader] : [])],

    refusal(fields) {
      if (setsCookie(fields) || setsHeader(fields)) return undefined
      return isPlain(fields) ? insecureTransport() : fromAnotherSite()
    },

    read(fields) {
      const values = new Set(cookie === false ? [] : cookieValues(fields.cookie, cookieName(fields)))
      if (header && fields.sessionId !== undefined) values.add(fields.sessionId.trim())
      const [value] = values
      return values.size === 1 && value !== '' && value!.length <= maxValueLength ? value : undefined
    },

    write(fields, credential) {
      const headers: [string, string][] = []
      if (setsCookie(fields)) {
        const attributes = {
          path: '/',
          secure: fields.isSecure,
          sameSite,
          maxAge: credential === undefined ? 0 : maxAge,
        }
        headers.push(['Set-Cookie', setCookie(cookieName(fields), credential ?? '', attributes)])
      }
      if (credential !== undefined && setsHeader(fields)) headers.push([sessionIdHeader, credential])
      return headers
    },
  }
}

function insecureTransport(): SessionError {
  return new SessionError(
    'insecure_transport',
    'The session was not stored, because its cookie must not be set: the request did not come over TLS. Behind a proxy, let the framework trust it (Express: app.set("trust proxy", 1)).',
  )
}

function fromAnotherSite(): SessionError {
  return new SessionError(
    'forbidden',
    'The request may come from a page of another site, so it gets no session.',
  )
}
