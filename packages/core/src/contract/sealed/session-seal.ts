import { createHash } from 'node:crypto'
import type { SessionRef } from '../session-record.js'
import { deriveKey, joined, open, seal, sealBytes, type SealKey } from './envelope.js'
import { keyIdBytes, type SubjectKey } from './subject-keys.js'

const prefix = 'e1.'
const hexIdLength = 2 * keyIdBytes

/** By how much the text of a sealed payload is longer than twice the bytes of the payload. */
export const payloadOverhead = prefix.length + 2 * (keyIdBytes + sealBytes)

/** Whether a text has the form of a sealed one. */
export function isSealed(text: string): boolean {
  return text.startsWith(prefix)
}

/** What a text of a session is. */
type Kind = 'body' | 'message' | 'title'

/** Seals and opens the texts of one session, with keys that are derived from those of its subjects. */
export class SessionSeal {
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

  sealBody(by: SubjectKey, revision: number, body: string): string {
    return this.#seal(by, this.#about('body', String(revision)), body)
  }

  openBody(by: SubjectKey, revision: number, sealed: string): string | undefined {
    return this.#open(by, this.#about('body', String(revision)), sealed)
  }

  sealTitle(by: SubjectKey, title: string): string {
    return this.#seal(by, this.#about('title'), title)
  }

  openTitle(by: SubjectKey, sealed: string): string | undefined {
    return this.#open(by, this.#about('title'), sealed)
  }

  #seal(by: SubjectKey, about: Buffer, text: string): string {
    return `${prefix}${by.id}${seal(this.#keyOf(by), about, text).toString('base64url')}`
  }

  #open(by: SubjectKey, about: Buffer, sealed: string): string | undefined {
    return open(this.#keyOf(by), about, Buffer.from(sealed.slice(prefix.length + hexIdLength), 'base64url'))
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

  #about(kind: Kind, rest = ''): Buffer {
    let about = this.#abouts.get(kind)
    if (about === undefined) {
      about = joined('1', kind, ...this.#place)
      this.#abouts.set(kind, about)
    }
    return Buffer.concat([about, joined(rest)])
  }
}

/** The id of the subject's key that a text was sealed with; undefined when it has not the form of a sealed one. */
export function sealedBy(text: string): string | undefined {
  if (!isSealed(text)) return undefined
  const id = text.slice(prefix.length, prefix.length + hexIdLength)
  return /^[0-9a-f]{24}$/.test(id) ? id : undefined
}
