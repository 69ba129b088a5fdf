import { newKey } from '../api-client.ts'

/** The fragment of a link, and the redemption on this device. */
export interface Link {
  readonly secret: string
  /** Names the guest that this device will become; absent in a copy, which is for anybody. */
  readonly guest?: string
  /** The same for each request about this link, so that it is redeemed once however often the page asks. */
  readonly redemptionId: string
  /** The visitor knows that this device leaves its conversations. */
  readonly replace?: boolean
}

const place = 'chat.continue'

/**
 * Takes the secret out of the address bar, where it could be seen, bookmarked and shared. Without a secret there,
 * returns the one that an earlier load of this tab took out.
 */
export function takeLink(): Link | undefined {
  const found = parseHash(location.hash)
  const before = keptLink()
  if (found === undefined) return before
  history.replaceState(history.state, '', location.pathname)
  // The same link again is the same redemption: a reload during the wait changes nothing.
  const link = before?.secret === found.secret ? before : { ...found, redemptionId: newKey() }
  keepLink(link)
  return link
}

export function keepLink(link: Link): void {
  try {
    sessionStorage.setItem(place, JSON.stringify(link))
  } catch {}
}

export function forgetLink(): void {
  try {
    sessionStorage.removeItem(place)
  } catch {}
}

function keptLink(): Link | undefined {
  try {
    return (JSON.parse(sessionStorage.getItem(place) ?? 'null') as Link | null) ?? undefined
  } catch {
    return undefined
  }
}

/** `#<secret>` or `#<secret>.<guest>`. */
function parseHash(hash: string): Pick<Link, 'secret' | 'guest'> | undefined {
  const [, secret, guest] = /^#([^.]+)(?:\.(.+))?$/.exec(hash) ?? []
  if (secret === undefined) return undefined
  return guest === undefined ? { secret } : { secret, guest }
}
