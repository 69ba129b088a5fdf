import type { ServerResponse } from 'node:http'

type Head = [status: number, ...rest: unknown[]]

const kept = new WeakMap<ServerResponse, Set<string>>()

/**
 * The cookies that a response must not lose: code that sets `Set-Cookie` later, in place of what stands there, would take
 * the only way to a session that is stored.
 */
export function keptCookies(response: ServerResponse): Set<string> {
  const known = kept.get(response)
  if (known !== undefined) return known
  const cookies = new Set<string>()
  kept.set(response, cookies)
  const writeHead = response.writeHead.bind(response) as (...head: Head) => ServerResponse
  // Node itself calls it, too, when the first byte is written.
  response.writeHead = (...head: Head) => {
    const given = head.find((part) => typeof part === 'object' && part !== null && !Array.isArray(part))
    const replacing = Object.entries(given ?? {}).find(([name]) => name.toLowerCase() === 'set-cookie')
    const all = withAll(cookies, replacing === undefined ? response.getHeader('Set-Cookie') : replacing[1])
    if (all !== undefined && replacing !== undefined) {
      const others = { ...(given as object), [replacing[0]]: all }
      return writeHead(...(head.map((part) => (part === given ? others : part)) as Head))
    }
    if (all !== undefined) response.setHeader('Set-Cookie', all)
    return writeHead(...head)
  }
  return cookies
}

/** The values with those that are missing; undefined when none is. */
function withAll(cookies: ReadonlySet<string>, value: unknown): string[] | undefined {
  const values = [value ?? []].flat().map(String)
  const missing = [...cookies].filter((cookie) => !values.includes(cookie))
  return missing.length === 0 ? undefined : [...values, ...missing]
}
