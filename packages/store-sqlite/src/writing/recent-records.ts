import type { SessionRecord } from '@sessions/core/store'

/** A session as this process has seen it last. */
export interface RecentRecord {
  readonly record: SessionRecord
  /** Names the session inside the database. */
  readonly key: number
}

const maxCount = 1000
// Most names are short. What is longer is read each time, so that all of them take a few MB at most.
const maxLength = 2000

/**
 * Records of the sessions that this process used last. A commit that finds one need not read it: the row says itself
 * whether it is still the same, by its count of changes.
 */
export class RecentRecords {
  readonly #records = new Map<string, RecentRecord>()

  get(tenant: string, id: string): RecentRecord | undefined {
    return this.#records.get(nameOf(tenant, id))
  }

  keep(tenant: string, id: string, key: number, record: SessionRecord): void {
    const name = nameOf(tenant, id)
    this.#records.delete(name)
    const { userId = '', label = '', title = '' } = record
    if (name.length + userId.length + label.length + title.length > maxLength) return
    // A copy: the caller has the original.
    const { lifetime } = record
    const own = lifetime === undefined ? record : { ...record, lifetime: { ...lifetime } }
    this.#records.set(name, { key, record: { ...own } })
    if (this.#records.size <= maxCount) return
    const [oldest] = this.#records.keys()
    this.#records.delete(oldest!)
  }

  forget(tenant: string, id: string): void {
    this.#records.delete(nameOf(tenant, id))
  }
}

function nameOf(tenant: string, id: string): string {
  return `${tenant.length}:${tenant}${id}`
}
