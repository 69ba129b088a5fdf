import { isSameText } from '../digest.js'
import { SessionError } from '../errors.js'
import { fromBase64Url, toBase64Url } from '../ids.js'
import { type SigningKey, toSigningKey } from './signing-key.js'
import type { SessionRef } from '../contract/session-record.js'

/** The content of a credential whose signature has been verified. */
export interface CredentialPayload {
  /** The session that it opens. */
  readonly ref: SessionRef
  /** Which session of this id. */
  readonly incarnation: string
  /** An older one than that of the session opens nothing. */
  readonly generation: number
  /** Tells apart the credentials that different devices have for the same session. */
  readonly holder?: string | undefined
}

/** Signs and verifies credentials: `kid.ref.generation.signature`, HMAC-SHA-256. */
export interface Credentials {
  /** A credential with this content, signed with the first secret. */
  sign(claim: CredentialPayload): Promise<string>
  /** The payload, or undefined for a text that this service did not sign. Reads no store. */
  verify(credential: string): Promise<CredentialPayload | undefined>
  /** The same credential signed with the first secret; undefined for a text that this service did not sign. */
  renew(credential: string): Promise<string | undefined>
  /**
   * Digests that may be stored in place of a text that must not be stored: keyed, of 43 characters, one for each
   * secret, that of the signing secret first. A reader of the store cannot guess even a short text by trying.
   */
  digests(...parts: readonly string[]): Promise<readonly string[]>
}

// The longest ids, all multi-byte, in base64url; the service never makes a longer credential.
const maxCredentialLength = 4096
const minSecretLength = 32
const encoder = new TextEncoder()
const decoder = new TextDecoder()

/**
 * @param secrets At least one, each of 32 bytes or more. The first signs, all verify: put a new one in front to rotate.
 * A function makes them at their first use, unchecked.
 * @param option The name of the option that the secrets come from (default `credentialSecrets`).
 * @throws `invalid` for a missing or short secret.
 */
export function createCredentials(
  secrets: readonly string[] | (() => readonly string[]),
  option = 'credentialSecrets',
): Credentials {
  if (typeof secrets !== 'function') checkSecrets(secrets, option)
  let ring: Promise<readonly SigningKey[]> | undefined
  const keys = (): Promise<readonly SigningKey[]> =>
    (ring ??= Promise.all((typeof secrets === 'function' ? secrets() : secrets).map(toSigningKey)))

  return {
    async sign(claim) {
      const [first] = await keys()
      const ref = toBase64Url(
        encoder.encode(
          JSON.stringify([
            claim.ref.tenantId,
            claim.ref.id,
            claim.incarnation,
            ...(claim.holder === undefined ? [] : [claim.holder]),
          ]),
        ),
      )
      return signedWith(first!, ref, String(claim.generation))
    },

    async verify(credential) {
      // What code that is not compiled hands on may be anything.
      if (typeof credential !== 'string' || credential.length > maxCredentialLength) return undefined
      const parts = credential.split('.')
      const [kid, ref, generation, signature] = parts
      if (parts.length !== 4 || ref === undefined || generation === undefined || signature === undefined) {
        return undefined
      }
      const key = (await keys()).find((candidate) => candidate.kid === kid)
      if (key === undefined) return undefined
      const right = await key.sign(encoder.encode(`${kid}.${ref}.${generation}`))
      if (!isSameText(right, signature)) return undefined
      const refBytes = fromBase64Url(ref)
      if (refBytes === undefined) return undefined
      const [tenantId, id, incarnation] = JSON.parse(decoder.decode(refBytes)) as [string, string, string]
      return { ref: { tenantId, id }, incarnation, generation: Number(generation) }
    },

    async renew(credential) {
      if ((await this.verify(credential)) === undefined) return undefined
      const [first] = await keys()
      const [kid, ref, generation] = credential.split('.')
      return kid === first!.kid ? credential : signedWith(first!, ref!, generation!)
    },

    async digests(...parts) {
      // A credential contains no space, so a digest can never be the signature of a credential.
      const text = encoder.encode(`digest ${JSON.stringify(parts)}`)
      return Promise.all((await keys()).map(async (key) => key.sign(text)))
    },
  }
}

async function signedWith(key: SigningKey, ref: string, generation: string): Promise<string> {
  const signed = `${key.kid}.${ref}.${generation}`
  return `${signed}.${await key.sign(encoder.encode(signed))}`
}

/** @throws `invalid` */
function checkSecrets(secrets: readonly string[], option: string): void {
  if (!Array.isArray(secrets)) throw new SessionError('invalid', `${option} must be a list`, { path: option })
  if (secrets.length === 0) throw new SessionError('invalid', `${option} is empty`, { path: option })
  for (const [index, secret] of secrets.entries()) {
    const path = `${option}[${index}]`
    if (typeof secret !== 'string') {
      const what = secret === undefined ? 'undefined: is its environment variable set?' : 'no text'
      throw new SessionError('invalid', `${path} is ${what}`, { path })
    }
    if (encoder.encode(secret).length < minSecretLength) {
      throw new SessionError('invalid', `${path} is shorter than ${minSecretLength} bytes`, { path })
    }
  }
}
