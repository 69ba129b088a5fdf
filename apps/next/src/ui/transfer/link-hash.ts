/** What a link carries behind its #: the secret, and for a device of the same person who that is. */
export interface LinkHash {
  readonly secret: string
  readonly guest?: string
}

/** Undefined where there is no secret. */
export function parseLinkHash(hash: string): LinkHash | undefined {
  const text = hash.replace(/^#/, '')
  const dot = text.indexOf('.')
  const secret = dot === -1 ? text : text.slice(0, dot)
  if (secret === '') return undefined
  return dot === -1 ? { secret } : { secret, guest: text.slice(dot + 1) }
}
