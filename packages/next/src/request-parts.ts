import { SessionError } from '@sessions/core'
import { type TransportFields, sessionIdHeader } from '@sessions/core/node'
import type { cookies, headers } from 'next/headers.js'
import { workAsyncStorage } from 'next/dist/server/app-render/work-async-storage.external.js'
import { workUnitAsyncStorage } from 'next/dist/server/app-render/work-unit-async-storage.external.js'

/** The type of Next's `headers()`. */
export type RequestHeaders = Awaited<ReturnType<typeof headers>>
/** The type of Next's `cookies()`. */
export type RequestCookies = Awaited<ReturnType<typeof cookies>>

/** Next's internal state while this code runs. */
export interface WorkUnit {
  readonly type: string
  /** Changes as Next goes on. Cookies can be set only in the phase `action`, which includes route handlers. */
  readonly phase: 'action' | 'render' | 'after'
}

/**
 * Next's internal state. `cookies()` decides by the same state what is allowed. Setting a cookie to find out would
 * empty the browser's cache of pages, even when it succeeds.
 *
 * @throws `invalid` outside of a request, and in code whose result is kept for all callers.
 */
export function currentUnit(): WorkUnit {
  const unit = workUnitAsyncStorage.getStore() as WorkUnit | undefined
  if (unit === undefined) {
    throw new SessionError(
      'invalid',
      'There is no request, and so no caller: use sessions.for(identity) of the service.',
    )
  }
  if (unit.type === 'cache' || unit.type === 'unstable-cache') {
    throw new SessionError(
      'invalid',
      "A session cannot be read inside 'use cache', because every caller gets the cached result: read it outside, and pass what is needed, such as sessionCacheTag(session).",
    )
  }
  checkNotStatic()
  return unit
}

/**
 * Next makes such a page or handler once, and shows it to every caller. It hides the request: there are no cookies, and a
 * draft would be stored with each build.
 *
 * @throws `invalid` under `force-static`.
 */
export function checkNotStatic(): void {
  const work = workAsyncStorage.getStore()
  if (work?.forceStatic !== true) return
  throw new SessionError(
    'invalid',
    `A session cannot be used under dynamic = 'force-static' [${work.route}], because every caller gets the same result: remove it there and in the layouts above.`,
  )
}

/** The parts of a request that may have a credential. */
export function transportFieldsOf(headers: RequestHeaders, cookies: RequestCookies): TransportFields {
  return {
    cookie: cookieHeader(headers.get('cookie'), cookies),
    sessionId: headers.get(sessionIdHeader) ?? undefined,
    // Next sets this header itself when no proxy has.
    isSecure: schemeOf(headers) === 'https',
    fetchSite: headers.get('sec-fetch-site') ?? undefined,
  }
}

/** The scheme that the client used. Of several proxies the first saw it. */
export function schemeOf(headers: Pick<Headers, 'get'>): string | undefined {
  return headers.get('x-forwarded-proto')?.split(',')[0]?.trim()
}

/** The cookies that are there: one that was removed in this request Next goes on giving, with an empty value. */
export function presentCookies(cookies: RequestCookies): RequestCookies {
  const isThere = (cookie: { readonly value: string } | undefined): boolean => (cookie?.value ?? '') !== ''
  const views: Pick<RequestCookies, 'get' | 'getAll' | 'has'> = {
    get: (...asked) => [cookies.get(...asked)].find(isThere),
    getAll: (...asked) => cookies.getAll(...asked).filter(isThere),
    has: (name) => isThere(cookies.get(name)),
  }
  return new Proxy(cookies, {
    get(_, name) {
      if (name in views) return views[name as keyof typeof views]
      const value: unknown = Reflect.get(cookies, name)
      return typeof value === 'function' ? (value.bind(cookies) as unknown) : value
    },
  })
}

/** The host that the client used; Next sets the first header when no proxy has. Of several proxies the first saw it. */
export function hostOf(headers: Pick<Headers, 'get'>): string {
  const forwarded = headers.get('x-forwarded-host')?.split(',')[0]?.trim()
  return forwarded ?? headers.get('host') ?? ''
}

/**
 * The current cookies: `cookies()` includes those that the proxy or an action has set since the request, and only the
 * header shows that a cookie was sent twice.
 */
function cookieHeader(sent: string | null, cookies: RequestCookies): string | undefined {
  // Next has decoded the values: one may hold what looks like another cookie.
  const pairOf = (name: string, value = ''): string => `${name}=${encodeURIComponent(value)}`
  const now = cookies.getAll().map(({ name, value }) => pairOf(name, value))
  // `trim` takes away more, such as U+00A0, which is a part of a name.
  const pairs = sent?.split(';').map((pair) => pair.replace(/^[ \t]+/, '')) ?? []
  // One value has many spellings, and Next tells none of them.
  const spelled = pairs.map((pair) => {
    const name = pair.split('=', 1)[0]!
    return { pair, name, said: pairOf(name, decoded(pair.slice(name.length + 1))) }
  })
  const everything = new Set(spelled.map(({ said }) => said))
  const twins = spelled
    .filter(({ name, said }) => {
      const known = pairOf(name, cookies.get(name)?.value)
      return said !== known && everything.has(known)
    })
    .map(({ pair }) => pair)
  const all = [...now, ...twins]
  return all.length === 0 ? undefined : all.join('; ')
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
