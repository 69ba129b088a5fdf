/** Marks a text that is kept as JSON, because UTF-8 alone would not bring it back. */
const escaped = '\u0001'

// Node 20 and later have it; the library of ES2023 does not know it yet.
interface WellFormed {
  isWellFormed(): boolean
}

/** Any string as one that survives UTF-8: the string itself, unless it has half a surrogate pair. */
export function toText(value: string): string {
  const isPlain = (value as unknown as WellFormed).isWellFormed() && !value.startsWith(escaped)
  return isPlain ? value : escaped + JSON.stringify(value)
}

/** The string that `toText` was given. Throws for a text that `toText` never gives. */
export function fromText(text: string): string {
  if (!text.startsWith(escaped)) return text
  const value: unknown = JSON.parse(text.slice(escaped.length))
  if (typeof value !== 'string') throw new Error('an escaped text that is none')
  return value
}

/**
 * Any string as a text of letters, digits and `_ . @ ~ -`. Two strings never give the same text, and no text holds a
 * separator, a brace or a sign that patterns know. Other UTF-16 units become `~` and four hex digits.
 */
export function toToken(value: string): string {
  return /^[A-Za-z0-9_.@-]*$/.test(value) ? value : value.replaceAll(/[^A-Za-z0-9_.@-]/g, toHex)
}

/** The string that `toToken` was given. */
export function fromToken(token: string): string {
  return token.includes('~') ? token.replaceAll(/~([0-9a-f]{4})/g, (_, hex: string) => fromHex(hex)) : token
}

function toHex(unit: string): string {
  return `~${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function fromHex(hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16))
}

/** 32 bits of a string, for sorting into buckets and telling neighbours apart; no secret. */
export function digest(value: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < value.length; index++) {
    hash = Math.imul(hash ^ value.charCodeAt(index), 0x01000193)
  }
  return hash >>> 0
}
