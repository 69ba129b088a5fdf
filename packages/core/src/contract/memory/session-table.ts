import type { SessionRef } from '../session-record.js'
import type { SessionQuery } from '../session-store.js'
import type { MemorySession } from './memory-session.js'
import { SortedList } from './sorted-list.js'

interface Activity {
  readonly activeAt: number
  readonly id: string
}

interface Entry extends Activity {
  readonly session: MemorySession
  readonly userId: string | undefined
  readonly label: string | undefined
}

interface Due {
  readonly at: number
  readonly order: number
}

interface Slot extends Due {
  readonly session: MemorySession
}

type ActivityList = SortedList<Activity, Entry>

interface Tenant {
  readonly sessions: Map<string, MemorySession>
  readonly active: ActivityList
  readonly users: Map<string, ActivityList>
  readonly labels: Map<string, ActivityList>
}

/** The sessions that a list is about. */
type Listed = Pick<SessionQuery, 'tenantId' | 'userId' | 'label'>

/** What the table remembers of a session beside the session itself. */
interface Place {
  bytes: number
  entry: Entry
  slot?: Slot
}

/** All sessions of a `memoryStore`: by tenant and id, by use, by activity, by deadline. */
export class SessionTable {
  readonly #tenants = new Map<string, Tenant>()
  /** Least recently used first. */
  readonly #places = new Map<MemorySession, Place>()
  readonly #due = new SortedList<Due, Slot>((a, b) => a.at - b.at || a.order - b.order)
  #bytes = 0
  #order = 0

  get size(): number {
    return this.#places.size
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The session, now the most recently used; undefined when absent or past its deadline. */
  use(ref: SessionRef, now: number): MemorySession | undefined {
    const session = this.#tenants.get(ref.tenantId)?.sessions.get(ref.id)
    if (session === undefined) return undefined
    if (session.isPast(now)) {
      this.drop(session)
      return undefined
    }
    const place = this.#places.get(session)!
    this.#places.delete(session)
    this.#places.set(session, place)
    return session
  }

  /** Puts a new session in its place, or a changed one in its new place. */
  put(session: MemorySession): void {
    const tenant = this.#tenant(session.tenantId)
    const place = this.#places.get(session)
    if (place === undefined) {
      tenant.sessions.set(session.id, session)
      const added = { bytes: session.bytes, entry: enter(tenant, session) }
      this.#places.set(session, added)
      this.#bytes += added.bytes
      this.#schedule(session, added)
      return
    }
    this.#bytes += session.bytes - place.bytes
    place.bytes = session.bytes
    const { activeAt, userId, label } = place.entry
    if (activeAt !== session.activeAt || userId !== session.userId || label !== session.label) {
      leave(tenant, place.entry)
      place.entry = enter(tenant, session)
    }
    this.#schedule(session, place)
  }

  drop(session: MemorySession): void {
    const place = this.#places.get(session)
    const tenant = this.#tenants.get(session.tenantId)
    if (place === undefined || tenant === undefined) return
    this.#places.delete(session)
    this.#bytes -= place.bytes
    if (place.slot !== undefined) this.#due.delete(place.slot)
    leave(tenant, place.entry)
    tenant.sessions.delete(session.id)
    if (tenant.sessions.size === 0) this.#tenants.delete(session.tenantId)
  }

  /** Drops up to `limit` sessions past their deadline. */
  sweep(limit: number, now: number): number {
    let count = 0
    while (count < limit) {
      const slot = this.#due.first
      if (slot === undefined || slot.at > now) break
      if (slot.session.isPast(now)) {
        this.drop(slot.session)
        count++
      } else {
        this.#reschedule(slot.session, this.#places.get(slot.session)!)
      }
    }
    return count
  }

  leastRecent(): MemorySession | undefined {
    for (const session of this.#places.keys()) return session
    return undefined
  }

  /** A user's sessions, or a label's, or a tenant's, newest activity first, from `after` on. */
  *active({ tenantId, userId, label }: Listed, after?: Activity): Generator<MemorySession> {
    const { active, users, labels } = this.#tenants.get(tenantId) ?? {}
    const list = userId !== undefined ? users?.get(userId) : label !== undefined ? labels?.get(label) : active
    if (list === undefined) return
    for (const { session } of list.backwards(after)) yield session
  }

  // A deadline that only moves later leaves the slot where it is: most appends move the deadline, and no append should
  // pay for that. `sweep` meets the slot early, and moves it then.
  #schedule(session: MemorySession, place: Place): void {
    if (session.expiresAt === undefined) return
    if (place.slot === undefined || place.slot.at > session.expiresAt) this.#reschedule(session, place)
  }

  #reschedule(session: MemorySession, place: Place): void {
    if (place.slot !== undefined) this.#due.delete(place.slot)
    place.slot = { at: session.expiresAt!, order: ++this.#order, session }
    this.#due.add(place.slot)
  }

  #tenant(tenantId: string): Tenant {
    let tenant = this.#tenants.get(tenantId)
    if (tenant === undefined) {
      tenant = {
        sessions: new Map(),
        active: new SortedList(byActivity),
        users: new Map(),
        labels: new Map(),
      }
      this.#tenants.set(tenantId, tenant)
    }
    return tenant
  }
}

function enter(tenant: Tenant, session: MemorySession): Entry {
  const { activeAt, id, userId, label } = session
  const entry = { activeAt, id, userId, label, session }
  tenant.active.add(entry)
  addTo(tenant.users, userId, entry)
  addTo(tenant.labels, label, entry)
  return entry
}

function leave(tenant: Tenant, entry: Entry): void {
  tenant.active.delete(entry)
  deleteFrom(tenant.users, entry.userId, entry)
  deleteFrom(tenant.labels, entry.label, entry)
}

function addTo(lists: Map<string, ActivityList>, name: string | undefined, entry: Entry): void {
  if (name === undefined) return
  let list = lists.get(name)
  if (list === undefined) {
    list = new SortedList(byActivity)
    lists.set(name, list)
  }
  list.add(entry)
}

function deleteFrom(lists: Map<string, ActivityList>, name: string | undefined, entry: Entry): void {
  if (name === undefined) return
  const list = lists.get(name)
  list?.delete(entry)
  if (list?.size === 0) lists.delete(name)
}

// The list is read from its end: the newest activity comes first, and sessions of equal activity come by id.
function byActivity(a: Activity, b: Activity): number {
  if (a.activeAt !== b.activeAt) return a.activeAt - b.activeAt
  if (a.id === b.id) return 0
  return a.id < b.id ? 1 : -1
}
