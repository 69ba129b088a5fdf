import {
  type TransportOptions,
  type TransportFields,
  type OptionNames,
  checkOptions,
  createTransport,
  createCredentials,
} from '@sessions/core/node'
import { type NextRequest, NextResponse } from 'next/server.js'

/** What `sessionsProxy` signs with, and where it sends whom. */
export interface SessionsProxyOptions extends TransportOptions {
  /** Those of the service, in the same order: the first signs. */
  credentialSecrets: readonly string[]
  /** The `ttl.absoluteMs` of the service, in milliseconds: how long a browser keeps the cookie (default 30 days). */
  absoluteMs?: number
  /** Whether a visit keeps the cookie for as long again, at each page that is loaded (default true). */
  refresh?: boolean
  /**
   * Where to send a request that carries no credential of ours, such as `/start`; undefined lets it pass (default:
   * all pass). A convenience for visitors, never what keeps anybody out: a credential may be outdated.
   */
  redirect?: (request: NextRequest) => string | URL | undefined
  /** Goes on with a request, whose cookies are up to date by then (default: passes it on). */
  next?: (request: NextRequest) => Response | Promise<Response>
}

const optionNames: OptionNames<SessionsProxyOptions> = {
  credentialSecrets: true,
  absoluteMs: true,
  refresh: true,
  redirect: true,
  next: true,
  cookie: true,
  header: true,
}

const monthMs = 30 * 24 * 3_600_000

/**
 * For `proxy.ts`, or `middleware.ts` before Next 16: `export const proxy = sessionsProxy({ … })`. Looks at the
 * signature of the credential and at nothing else: no store is asked, nothing is allowed or forbidden. A credential that
 * an older secret has signed is signed anew, and the cookie kept for longer; pages and handlers of the same request see
 * the new one. Runs on Node and on the edge.
 *
 * @throws `invalid` at start, for options that cannot work.
 */
export function sessionsProxy(
  options: SessionsProxyOptions,
): (request: NextRequest) => Promise<NextResponse> {
  checkOptions(options, optionNames)
  const { cookie, header, refresh = true, redirect = () => undefined, next = passOn } = options
  const transport = createTransport({ cookie, header }, options.absoluteMs ?? monthMs)
  const credentials = createCredentials(options.credentialSecrets)
  return async (request) => {
    const fields = transportFieldsOf(request)
    const sent = transport.read(fields)
    const credential = sent === undefined ? undefined : await credentials.renew(sent)
    const target = credential === undefined ? redirect(request) : undefined
    if (target !== undefined) return NextResponse.redirect(new URL(target, request.nextUrl))
    const isDue = credential !== undefined && (credential !== sent || (refresh && isPageLoad(request)))
    const set = isDue ? cookiesOf(transport.write(fields, credential)) : []
    // In both: pages of this very request read the one, the browser keeps the other.
    for (const { name, value } of set) if (request.cookies.has(name)) request.cookies.set(name, value)
    const response = toNextResponse(await next(request))
    for (const one of set) if (request.cookies.has(one.name)) response.cookies.set(one)
    return response
  }
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

/** A person who opens a page, not a script, an image or a part of a page that Next fetches. */
function isPageLoad({ method, headers }: NextRequest): boolean {
  return method === 'GET' && headers.get('sec-fetch-dest') === 'document'
}

/** Until a moment, not for an age: Next writes a cookie twice, counts an age anew each time, and may then send both. */
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
