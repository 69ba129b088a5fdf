/** The first segments of the paths of the HTTP API, after its `basePath`. */
export const apiRoots: readonly string[] = ['sessions', 'transfers']

/** Whether a path belongs to an HTTP API at `basePath`. */
export function isApiPath(basePath: string, pathname: string): boolean {
  return apiRoots.some((root) => `${pathname}/`.startsWith(`${basePath}/${root}/`))
}
