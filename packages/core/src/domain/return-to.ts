import { SessionError } from '../errors.js'

// Parsed against this, a path stays on it, and whatever leads elsewhere shows.
const nowhere = 'https://nowhere.invalid'
const maxLength = 2000

/**
 * Where to go after a redemption, once it is known to lead nowhere else: a path of the redeeming page's own site, or a
 * URL of one of `origins`.
 *
 * @throws `invalid`
 */
export function parseReturnTo(value: unknown, origins: readonly string[], path = 'returnTo'): string {
  const found = typeof value === 'string' ? checked(value, origins) : undefined
  if (found !== undefined) return found
  throw new SessionError('invalid', `${path} must be a path such as /cart, or lead to an allowed origin`, {
    path,
  })
}

function checked(value: string, origins: readonly string[]): string | undefined {
  if (value.length > maxLength || !isPlain(value)) return undefined
  return value.startsWith('/') ? localPath(value) : allowedUrl(value, origins)
}

function localPath(value: string): string | undefined {
  const url = parsed(value, nowhere)
  if (url === undefined || url.origin !== nowhere || url.username !== '' || url.password !== '') {
    return undefined
  }
  // The path as browsers understand it: `/.//evil.example` has become `//evil.example` by now.
  const path = `${url.pathname}${url.search}${url.hash}`
  return startsAtHome(value) && startsAtHome(url.pathname) && staysPlain(url.pathname) ? path : undefined
}

function allowedUrl(value: string, origins: readonly string[]): string | undefined {
  const url = parsed(value)
  if (url === undefined || !/^https?:$/.test(url.protocol)) return undefined
  if (url.username !== '' || url.password !== '' || !origins.includes(url.origin)) return undefined
  // As it is written too: nothing for a laxer parser to read otherwise.
  const rest = value.slice(url.origin.length)
  if (!value.startsWith(url.origin) || !/^(?:$|[/?#])/.test(rest)) return undefined
  return staysPlain(url.pathname) ? url.href : undefined
}

function startsAtHome(path: string): boolean {
  return /^\/(?![/\\])/.test(path)
}

/** Visible ASCII without a backslash: no tabs, line breaks or look-alikes that parsers drop or change. */
function isPlain(text: string): boolean {
  return /^[!-[\]-~]+$/.test(text)
}

/** Whether it is still harmless after servers on the way decoded it, once, twice or three times. */
function staysPlain(path: string): boolean {
  let text = path
  for (let round = 0; round < 3; round++) {
    let decoded: string
    try {
      decoded = decodeURIComponent(text)
    } catch {
      // Past the first round that only means that there is no more to decode.
      return round > 0
    }
    if (/[\u0000-\u001f\u007f\\]/.test(decoded) || /^\/[\s/]/.test(decoded)) return false
    if (decoded === text) return true
    text = decoded
  }
  return !text.includes('%')
}

function parsed(value: string, base?: string): URL | undefined {
  return URL.canParse(value, base) ? new URL(value, base) : undefined
}
