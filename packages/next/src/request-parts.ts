import { SessionError } from '@sessions/core'
import { type TransportFields, sessionIdHeader } from '@sessions/core/node'
import type { cookies, headers } from 'next/headers.js'
import { workUnitAsyncStorage } from 'next/dist/server/app-render/work-unit-async-storage.external.js'

/** What `headers()` of Next gives. */
export type RequestHeaders = Awaited<ReturnType<typeof headers>>
/** What `cookies()` of Next gives. */
export type RequestCookies = Awaited<ReturnType<typeof cookies>>

/** What Next is at when our code runs. */
export interface WorkUnit {
  readonly type: string
  /** Changes as Next goes on. Cookies can be set in an action (which a route handler counts as), and then only. */
  readonly phase: 'action' | 'render' | 'after'
}

/**
 * What Next is at. `cookies()` decides by the very same what it lets happen; asking that by trying to set a cookie
 * would empty the browser's cache of pages, even where it succeeds.
 *
 * @throws `invalid` outside of a request, and where what is answered is kept for others.
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
  return unit
}

/** The parts of a request that a credential can stand in. */
export function transportFieldsOf(headers: RequestHeaders, cookies: RequestCookies): TransportFields {
  return {
    cookie: cookieHeader(headers.get('cookie'), cookies),
    sessionId: headers.get(sessionIdHeader) ?? undefined,
    // Next sets it itself where no proxy has.
    isSecure: headers.get('x-forwarded-proto')?.split(',')[0]?.trim() === 'https',
  }
}

/** The host a request was sent to, as its sender knows it; Next fills in the first where no proxy has. */
export function hostOf(headers: Pick<Headers, 'get'>): string {
  return headers.get('x-forwarded-host') ?? headers.get('host') ?? ''
}

/**
 * The cookies as they are by now: `cookies()` knows what the proxy or an action has set since the request was sent,
 * and only the header tells that one was sent twice.
 */
function cookieHeader(sent: string | null, cookies: RequestCookies): string | undefined {
  const now = cookies.getAll().map(({ name, value }) => `${name}=${value}`)
  const pairs = sent?.split(';').map((pair) => pair.trim()) ?? []
  const twins = pairs.filter((pair) => {
    const name = pair.split('=', 1)[0]!
    const known = `${name}=${cookies.get(name)?.value}`
    return pair !== known && pairs.includes(known)
  })
  const all = [...now, ...twins]
  return all.length === 0 ? undefined : all.join('; ')
}
