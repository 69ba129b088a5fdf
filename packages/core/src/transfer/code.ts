import { fromBase64Url, toBase64Url } from '../ids.js'
import { digestOf } from '../digest.js'

const secretBytes = 32
const codeLength = 8
// Crockford's: without I, L, O and U, which are easily misread or spell words.
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** A new secret: 256 random bits as 43 characters of base64url. */
export function newTransferSecret(): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(secretBytes)))
}

/** The text, if it has the form of a secret. */
export function parseTransferSecret(text: string): string | undefined {
  return fromBase64Url(text)?.length === secretBytes ? text : undefined
}

/**
 * The short code of a secret: 8 characters that people can read out and type, 40 bits of the secret's digest. Secret
 * and code lead to the same side record, so one write creates it.
 */
export async function shortCodeOf(secret: string): Promise<string> {
  const digest = fromBase64Url(await digestOf(`@sessions transfer code ${secret}`))!
  return Array.from(digest.subarray(0, codeLength), (byte) => alphabet[byte % alphabet.length]).join('')
}

/** The short code in a typed text: in any case, with dashes and spaces, O for 0 and I or L for 1. */
export function parseShortCode(text: string): string | undefined {
  if (text.length > 4 * codeLength) return undefined
  const code = text
    .toUpperCase()
    .replaceAll(/[\s\-_.]/g, '')
    .replaceAll('O', '0')
    .replaceAll(/[IL]/g, '1')
  return code.length === codeLength && [...code].every((char) => alphabet.includes(char)) ? code : undefined
}

/** Two digits that both devices show, so that the user who approves knows which device it is. */
export function newMatchCode(): string {
  // Of 256 values, the first 200 stand for each number twice; the others are drawn again.
  for (;;) {
    const [byte] = crypto.getRandomValues(new Uint8Array(1))
    if (byte! < 200) return String(byte! % 100).padStart(2, '0')
  }
}

/** The link. The secret is in the fragment, which browsers do not send. A QR code contains this text. */
export function toTransferUrl(page: string, secret: string): string {
  return `${page}#${secret}`
}
