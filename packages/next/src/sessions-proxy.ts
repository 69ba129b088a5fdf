import {
  type TransportOptions,
  type TransportFields,
  type OptionNames,
  checkOptions,
  createTransport,
  createCredentials,
} from '@sessions/core/node'
import { type NextRequest, NextResponse } from 'next/server.js'

/** The secrets of `sessionsProxy`, and where it redirects requests. */
export interface SessionsProxyOptions extends TransportOptions {
  /** The same as those of the service, in the same order: the first signs. */
  credentialSecrets: readonly string[]
  /** The `ttl.absoluteMs` of the service, in milliseconds: how long a browser keeps the cookie (default 30 days). */
  absoluteMs?: number
  /** Whether the cookie gets its full lifetime again with each page load (default true). */
  refresh?: boolean
  /**
   * Where to redirect a request without a validly signed credential, such as `/start`, to which a `basePath` of Next is
   * added; undefined lets it pass
   * (default: all pass). It is for convenience, not for access control: a credential may be outdated.
   */
  redirect?: (request: NextRequest) => string | URL | undefined
  /** Continues with a request whose cookies are up to date (default: passes it on). */
  next?: (request: NextRequest) => Response | Promise<Response>
}

const optionNames: OptionNames<SessionsProxyOptions> = {
  credentialSecrets: true,
  absoluteMs: 'number',
  refresh: 'flag',
  redirect: 'function',
  next: 'function',
  cookie: true,
  header: 'flag',
}

const monthMs = 30 * 24 * 3_600_000

/**
 * For `proxy.ts`, or `middleware.ts` before Next 16: `export const proxy = sessionsProxy({ … })`. It checks the
 * signature of the credential and nothing else: it reads no store, and grants or denies no access. A credential that
 * an older secret signed is signed again, and the cookie's lifetime is extended; pages and handlers of the same
 * request see the new one. Runs on Node and on the edge.
 *
 * @throws `invalid` at start, for wrong options.
 */
export function sessionsProxy(
  options: SessionsProxyOptions,
): (request: NextRequest) => Promise<NextResponse> {
  checkOptions(options ?? null, optionNames)
  const { cookie, header, refresh = true, redirect = () => undefined, next = passOn } = options
  const transport = createTransport({ cookie, header }, options.absoluteMs ?? monthMs)
  const credentials = createCredentials(options.credentialSecrets)
  return async (request) => {
    const fields = transportFieldsOf(request)
    const sent = transport.read(fields)
    const credential = sent === undefined ? undefined : await credentials.renew(sent)
    const target = credential === undefined ? redirect(request) : undefined
    const address = target === undefined ? undefined : addressOf(target, request.nextUrl)
    // The page that they are sent to is for them: without this they would be sent to it for ever.
    if (address !== undefined && !isAt(address, request.nextUrl)) return NextResponse.redirect(address)
    const isDue = credential !== undefined && (credential !== sent || (refresh && isPageLoad(request)))
    const set = isDue ? cookiesOf(transport.write(fields, credential)) : []
    // In both: pages of this request read the request's cookies, the browser keeps the response's.
    // Next writes all cookies anew when one is set, and drops those that it cannot read.
    for (const { name, value } of set) {
      const held = request.cookies.get(name)
      if (held !== undefined && held.value !== value) request.cookies.set(name, value)
    }
    const response = toNextResponse(await next(request))
    const kept = set.filter(({ name }) => request.cookies.has(name))
    for (const one of kept) response.cookies.set(one)
    // A page that was made at build time says that any cache may show it to everybody, with its cookie.
    if (kept.length > 0 && !response.headers.has('Cache-Control'))
      response.headers.set('Cache-Control', 'private, no-store')
    return response
  }
}

function addressOf(target: string | URL, { basePath, href }: NextRequest['nextUrl']): URL {
  return new URL(typeof target === 'string' && target.startsWith('/') ? basePath + target : target, href)
}

function isAt(address: URL, { href }: NextRequest['nextUrl']): boolean {
  // Next itself adds, or takes away, a slash at the end.
  const [there, here] = [address, new URL(href)].map(
    ({ origin, pathname }) => origin + pathname.replace(/\/$/, ''),
  )
  return there === here
}

function passOn(request: NextRequest): Response {
  return NextResponse.next({ request: { headers: request.headers } })
}

function transportFieldsOf({ headers, nextUrl }: NextRequest): TransportFields {
  const forwarded = headers.get('x-forwarded-proto')?.split(',')[0]?.trim()
  return {
    cookie: headers.get('cookie') ?? undefined,
    sessionId: headers.get('x-session-id') ?? undefined,
    isSecure: forwarded === undefined ? nextUrl.protocol === 'https:' : forwarded === 'https',
  }
}

/** A navigation to a page, not a script, an image or a part of a page that Next fetches. */
function isPageLoad({ method, headers }: NextRequest): boolean {
  return method === 'GET' && headers.get('sec-fetch-dest') === 'document'
}

/**
 * With `Expires` instead of `Max-Age`: Next writes a cookie twice, computes an age again each time, and may then send
 * both.
 */
function cookiesOf(headers: readonly (readonly [string, string])[]) {
  return headers
    .filter(([name]) => name === 'Set-Cookie')
    .flatMap(([, value]) => new NextResponse(null, { headers: { 'Set-Cookie': value } }).cookies.getAll())
    .map(({ maxAge, ...cookie }) =>
      maxAge === undefined ? cookie : { ...cookie, expires: Date.now() + maxAge * 1000 },
    )
}

function toNextResponse(response: Response): NextResponse {
  return response instanceof NextResponse ? response : new NextResponse(response.body, response)
}
