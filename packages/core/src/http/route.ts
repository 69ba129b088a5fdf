import type { z } from 'zod/mini'
import type { Identity } from '../domain/identity.js'
import type { JsonObject } from '../json.js'
import type { Session } from '../session.js'
import type { ChangeOptions } from '../service/change-options.js'
import type { CallerSessions } from '../caller-sessions.js'
import type { ApiConfig } from './api-options.js'
import type { RequestSession } from './request-session.js'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** A request for a route, after all checks that do not depend on the route. */
export interface Call {
  readonly api: ApiConfig
  readonly request: Request
  /** The part of the path before the `basePath` of the API. */
  readonly mountPath: string
  /** The path of the API: `mountPath` and `basePath`. */
  readonly apiPath: string
  readonly requestId: string
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, unknown>>
  readonly body: unknown
  readonly identity: Identity
  readonly mine: CallerSessions
  readonly caller: RequestSession
  /** Values that middleware has added. */
  readonly context: Readonly<Record<string, unknown>>
  /** The revision that `If-Match` requires, and the id of the change when the request has a key. */
  readonly change: ChangeOptions
  /** For values that must be the same when a request is repeated: ids are derived from it. */
  readonly seed: string | undefined
  /** True when the process of an earlier execution of the same attempt died. */
  readonly isRetry: boolean
  /** The key of the request, made unique for its caller. */
  readonly key: string | undefined
  /** Headers of the answer, also when it is a problem. */
  readonly headers: Headers
  /** Tells a platform what goes on after the answer. */
  readonly waitUntil: ((work: Promise<void>) => void) | undefined
  /** The session of the path, if the caller may touch it. @throws `not_found` */
  readonly session: () => Promise<Session>
}

/** The answer of a route: JSON, or a response. */
export interface RouteResponse {
  readonly status?: number
  readonly body: JsonObject | object
  readonly headers?: Readonly<Record<string, string>>
}

export interface Route {
  readonly method: Method
  /** With `{name}` for variable segments. */
  readonly path: string
  /** Its name in the API description. */
  readonly operation: string
  readonly summary: string
  readonly query?: z.core.$ZodObject
  /** What it takes with `compat`, if that is more. */
  readonly compatQuery?: z.core.$ZodObject
  readonly body?: z.core.$ZodType
  /** What core calls the body, in the paths of its errors. */
  readonly argument?: string
  /** A request without a body counts as `{}`. */
  readonly bodyOptional?: boolean
  /** Media types of a body that its handler reads, as it comes. */
  readonly takes?: readonly string[]
  readonly status?: number
  readonly response: z.core.$ZodType
  /** What it answers with `compat`, if that is more. */
  readonly compatResponse?: z.core.$ZodType
  /** It can also answer with server-sent events. */
  readonly streams?: boolean
  /** It can also answer 202, and go on. */
  readonly mayGoOn?: boolean
  /** Media types that it answers with in place of JSON. */
  readonly media?: readonly string[]
  /** Media types that it can answer with, too. */
  readonly also?: readonly string[]
  /** It asks for the session's owner in the write itself, where the caller is known. */
  readonly asksOwner?: boolean
  /** It handles repeats itself. */
  readonly ownIdempotency?: boolean
  /** Its request or answer contains secrets: neither is kept in plain text. */
  readonly isSecret?: boolean
  /** The route is public: it needs no identity. */
  readonly isPublic?: boolean
  readonly handle: (call: Call) => Promise<RouteResponse | Response>
}

/** Connects the types of a route's parts: `handle` gets the body and the query that the schemas return. */
export function route<Query extends z.core.$ZodObject, Body extends z.core.$ZodType>(
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

/** A route at a path, and the variable segments of that path. */
export interface MatchedRoute {
  readonly route: Route
  readonly params: Readonly<Record<string, string>>
}

/**
 * Finds the routes of a path. Literal segments come first in the table, so for a method the first is the right one: a
 * session may have an id that is a literal segment of another method.
 */
export function routeFinder(routes: readonly Route[]): (pathname: string) => readonly MatchedRoute[] {
  const patterns = routes.map((route) => ({ route, pattern: split(route.path) }))
  return (pathname) => {
    const segments = split(pathname)
    return patterns.flatMap(({ route, pattern }) => {
      const params = match(pattern, segments)
      return params === undefined ? [] : [{ route, params }]
    })
  }
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
    // What a client forgot to fill in names nothing.
    if (segment === '') return undefined
    try {
      params[expected.slice(1, -1)] = decodeURIComponent(segment)
    } catch {
      return undefined
    }
  }
  return params
}

/** A slash at the end does not matter. */
function split(path: string): string[] {
  return (path.endsWith('/') ? path.slice(0, -1) : path).split('/')
}
