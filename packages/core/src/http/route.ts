import type { z } from 'zod'
import type { Identity } from '../domain/identity.js'
import type { JsonObject } from '../json.js'
import type { Session } from '../session.js'
import type { ChangeOptions } from '../service/change-options.js'
import type { CallerSessions } from '../sessions.js'
import type { ApiConfig } from './api-options.js'
import type { RequestSession } from './request-session.js'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** One request on its way to a session, checked as far as it can be without knowing what its route does. */
export interface Call {
  readonly api: ApiConfig
  readonly request: Request
  readonly requestId: string
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, unknown>>
  readonly body: unknown
  readonly identity: Identity
  readonly mine: CallerSessions
  readonly caller: RequestSession
  /** What middleware has found out. */
  readonly context: Readonly<Record<string, unknown>>
  /** The revision that `If-Match` insists on, and the name of the change when the request has a key. */
  readonly change: ChangeOptions
  /** For what must come out the same when a request is repeated: ids are made of it. */
  readonly seed: string | undefined
  /** True when an earlier execution of the same attempt died on the way. */
  readonly isRetry: boolean
  /** The key of the request, as no other caller could have it. */
  readonly key: string | undefined
  /** Headers of the answer, whatever it is going to be. */
  readonly headers: Headers
  /** The session of the path, if the caller may touch it. @throws `not_found` */
  readonly session: () => Promise<Session>
}

/** What a route answers: JSON, or a response of its own. */
export interface RouteResponse {
  readonly status?: number
  readonly body: JsonObject | object
  readonly headers?: Readonly<Record<string, string>>
}

export interface Route {
  readonly method: Method
  /** With `{name}` for what varies. */
  readonly path: string
  /** Its name in the API description. */
  readonly operation: string
  readonly summary: string
  readonly query?: z.ZodObject
  readonly body?: z.ZodType
  /** A request without a body is as good as `{}`. */
  readonly bodyOptional?: boolean
  readonly status?: number
  readonly response: z.ZodType
  /** It can also answer with server-sent events. */
  readonly streams?: boolean
  /** It takes care of repeats itself. */
  readonly ownIdempotency?: boolean
  /** It takes or gives secrets: neither what was asked nor what was answered is kept in the open. */
  readonly isSecret?: boolean
  /** Everybody may call it: no identity is asked for. */
  readonly isPublic?: boolean
  readonly handle: (call: Call) => Promise<RouteResponse | Response>
}

/** Ties the types of a route's parts together; what `handle` gets as body and query is what the schemas made of them. */
export function route<Query extends z.ZodObject, Body extends z.ZodType>(
  definition: Omit<Route, 'query' | 'body' | 'handle'> & {
    readonly query?: Query
    readonly body?: Body
    readonly handle: (
      call: Omit<Call, 'query' | 'body'> & { readonly query: z.output<Query>; readonly body: z.output<Body> },
    ) => Promise<RouteResponse | Response>
  },
): Route {
  return definition as unknown as Route
}

/** The routes of a path, and what its variable segments are; undefined when there is none. */
export function matchRoutes(
  routes: readonly Route[],
  pathname: string,
): { routes: readonly Route[]; params: Record<string, string> } | undefined {
  const segments = split(pathname)
  for (const candidate of routes) {
    const params = match(split(candidate.path), segments)
    if (params === undefined) continue
    // Literal segments come first in the table, so the first path that fits is the one.
    return { routes: routes.filter(({ path }) => path === candidate.path), params }
  }
  return undefined
}

function match(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, expected] of pattern.entries()) {
    const segment = segments[index]!
    if (!expected.startsWith('{')) {
      if (segment !== expected) return undefined
      continue
    }
    try {
      params[expected.slice(1, -1)] = decodeURIComponent(segment)
    } catch {
      return undefined
    }
  }
  return params
}

/** One slash at the end is as good as none. */
function split(path: string): string[] {
  return (path.endsWith('/') ? path.slice(0, -1) : path).split('/')
}
