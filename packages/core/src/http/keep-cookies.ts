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
    const given = head.find((part) => typeof part === 'object' && part !== null)
    const { replacing, others } = divided(given)
    const values = toTexts(replacing ?? response.getHeader('Set-Cookie'))
    const missing = [...cookies].filter((cookie) => !values.includes(cookie))
    if (missing.length === 0) return writeHead(...head)
    response.setHeader('Set-Cookie', [...values, ...missing])
    return writeHead(...(head.map((part) => (part === given ? others : part)) as Head))
  }
  return cookies
}

/** The cookies of a head, which replace what was set before, if it has some; and its other headers. */
function divided(given: unknown): { replacing?: unknown[]; others?: object } {
  // A head may be a list, too, in which each name is before its value.
  const isList = Array.isArray(given)
  const pairs: [string, unknown][] = isList
    ? given.flatMap((name, at) => (at % 2 === 0 ? [[String(name), given[at + 1]]] : []))
    : Object.entries(given ?? {})
  const isCookie = ([name]: [string, unknown]): boolean => name.toLowerCase() === 'set-cookie'
  const found = pairs.filter(isCookie)
  const rest = pairs.filter((pair) => !isCookie(pair))
  return {
    ...(found.length === 0 ? {} : { replacing: found.map(([, value]) => value) }),
    others: isList ? rest.flat() : Object.fromEntries(rest),
  }
}

function toTexts(value: unknown): string[] {
  return [value ?? []].flat(2).map(String)
}
