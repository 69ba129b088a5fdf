import { digestOf } from '../digest.js'
import { isUnreadable } from '../errors.js'
import { newId } from '../ids.js'
import type { Service } from '../service/service.js'
import { readUserRecord, type TenantUser, updateUserRecord, type UserRecord } from '../service/user-record.js'
import type { AuditActor } from './entry.js'

/** Stands for a user whose data was erased: nothing says any more who it was. */
export const erased = 'user:erased'
/** Stands in the audit for a user whose record nobody can read: its key is lost, and nothing says who it was. */
const unreadable = 'user:unreadable'

// The user record is read again after a while: an erasure in another process has destroyed its key meanwhile.
const freshMs = 60_000
const maxKnown = 1000

interface Known {
  /** Asked for once, however many entries wait for it. */
  readonly pseudonym: Promise<string>
  readonly until: number
}

/** Which key of the user record it is: what stands for a user in the audit tells nothing of the usage. */
type SubjectKey = 'auditKey' | 'usageKey' | 'searchKey' | 'analyticsKey'

/** What stands for users in the records of a service: made with a key that the user record alone has. */
export class Subjects {
  readonly #service: Service
  readonly #key: SubjectKey
  readonly #known = new Map<string, Known>()

  constructor(service: Service, key: SubjectKey) {
    this.#service = service
    this.#key = key
  }

  async ofActor(tenantId: string, actor: AuditActor): Promise<string> {
    return typeof actor === 'string' ? actor : this.of({ tenantId, userId: actor.userId })
  }

  /** The pseudonym of a user, who gets a key if there is none yet; of one whose record nobody can read, nobody's. */
  async of(user: TenantUser): Promise<string> {
    const name = nameOf(user)
    const known = this.#known.get(name)
    if (known !== undefined && known.until > performance.now()) return known.pseudonym
    const pseudonym = this.#keyOf(user).then(
      async (key) => this.#pseudonymWith(key, user),
      (error: unknown) => this.#withoutKey(error),
    )
    pseudonym.catch(() => this.#known.delete(name))
    this.#known.delete(name)
    this.#known.set(name, { pseudonym, until: performance.now() + freshMs })
    if (this.#known.size > maxKnown) this.#known.delete(this.#known.keys().next().value!)
    return pseudonym
  }

  /** The pseudonym that entries have; undefined when no entry can have one. */
  async find(user: TenantUser): Promise<string | undefined> {
    return this.named((await readUserRecord(this.#service, user))?.value, user)
  }

  /** As `find`, by a record of the user that was just read. */
  async named(known: UserRecord | undefined, user: TenantUser): Promise<string | undefined> {
    const key = known?.[this.#key]
    return key === undefined ? undefined : this.#pseudonymWith(key, user)
  }

  /** What stood for a user by a key that is the user's no more. */
  async by(key: string, user: TenantUser): Promise<string> {
    return this.#pseudonymWith(key, user)
  }

  /** As `find`, but for a user about to be erased: who has no key needs none any more. */
  async last(user: TenantUser): Promise<string> {
    return (await this.find(user)) ?? this.#pseudonymWith(newId(), user)
  }

  /** The user was erased. */
  forget(user: TenantUser): void {
    this.#known.delete(nameOf(user))
  }

  async #keyOf(user: TenantUser): Promise<string | undefined> {
    const seen = (await readUserRecord(this.#service, user))?.value
    const name = this.#key
    if (seen?.[name] !== undefined || seen?.erasure !== undefined) return seen[name]
    const made = newId()
    const changed = await updateUserRecord(this.#service, user, (before) => ({
      ...before,
      [name]: before[name] ?? made,
    }))
    return changed?.value[name]
  }

  /** The record of one user must not keep from being recorded what others did, nor what is done with the user. */
  #withoutKey(error: unknown): string {
    if (!isUnreadable(error)) throw error
    return this.#key === 'auditKey' ? unreadable : erased
  }

  async #pseudonymWith(key: string | undefined, { tenantId, userId }: TenantUser): Promise<string> {
    if (key === undefined) return erased
    const kind = this.#key.slice(0, -'Key'.length)
    return `user:${(await digestOf(JSON.stringify([kind, key, tenantId, userId]))).slice(0, 22)}`
  }
}

const nameOf = ({ tenantId, userId }: TenantUser): string => JSON.stringify([tenantId, userId])
