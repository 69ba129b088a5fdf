export interface CookieAttributes {
  /** Seconds; 0 deletes the cookie. */
  maxAge: number
  path: string
  domain?: string | undefined
  secure: boolean
  sameSite: 'lax' | 'strict' | 'none'
  partitioned?: boolean
}

/** Every value of a name in a `Cookie` header, in order: more than one means that another site planted one. */
export function cookieValues(header: string | undefined, name: string): string[] {
  if (header === undefined) return []
  const values: string[] = []
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=')
    if (equals !== -1 && trimmed(pair.slice(0, equals)) === name) values.push(trimmed(pair.slice(equals + 1)))
  }
  return values
}

/**
 * Without the spaces and tabs around it. `trim` takes away more, such as U+00A0. To a browser that is a part of the name,
 * so a sibling subdomain may set a cookie whose name has it before `__Host-`.
 */
function trimmed(text: string): string {
  let start = 0
  let end = text.length
  while (isPadding(text, start)) start++
  while (end > start && isPadding(text, end - 1)) end--
  return text.slice(start, end)
}

function isPadding(text: string, index: number): boolean {
  return text[index] === ' ' || text[index] === '\t'
}

/** A `Set-Cookie` value; always `HttpOnly`. The value must need no quoting; credentials need none. */
export function setCookie(name: string, value: string, attributes: CookieAttributes): string {
  const { maxAge, path, domain, secure, sameSite, partitioned = false } = attributes
  const parts = [`${name}=${value}`, `Max-Age=${maxAge}`, `Path=${path}`]
  if (domain !== undefined) parts.push(`Domain=${domain}`)
  parts.push('HttpOnly')
  if (secure) parts.push('Secure')
  parts.push(`SameSite=${sameSite[0]!.toUpperCase()}${sameSite.slice(1)}`)
  if (partitioned) parts.push('Partitioned')
  return parts.join('; ')
}
