import type { KeyObject } from 'node:crypto'
import { deriveKey, joined, open, seal, type SealKey } from './envelope.js'
import { RecentTexts } from './recent-texts.js'

const prefix = 'u1.'

/** What a list shows in place of an id that cannot be opened: without an id the session would be anybody's. */
export const unreadableUser = `${prefix}unreadable`

/**
 * Seals the ids of users, the same id of a tenant the same way each time: stores find sessions by them, and compare them
 * with the user that a caller names.
 */
export class UserSeal {
  readonly #key: SealKey
  readonly #sealed = new RecentTexts()
  readonly #opened = new RecentTexts()

  constructor(indexKey: KeyObject) {
    this.#key = deriveKey(indexKey, Buffer.from('user ids'))
  }

  seal(tenantId: string, userId: string): string {
    // No user, which the empty text means to stores, is nothing to be sealed.
    if (userId === '') return ''
    return this.#sealed.of(`${tenantId.length}:${tenantId}${userId}`, () => {
      return `${prefix}${seal(this.#key, about(tenantId), userId).toString('base64url')}`
    })
  }

  open(tenantId: string, sealed: string): string | undefined {
    if (!isSealedUser(sealed)) return undefined
    return this.#opened.of(`${tenantId.length}:${tenantId}${sealed}`, () => {
      return open(this.#key, about(tenantId), Buffer.from(sealed.slice(prefix.length), 'base64url'))
    })
  }
}

/** Whether a text has the form of a sealed id. */
export function isSealedUser(text: string): boolean {
  return text.startsWith(prefix)
}

function about(tenantId: string): Buffer {
  return joined('1', 'user', tenantId)
}
