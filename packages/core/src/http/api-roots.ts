/** What the paths of the HTTP API begin with, after its `basePath`. */
export const apiRoots: readonly string[] = ['sessions', 'transfers']

/** Whether a path is one of an HTTP API at `basePath`. */
export function isApiPath(basePath: string, pathname: string): boolean {
  return apiRoots.some((root) => `${pathname}/`.startsWith(`${basePath}/${root}/`))
}
