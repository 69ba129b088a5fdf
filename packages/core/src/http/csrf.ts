import { RequestError } from './problem.js'

/** What decides whether a page of another site could have sent a request on its visitor's behalf. */
export interface OriginRules {
  readonly trustedOrigins: readonly string[]
  /** Whether `X-Session-Id` carries credentials. */
  readonly hasHeaderMode: boolean
}

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses an unsafe request that a page of another site may have sent with its visitor's cookies.
 *
 * Requests whose credentials stand in a header that no page can set unasked (a bearer token, our `X-Session-Id`) are
 * none of those, and neither are requests without cookies that no browser has marked.
 *
 * @throws `csrf`
 */
export function checkOrigin(
  request: { readonly method: string; readonly headers: Pick<Headers, 'get'> },
  url: { readonly host: string },
  rules: OriginRules,
): void {
  if (safeMethods.has(request.method)) return
  const { headers } = request
  const site = headers.get('sec-fetch-site')
  const origin = headers.get('origin')
  if (site === 'same-origin' || site === 'none') return
  if (origin !== null && rules.trustedOrigins.includes(origin)) return
  if (carriesHeaderCredential(headers, rules)) return
  if (site === null && origin !== null && hostOf(origin) === url.host) return
  if (site === null && origin === null && headers.get('cookie') === null) return
  throw new RequestError('csrf', 'The request may come from a page of another site.')
}

function carriesHeaderCredential(headers: Pick<Headers, 'get'>, { hasHeaderMode }: OriginRules): boolean {
  if (hasHeaderMode && headers.get('x-session-id') !== null) return true
  return /^bearer /i.test(headers.get('authorization') ?? '')
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host
  } catch {
    return undefined
  }
}
