import { RequestError } from './problem.js'

/** What decides whether a page of another site could have sent a request with its visitor's cookies. */
export interface OriginRules {
  /** Origins whose pages may send unsafe requests with cookies, in addition to the API's own. */
  readonly trustedOrigins: readonly string[]
  /** Origins whose pages may send unsafe requests without cookies (default: none). */
  readonly guestOrigins?: readonly string[]
  /** Whether `X-Session-Id` carries credentials. */
  readonly hasHeaderMode: boolean
}

/** The parts of a request that tell which page sent it. */
export interface PageRequest {
  /** Of HTTP. */
  readonly method: string
  /** Those of the request. */
  readonly headers: Pick<Headers, 'get'>
}

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses an unsafe request that a page of another site may have sent with its visitor's cookies.
 *
 * Two kinds of requests are safe: those with credentials in a header that a page of another site cannot set (a bearer
 * token, `X-Session-Id`), and those without cookies and without marks of a browser.
 *
 * @throws `csrf`
 */
export function checkOrigin(request: PageRequest, url: { readonly host: string }, rules: OriginRules): void {
  const { headers } = request
  if (safeMethods.has(request.method) || carriesHeaderCredential(headers, rules)) return
  const origin = headers.get('origin')
  const hasCookie = headers.get('cookie') !== null
  let reason = 'its page is neither of this origin nor of one of trustedOrigins'
  if (isOfAnotherSite(request, url, rules)) {
    if (!hasCookie && origin !== null && rules.guestOrigins?.includes(origin) === true) return
  } else {
    const isMarked = headers.get('sec-fetch-site') !== null || origin !== null
    if (isMarked || !hasCookie) return
    reason =
      'it has cookies, and neither Origin nor Sec-Fetch-Site. A client that is no browser sends Origin itself'
  }
  throw new RequestError('csrf', `The request may come from a page of another site: ${reason}.`)
}

/** Whether the browser says that a page of another site sent an unsafe request. */
export function isOfAnotherSite(
  { method, headers }: PageRequest,
  url: { readonly host: string },
  { trustedOrigins }: Pick<OriginRules, 'trustedOrigins'>,
): boolean {
  if (safeMethods.has(method)) return false
  const site = headers.get('sec-fetch-site')
  const origin = headers.get('origin')
  if (site === 'same-origin' || site === 'none') return false
  if (origin !== null && trustedOrigins.includes(origin)) return false
  return site !== null || (origin !== null && !isAt(origin, url.host))
}

function carriesHeaderCredential(headers: Pick<Headers, 'get'>, { hasHeaderMode }: OriginRules): boolean {
  if (hasHeaderMode && headers.get('x-session-id') !== null) return true
  return /^bearer /i.test(headers.get('authorization') ?? '')
}

/** Whether an origin is that of a host, which may be named with the port that its scheme has anyway. */
function isAt(origin: string, host: string): boolean {
  try {
    const { protocol, host: own } = new URL(origin)
    // A page of an application, such as one at `capacitor://localhost`, is not of the server at that host.
    return /^https?:$/.test(protocol) && new URL(`${protocol}//${host}`).host === own
  } catch {
    return false
  }
}
