import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, type KeyObject } from 'node:crypto'
import { SessionError } from '../../errors.js'
import { checkOptions } from '../../options.js'
import { joined } from './envelope.js'

/**
 * What a key is for, as flat texts: the encryption context of AWS KMS, the additional authenticated data of others. A
 * key that was wrapped for one purpose cannot be unwrapped for another. None of them names a person.
 */
export interface KeyContext {
  /** What the key is for. */
  readonly purpose: string
  /** The tenant whose key it is. */
  readonly tenantId: string
  /** The id of the key that is wrapped: a keyed digest of the user, or of the tenant. */
  readonly subject: string
}

/** The keys that keys are wrapped with. They live in a key service, or in this process (`staticKeyring`). */
export interface Keyring {
  /** The id of the key that wraps now. */
  readonly current: string
  /**
   * Wraps a key of 32 bytes.
   *
   * @returns The id of the key that wrapped it, as `current` spells it, and the wrapped key.
   * @throws `unavailable`; any other error counts as that.
   */
  wrap(key: Uint8Array, about: KeyContext): Promise<{ readonly keyId: string; readonly wrapped: Uint8Array }>
  /**
   * The key that `wrap` wrapped, by the id that it gave.
   *
   * @throws `unknown_key` for an id that the keyring does not know, `unavailable`; any other error counts as
   *   `unavailable`.
   */
  unwrap(keyId: string, wrapped: Uint8Array, about: KeyContext): Promise<Uint8Array>
}

/** The keys of a `staticKeyring`. */
export interface StaticKeyringOptions {
  /** The id of the key that wraps from now on. */
  current: string
  /** All keys by their ids, 32 random bytes each. A key can go once `rewrapKeys` finds nothing more to do. */
  keys: Readonly<Record<string, Uint8Array>>
}

const algorithm = 'aes-256-gcm'
const options = { authTagLength: 16 } as const

/**
 * A keyring of keys that this process holds, such as from a secret manager.
 *
 * @throws `invalid` when a key does not have 32 bytes, or the current one is missing.
 *
 * @example
 * ```ts
 * import { staticKeyring } from '@sessions/core/sealed'
 *
 * const keyOf = (name: string) => Buffer.from(process.env[name] ?? '', 'base64')
 * const keyring = staticKeyring({ current: '2026-11', keys: { '2026-11': keyOf('SESSIONS_KEY_2026_11') } })
 * ```
 */
export function staticKeyring(ring: StaticKeyringOptions): Keyring {
  checkOptions<StaticKeyringOptions>(ring ?? null, { current: 'text', keys: 'object' })
  const { current } = ring
  const keys = new Map(Object.entries(ring.keys ?? {}).map(([id, key]) => [id, toSecret(key, `keys.${id}`)]))
  const currentKey = keys.get(current)
  if (currentKey === undefined) {
    throw new SessionError('invalid', 'current must be the id of one of the keys', { path: 'current' })
  }
  return {
    current,
    async wrap(key, about) {
      const nonce = randomBytes(12)
      const cipher = createCipheriv(algorithm, currentKey, nonce, options)
      cipher.setAAD(aboutBytes(current, about))
      const wrapped = cipher.update(key)
      cipher.final()
      return { keyId: current, wrapped: Buffer.concat([nonce, wrapped, cipher.getAuthTag()]) }
    },
    async unwrap(keyId, wrapped, about) {
      const key = keys.get(keyId)
      if (key === undefined) throw unknownKey(`the keyring has no key ${JSON.stringify(keyId)}`)
      const bytes = Buffer.from(wrapped)
      const end = bytes.length - 16
      if (end < 12) throw unknownKey('the wrapped key is too short')
      const cipher = createDecipheriv(algorithm, key, bytes.subarray(0, 12), options)
      cipher.setAAD(aboutBytes(keyId, about))
      cipher.setAuthTag(bytes.subarray(end))
      const unwrapped = cipher.update(bytes.subarray(12, end))
      try {
        cipher.final()
      } catch (cause) {
        throw unknownKey(`the key was not wrapped by ${JSON.stringify(keyId)}`, cause)
      }
      return unwrapped
    },
  }
}

/** @throws `invalid` for what cannot wrap and unwrap keys. */
export function checkKeyring(keyring: unknown): void {
  const { current, wrap, unwrap } = (keyring ?? {}) as Partial<Record<keyof Keyring, unknown>>
  if (typeof current === 'string' && typeof wrap === 'function' && typeof unwrap === 'function') return
  throw new SessionError('invalid', 'keyring must have current, wrap and unwrap', { path: 'keyring' })
}

/** The refusal for content whose key is not there: not in the keyring, or destroyed. */
export function unknownKey(problem: string, cause?: unknown): SessionError {
  return new SessionError(
    'unknown_key',
    `the content cannot be opened: ${problem}`,
    cause === undefined ? {} : { cause },
  )
}

/**
 * A secret of 32 bytes.
 *
 * @internal
 * @throws `invalid` with `path` for anything else.
 */
export function toSecret(bytes: unknown, path: string): KeyObject {
  if (bytes instanceof Uint8Array && bytes.length === 32) return createSecretKey(bytes)
  throw new SessionError('invalid', `${path} must be 32 random bytes`, { path })
}

function aboutBytes(keyId: string, { purpose, tenantId, subject }: KeyContext): Buffer {
  return joined('1', keyId, purpose, tenantId, subject)
}
