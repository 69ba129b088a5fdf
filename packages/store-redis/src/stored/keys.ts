import { digestOf, SessionError, type SessionRef } from '@sessions/core/store'
import { digest, toToken } from './encoding.js'

/**
 * How many hash tags the indexes of all tenants share. The number is fixed: another number would not find what is
 * there.
 */
export const bucketCount = 16

/** The keys of one session. They share a hash tag, so a Cluster keeps them on one node. */
export interface SessionKeys {
  /** The session they belong to; a copy. */
  readonly ref: SessionRef
  /** A list: record, body, marker, then the messages from the newest to the oldest. */
  readonly log: string
  /** A hash: the seq of each message id. */
  readonly ids: string
  /** As `log` and `ids`, for a copy whose last part is still to come. */
  readonly begunLog: string
  readonly begunIds: string
  /** Short for the session, for code that sees the stored data of a session and not its keys. */
  readonly who: string
}

/** Whose sessions an index holds. */
export interface IndexScope {
  readonly tenantId: string
  /** The digest of the user: see `userDigest`. */
  readonly user?: string | undefined
  readonly label?: string | undefined
}

// The digest is SHA-256, cut to 128 bits.
const userDigestLength = 22

/** Stands for a user in keys and members, so that neither tells who the user is. */
export async function userDigest(userId: string): Promise<string> {
  return (await digestOf(toToken(userId))).slice(0, userDigestLength)
}

/** Names of keys. No two sessions, tenants, users, labels or prefixes ever share one. */
export class Keys {
  readonly #prefix: string

  constructor(prefix: string) {
    if (/[{}]/.test(prefix)) {
      // The text after the first brace decides the slot.
      throw new SessionError('invalid', 'keyPrefix must not hold a brace', { path: 'keyPrefix' })
    }
    this.#prefix = prefix
  }

  session({ tenantId, id }: SessionRef): SessionKeys {
    const name = `${toToken(tenantId)}:${toToken(id)}`
    const tag = `${this.#prefix}:{${name}}`
    return {
      ref: { tenantId, id },
      log: `${tag}:log`,
      ids: `${tag}:ids`,
      begunLog: `${tag}:begun-log`,
      begunIds: `${tag}:begun-ids`,
      who: digest(name).toString(36),
    }
  }

  /** The keys of a session in a cache: its copy, and a hash of the writes that are under way. */
  cached({ tenantId, id }: SessionRef): { copy: string; writes: string } {
    const tag = `${this.#prefix}:{${toToken(tenantId)}:${toToken(id)}}`
    return { copy: `${tag}:copy`, writes: `${tag}:writes` }
  }

  /** A sorted set of sessions, newest activity first. */
  index({ tenantId, user, label }: IndexScope): string {
    const tenant = `${this.#bucket(digest(tenantId) % bucketCount)}:tenant=${toToken(tenantId)}`
    const ofUser = user === undefined ? '' : `:user=${user}`
    return label === undefined ? `${tenant}${ofUser}` : `${tenant}${ofUser}:label=${toToken(label)}`
  }

  /** Every index that a session is in. */
  indexes({ tenantId, user, label }: IndexScope): string[] {
    return [
      this.index({ tenantId }),
      ...(user === undefined ? [] : [this.index({ tenantId, user })]),
      ...(label === undefined ? [] : [this.index({ tenantId, label })]),
      ...(user === undefined || label === undefined ? [] : [this.index({ tenantId, user, label })]),
    ]
  }

  /** A sorted set of sessions by deadline, of all tenants of a bucket. */
  due(bucket: number): string {
    return `${this.#bucket(bucket)}:due`
  }

  /** Where the deadlines of a tenant's sessions are. */
  dueOf(tenantId: string): string {
    return this.due(digest(tenantId) % bucketCount)
  }

  // The tag of a bucket never equals the tag of a session: a session's tag has a colon in it.
  #bucket(bucket: number): string {
    return `${this.#prefix}:{${bucket}}`
  }
}
