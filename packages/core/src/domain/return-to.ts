import { SessionError } from '../errors.js'

// A path that is parsed against this origin keeps it; any other text shows another origin.
const nowhere = 'https://nowhere.invalid'
const maxLength = 2000

/**
 * The place to go to after a redemption, after it has been checked: a path on the redeeming page's own site, or a URL
 * of one of `origins`.
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
  // The path as browsers read it: `/.//evil.example` has become `//evil.example` here.
  const path = `${url.pathname}${url.search}${url.hash}`
  return startsAtHome(value) && startsAtHome(url.pathname) && staysPlain(url.pathname) ? path : undefined
}

function allowedUrl(value: string, origins: readonly string[]): string | undefined {
  const url = parsed(value)
  if (url === undefined || !/^https?:$/.test(url.protocol)) return undefined
  if (url.username !== '' || url.password !== '' || !origins.includes(url.origin)) return undefined
  // Check the text as it was written, too, so that a less strict parser cannot read something else.
  const rest = value.slice(url.origin.length)
  if (!value.startsWith(url.origin) || !/^(?:$|[/?#])/.test(rest)) return undefined
  return staysPlain(url.pathname) ? url.href : undefined
}

function startsAtHome(path: string): boolean {
  return /^\/(?![/\\])/.test(path)
}

/** Visible ASCII without a backslash: no tabs, line breaks or similar characters that parsers drop or change. */
function isPlain(text: string): boolean {
  return /^[!-[\]-~]+$/.test(text)
}

/** Whether it is still harmless after servers on the way have decoded it once, twice or three times. */
function staysPlain(path: string): boolean {
  let text = path
  for (let round = 0; round < 3; round++) {
    let decoded: string
    try {
      decoded = decodeURIComponent(text)
    } catch {
      // After the first round this only means that there is nothing left to decode.
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
