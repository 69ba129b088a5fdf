import type { SuspicionReason } from '../domain/events.js'
import type { Identity } from '../domain/identity.js'
import type { EventSubject } from '../service/events.js'
import type { Service } from '../service/service.js'
import { callerOf } from './caller.js'
import { noteAudit } from './note.js'

interface Watched {
  readonly until: number
  count: number
  /** The device that was seen last. */
  device: string
}

// Each takes some 200 bytes: what is watched takes a megabyte, whoever calls.
const maxWatched = 5000
const nameLength = 43

/** Counts what one alone is harmless of, in this process, for a minute each. */
export class Suspicions {
  readonly #service: Service
  readonly #watched = new Map<string, Watched>()

  constructor(service: Service) {
    this.#service = service
  }

  /** A request for what does not exist, or of nobody. @param caller A digest of the one who is counted. */
  missed(caller: string, identity: Identity): void {
    const { count } = this.#seen('misses', caller)
    const { tenantId } = identity
    if (count === this.#service.suspicion.misses) this.#tell('misses', count, { tenantId, id: '' }, identity)
  }

  /** A credential that was replaced was sent. */
  outdated(record: EventSubject & { readonly incarnation: string }, identity: Identity): void {
    const { count } = this.#seen('outdated', record.incarnation)
    if (count === this.#service.suspicion.outdated) this.#tell('outdated_credential', count, record, identity)
  }

  /** A credential opened a session. @param credential A digest of it. @param device A digest of what sent it. */
  used(credential: string, device: string, session: EventSubject, identity: Identity): void {
    const watched = this.#seen('device', credential, device)
    if (watched.device === device) return
    watched.device = device
    // Told once in each minute: two devices that take turns would be told at each request.
    if (watched.count < 0) return
    watched.count = Number.NEGATIVE_INFINITY
    this.#tell('two_devices', 2, session, identity)
  }

  /** A transfer was redeemed by another device than the one that has it. */
  replayed(transferId: string, session: EventSubject, identity: Identity): void {
    const { count } = this.#seen('replayed', transferId)
    if (count === 1) this.#tell('transfer_replayed', count, session, identity)
  }

  #tell(reason: SuspicionReason, count: number, subject: EventSubject, identity: Identity): void {
    const { requestId, ...caller } = callerOf(identity)
    this.#service.emit('access.suspicious', subject, { reason, count, requestId }, identity)
    const { tenantId, id } = subject
    const sessionId = id === '' ? undefined : id
    const happening = { ...caller, requestId, tenantId, sessionId, action: 'use.suspicious' }
    noteAudit(this.#service, { ...happening, detail: { reason, count } }, 'done')
  }

  #seen(what: string, name: string, device = ''): Watched {
    const key = `${what} ${name.slice(0, nameLength)}`
    const now = performance.now()
    const known = this.#watched.get(key)
    if (known !== undefined && known.until > now) {
      known.count++
      return known
    }
    this.#watched.delete(key)
    const watched = { until: now + this.#service.suspicion.windowMs, count: 1, device }
    this.#watched.set(key, watched)
    if (this.#watched.size > maxWatched) this.#watched.delete(this.#watched.keys().next().value!)
    return watched
  }
}

const all = new WeakMap<object, Suspicions>()

/** What is suspicious about callers of a service: one register for each. */
export function suspicionsOf(service: Service): Suspicions {
  const known = all.get(service.suspicion)
  if (known !== undefined) return known
  const made = new Suspicions(service)
  all.set(service.suspicion, made)
  return made
}
