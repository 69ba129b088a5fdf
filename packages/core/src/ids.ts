import { SessionError } from './errors.js'

const idBytes = 18
const maxIdLength = 200

// Each message takes an id, and a call for its few bytes takes as long as one for a thousand.
const random = new Uint8Array(idBytes * 200)
let used = random.length

/** A new public id: 144 random bits as 24 characters of base64url. It names a session and opens nothing. */
export function newId(): string {
  if (used === random.length) {
    crypto.getRandomValues(random)
    used = 0
  }
  used += idBytes
  return toBase64Url(random.subarray(used - idBytes, used))
}

/**
 * The id, after it has been checked: 1 to 200 characters, no control characters, no lone surrogates.
 *
 * @throws `invalid` with `path`.
 */
export function parseId(value: unknown, path: string): string {
  if (typeof value !== 'string' || value === '') {
    throw new SessionError('invalid', `${path} must be a non-empty string`, { path })
  }
  if (value.length > maxIdLength) {
    throw new SessionError('invalid', `${path} is longer than ${maxIdLength} characters`, { path })
  }
  if (/[\u0000-\u001f\u007f]|\p{Surrogate}/u.test(value)) {
    throw new SessionError('invalid', `${path} holds a control character or half a character`, { path })
  }
  return value
}

/** Whether `parseId` would accept it. */
export function isId(value: unknown): value is string {
  try {
    parseId(value, 'id')
    return true
  } catch {
    return false
  }
}

export function toBase64Url(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return spelled(binary)
}

/**
 * The bytes of a base64url text; undefined unless the text is their one canonical spelling.
 *
 * @internal
 */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return undefined
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
    if (spelled(binary) !== text) return undefined
    // `Uint8Array.from` with a function takes five times as long, which each request with a credential would wait for.
    const bytes = new Uint8Array(binary.length)
    for (let index = 0; index < bytes.length; index++) bytes[index] = binary.charCodeAt(index)
    return bytes
  } catch {
    return undefined
  }
}

/** Base64url of a text in which each character is a byte. */
function spelled(binary: string): string {
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
