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

/** A mount path as it stands in a URL. Text that could name another host, or that is no path, counts as none. */
export function mountPathOf(given = ''): string {
  const path = given.replace(/\/$/, '')
  return /^(?:\/[^/\\?#\s]+)+$/.test(path) ? new URL(path, 'http://localhost').pathname : ''
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
