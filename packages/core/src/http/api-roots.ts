import type { SessionApiOptions } from './api-options.js'

/** The first segments of the paths of an HTTP API, after its `basePath`. */
export function rootsOf({
  userRoutes = false,
  auditRoutes = false,
}: Pick<SessionApiOptions, 'userRoutes' | 'auditRoutes'>): readonly string[] {
  return ['sessions', 'transfers', ...(userRoutes ? ['users'] : []), ...(auditRoutes ? ['audit'] : [])]
}

/** Whether a path belongs to an HTTP API with these roots at `basePath`. */
export function isApiPath(basePath: string, pathname: string, roots: readonly string[]): boolean {
  return roots.some((root) => `${pathname}/`.startsWith(`${basePath}/${root}/`))
}
