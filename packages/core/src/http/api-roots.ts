import { SessionError } from '../errors.js'
import type { SessionApiOptions } from './api-options.js'

/** The first segments of the paths of an HTTP API, after its `basePath`. */
export function rootsOf({
  userRoutes = false,
  auditRoutes = false,
  usageRoutes = false,
  analyticsRoutes = false,
  searchRoutes = false,
}: Pick<
  SessionApiOptions,
  'userRoutes' | 'auditRoutes' | 'usageRoutes' | 'analyticsRoutes' | 'searchRoutes'
>): readonly string[] {
  const optional = {
    users: userRoutes,
    audit: auditRoutes,
    usage: usageRoutes,
    analytics: analyticsRoutes,
    search: searchRoutes,
  }
  const served = Object.entries(optional).flatMap(([root, isServed]) => (isServed ? [root] : []))
  return ['sessions', 'transfers', ...served]
}

/**
 * The part of a request's path before the `basePath` of an API, as it stands in a URL. Text that could name another host,
 * or that is no path, counts as none. Many mount an API under the path that they have also given it as its own: that path
 * then counts once.
 */
export function mountPathOf(given: string | undefined, basePath: string, pathname: string): string {
  const path = (given ?? '').replace(/\/$/, '')
  const mountPath = /^(?:\/[^/\\?#\s]+)+$/.test(path) ? new URL(path, 'http://localhost').pathname : ''
  const isNamedTwice = basePath !== '' && mountPath.endsWith(basePath)
  return isNamedTwice && !`${pathname}/`.startsWith(`${mountPath}${basePath}/`)
    ? mountPath.slice(0, -basePath.length)
    : mountPath
}

/** Scheme and host, and nothing that would change the path or the host. @throws for a wrong host. */
export function originOf(text: string): string {
  const host = /^[a-z]+:\/\/([^/?#@\\\s]+)$/i.exec(text)?.[1]
  if (host === undefined)
    throw new SessionError('invalid', 'The address of the request names no host.', { path: 'Host' })
  return new URL(text).origin
}

/** Whether a path belongs to an HTTP API with these roots at `basePath`. */
export function isApiPath(basePath: string, pathname: string, roots: readonly string[]): boolean {
  return roots.some((root) => `${pathname}/`.startsWith(`${basePath}/${root}/`))
}

/** Why there is no route at a path. Where the rest of it names one, the API is mounted elsewhere than it was told. */
export function noRouteAt(pathname: string, apiPath: string, roots: readonly string[]): string {
  const none = 'There is no route at this path.'
  const root = roots.find((each) => `${pathname}/`.includes(`/${each}/`))
  return root === undefined || isApiPath(apiPath, pathname, roots)
    ? none
    : `${none} This API answers at ${apiPath}/${root}: its option basePath, or where it is mounted, says so.`
}
