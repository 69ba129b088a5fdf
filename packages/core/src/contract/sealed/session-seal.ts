import { createHash } from 'node:crypto'
import type { SessionRef } from '../session-record.js'
import { deriveKey, joined, joinedWith, open, seal, sealBytes, type SealKey } from './envelope.js'
import { keyIdBytes, type SubjectKey } from './subject-keys.js'

const prefix = 'e1.'
const hexIdLength = 2 * keyIdBytes

/** How many keys a body names at most: a session that had more users goes on with the key that it has. */
export const maxKeys = 8

/** By how much the text of a sealed payload is longer than twice the bytes of the payload. */
export const payloadOverhead = prefix.length + 2 * (keyIdBytes + sealBytes)

/** Whether a text has the form of a sealed one. */
export function isSealed(text: string): boolean {
  return text.startsWith(prefix)
}

/** What a text of a session is. */
type Kind = 'body' | 'message' | 'title'

let count = 0

/** Seals and opens the texts of one session, with keys that are derived from those of its subjects. */
export class SessionSeal {
  /** No other of this process has the same. */
  readonly number = ++count
  readonly #place: readonly [string, string, string]
  readonly #keys = new Map<string, { readonly key: SealKey; readonly until: number }>()
  readonly #abouts = new Map<Kind, Buffer>()

  constructor({ tenantId, id }: SessionRef, incarnation: string) {
    this.#place = [tenantId, id, incarnation]
  }

  /** A payload, as text that is `payloadOverhead` longer than twice its bytes. */
  sealPayload(by: SubjectKey, messageId: string, payload: string): string {
    const sealed = seal(this.#keyOf(by), this.#about('message', messageId), payload)
    return `${prefix}${by.id}${sealed.toString('hex')}`
  }

  openPayload(by: SubjectKey, messageId: string, sealed: string): string | undefined {
    const bytes = Buffer.from(sealed.slice(prefix.length + hexIdLength), 'hex')
    return open(this.#keyOf(by), this.#about('message', messageId), bytes)
  }

  /** A body, with the ids of the keys that texts of the session are sealed with; the first one is the body's. */
  sealBody(by: SubjectKey, keyIds: readonly string[], revision: number, body: string): string {
    const sealed = seal(this.#keyOf(by), this.#aboutBody(keyIds, revision), body)
    return `${prefix}${keyIds.join('')}.${sealed.toString('base64url')}`
  }

  openBody(by: SubjectKey, keyIds: readonly string[], revision: number, sealed: string): string | undefined {
    const bytes = Buffer.from(sealed.slice(prefix.length + hexIdLength * keyIds.length + 1), 'base64url')
    return open(this.#keyOf(by), this.#aboutBody(keyIds, revision), bytes)
  }

  sealTitle(by: SubjectKey, title: string): string {
    const sealed = seal(this.#keyOf(by), this.#about('title', ''), title)
    return `${prefix}${by.id}${sealed.toString('base64url')}`
  }

  openTitle(by: SubjectKey, sealed: string): string | undefined {
    const bytes = Buffer.from(sealed.slice(prefix.length + hexIdLength), 'base64url')
    return open(this.#keyOf(by), this.#about('title', ''), bytes)
  }

  #keyOf({ id, secret, until }: SubjectKey): SealKey {
    const known = this.#keys.get(id)
    if (known?.until === until) return known.key
    const info = createHash('sha256')
      .update(joined('1', ...this.#place))
      .digest()
    const key = deriveKey(secret, info)
    this.#keys.set(id, { key, until })
    return key
  }

  #aboutBody(keyIds: readonly string[], revision: number): Buffer {
    return this.#about('body', `${revision} ${keyIds.join()}`)
  }

  #about(kind: Kind, rest: string): Buffer {
    let about = this.#abouts.get(kind)
    if (about === undefined) {
      about = joined('1', kind, ...this.#place)
      this.#abouts.set(kind, about)
    }
    return joinedWith(about, rest)
  }
}

/** The id of the subject's key that a text was sealed with; undefined when it has not the form of a sealed one. */
export function sealedBy(text: string): string | undefined {
  const end = prefix.length + hexIdLength
  return isSealed(text) && text.length > end ? text.slice(prefix.length, end) : undefined
}

/** The ids of the keys of a session, as its body has them; none when it has not the form of a sealed one. */
export function keyIdsOf(body: string): readonly string[] {
  if (!isSealed(body)) return []
  const ids = body.slice(prefix.length, body.indexOf('.', prefix.length))
  return ids.match(/[0-9a-f]{24}/g) ?? []
}
