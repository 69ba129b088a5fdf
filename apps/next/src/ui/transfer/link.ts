import { newKey } from '../api-client.ts'

/** What a link carries behind its #, and what this device makes of it. */
export interface Link {
  readonly secret: string
  /** Names whose device this one is to be; a copy is for anybody. */
  readonly guest?: string
  /** The same for each question about this link, so that it is redeemed once however often we ask. */
  readonly redemptionId: string
  /** The visitor knows that this device leaves the conversations it has. */
  readonly replace?: boolean
}

const place = 'chat.continue'

/**
 * Takes the secret out of the address bar, where it could be seen, bookmarked and sent along. Without one there, what
 * an earlier load of this tab has taken out.
 */
export function takeLink(): Link | undefined {
  const found = parseHash(location.hash)
  const before = keptLink()
  if (found === undefined) return before
  history.replaceState(history.state, '', location.pathname)
  // The same link once more is the same redemption: a reload while it waits asks for nothing new.
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
