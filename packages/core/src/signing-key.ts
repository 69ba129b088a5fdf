import type { createHmac } from 'node:crypto'
import { toBase64Url } from './ids.js'

/** One secret of a ring: what is signed with it names it by its `kid`. */
export interface SigningKey {
  /** The first 8 characters of the digest of the secret. */
  readonly kid: string
  /** HMAC-SHA-256 of these bytes, as 43 characters of base64url. */
  sign(bytes: Uint8Array<ArrayBuffer>): string | Promise<string>
}

interface MaybeNode {
  readonly process?: {
    readonly getBuiltinModule?: (
      name: 'node:crypto',
    ) => { readonly createHmac: typeof createHmac } | undefined
  }
}

const hmac = { name: 'HMAC', hash: 'SHA-256' }

export async function toSigningKey(secret: string): Promise<SigningKey> {
  const bytes = new TextEncoder().encode(secret)
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  const kid = toBase64Url(digest.subarray(0, 6))
  // Web Crypto gives each signature to another thread. Each request with a credential would wait for that, and takes ten
  // times as long as the signature itself. Not imported: bundles for browsers and for the edge have no such module.
  const node = (globalThis as MaybeNode).process?.getBuiltinModule?.('node:crypto')
  if (node !== undefined) {
    return { kid, sign: (text) => node.createHmac('sha256', bytes).update(text).digest('base64url') }
  }
  const key = await crypto.subtle.importKey('raw', bytes, hmac, false, ['sign'])
  return {
    kid,
    sign: async (text) => toBase64Url(new Uint8Array(await crypto.subtle.sign('HMAC', key, text))),
  }
}
