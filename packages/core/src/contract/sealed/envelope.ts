import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'
import { toBytes, toText } from './wtf8.js'

const algorithm = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16
// Node accepts a tag of four bytes where nobody says how long it is.
const options = { authTagLength: tagBytes } as const

/** What seals texts: a key for the text, and one for the nonces. */
export interface SealKey {
  readonly cipher: KeyObject
  readonly nonce: KeyObject
}

/** How much longer a sealed text is than its bytes. */
export const sealBytes = nonceBytes + tagBytes

/** The key that `info` derives from a secret. */
export function deriveKey(secret: KeyObject, info: Uint8Array): SealKey {
  const bytes = Buffer.from(hkdfSync('sha256', secret, new Uint8Array(), info, 64))
  return { cipher: createSecretKey(bytes.subarray(0, 32)), nonce: createSecretKey(bytes.subarray(32)) }
}

/**
 * AES-256-GCM: nonce, text and tag. The nonce follows from the text and from what it is `about`, so the same text is
 * sealed the same way each time, as stores compare payloads. Two texts never have the same nonce.
 */
export function seal({ cipher, nonce: nonceKey }: SealKey, about: Uint8Array, text: string): Buffer {
  const plain = toBytes(text)
  const nonce = createHmac('sha256', nonceKey).update(about).update(plain).digest().subarray(0, nonceBytes)
  const sealing = createCipheriv(algorithm, cipher, nonce, options)
  sealing.setAAD(about)
  const sealed = sealing.update(plain)
  sealing.final()
  return Buffer.concat([nonce, sealed, sealing.getAuthTag()])
}

/** The text; undefined when it was not sealed with this key, or is about something else, or was changed. */
export function open({ cipher }: SealKey, about: Uint8Array, sealed: Buffer): string | undefined {
  const end = sealed.length - tagBytes
  if (end < nonceBytes) return undefined
  const opening = createDecipheriv(algorithm, cipher, sealed.subarray(0, nonceBytes), options)
  opening.setAAD(about)
  opening.setAuthTag(sealed.subarray(end))
  const plain = opening.update(sealed.subarray(nonceBytes, end))
  try {
    opening.final()
  } catch {
    return undefined
  }
  return toText(plain)
}

/** Texts as bytes, each after its length: no two lists give the same bytes. */
export function joined(...texts: readonly string[]): Buffer {
  return texts.reduce(joinedWith, Buffer.alloc(0))
}

/** What `joined` gives for a list that goes on with this text. */
export function joinedWith(before: Buffer, text: string): Buffer {
  const bytes = toBytes(text)
  const start = before.length + 4
  const all = Buffer.allocUnsafe(start + bytes.length)
  all.set(before)
  all.writeUInt32BE(bytes.length, before.length)
  all.set(bytes, start)
  return all
}
