import { toBase64Url } from './ids.js'

/** SHA-256 of a text as 43 characters of base64url. */
export async function digestOf(text: string): Promise<string> {
  return toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))))
}
