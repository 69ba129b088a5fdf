import { toBase64Url } from './ids.js'

/** As the types of Node have it, which pages that take this package need not have. */
interface Hashing {
  update(data: string | Uint8Array): Hashing
  digest(encoding: 'base64url'): string
}

interface NodeCrypto {
  createHash(name: 'sha256'): Hashing
  createHmac(name: 'sha256', key: Uint8Array): Hashing
}

/**
 * The module of Node, where there is one: Web Crypto gives each digest and each signature to another thread, and a
 * request that waits for it takes ten times as long as the digest itself. Not imported, because bundles for browsers and
 * for the edge have no such module.
 */
export function nodeCrypto(): NodeCrypto | undefined {
  const { process } = globalThis as {
    readonly process?: {
      readonly versions?: { readonly node?: string }
      readonly getBuiltinModule?: (name: 'node:crypto') => NodeCrypto | undefined
    }
  }
  // On Next's edge there is a `process` of no version, whose functions throw.
  return process?.versions?.node === undefined ? undefined : process.getBuiltinModule?.('node:crypto')
}

/** SHA-256 of a text as 43 characters of base64url. */
export async function digestOf(text: string): Promise<string> {
  const node = nodeCrypto()
  if (node !== undefined) return node.createHash('sha256').update(text).digest('base64url')
  return toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))))
}

/** Whether two texts are equal. The time it takes does not depend on where they differ. */
export function isSameText(one: string, other: string): boolean {
  let difference = one.length ^ other.length
  for (let index = 0; index < one.length; index++) {
    difference |= one.charCodeAt(index) ^ (other.charCodeAt(index) || 0)
  }
  return difference === 0
}
