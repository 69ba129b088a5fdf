import { digestOf, nodeCrypto } from '../digest.js'
import { toBase64Url } from '../ids.js'

/** One secret of a ring: what is signed with it names it by its `kid`. */
export interface SigningKey {
  /** The first 8 characters of the digest of the secret. */
  readonly kid: string
  /** HMAC-SHA-256 of these bytes, as 43 characters of base64url. */
  sign(bytes: Uint8Array<ArrayBuffer>): string | Promise<string>
}

const hmac = { name: 'HMAC', hash: 'SHA-256' }

export async function toSigningKey(secret: string): Promise<SigningKey> {
  const bytes = new TextEncoder().encode(secret)
  const kid = (await digestOf(secret)).slice(0, 8)
  const node = nodeCrypto()
  if (node !== undefined) {
    return { kid, sign: (text) => node.createHmac('sha256', bytes).update(text).digest('base64url') }
  }
  const key = await crypto.subtle.importKey('raw', bytes, hmac, false, ['sign'])
  return {
    kid,
    sign: async (text) => toBase64Url(new Uint8Array(await crypto.subtle.sign('HMAC', key, text))),
  }
}
