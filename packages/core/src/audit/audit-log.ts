import { SessionError } from '../errors.js'
import { newId } from '../ids.js'
import { byteLength } from '../json.js'
import type { Service } from '../service/service.js'
import type { TenantUser } from '../service/user-record.js'
import type { Happening } from './caller.js'
import { AuditKeys } from './chain.js'
import type { AuditEntry, AuditOutcome, NewEntry } from './entry.js'
import type { Lanes } from './lane.js'
import { LaneWriter } from './lane-writer.js'
import { Subjects } from './subjects.js'

// Entries that nobody waits for, over all tenants.
const maxQueuedBytes = 256 * 1024
const entryBytes = 1024
const maxWriters = 1000
// Whoever floods the service must not flood the audit.
const onceMs = 60_000
const maxRecent = 1000

/** The audit of a service: what is written waits for its commit, or is noted and may be dropped. */
export class AuditLog {
  readonly lanes: Lanes
  readonly subjects: Subjects
  readonly #service: Service
  readonly #writers = new Map<string, LaneWriter>()
  readonly #notes = new Set<Promise<void>>()
  readonly #recent = new Map<string, { readonly until: number; more: number }>()
  #queuedBytes = 0
  #dropped = 0

  constructor(service: Service) {
    const { store, secrets } = service.audit!
    this.#service = service
    this.lanes = { store, keys: new AuditKeys(secrets) }
    this.subjects = new Subjects(service, 'auditKey')
  }

  /** Settles when the entry is stored. @throws `unavailable` when it could not be */
  async write(tenantId: string, entry: NewEntry): Promise<AuditEntry> {
    try {
      return await this.#writerOf(tenantId).write(entry)
    } catch (cause) {
      throw unwritten(cause)
    }
  }

  /** As `write`, of something that has names. */
  async writeOf(happening: Happening, outcome: AuditOutcome): Promise<AuditEntry> {
    return this.write(happening.tenantId, await this.entryOf(happening, outcome))
  }

  /**
   * Notes something that nobody waits for, once a minute for each actor, action and session: the next entry says how
   * many `more` there were. What does not fit the queue, or cannot be stored, is counted as dropped.
   */
  note(given: Happening, outcome: AuditOutcome): void {
    const more = this.#moreOf(given)
    if (more === undefined) return
    const happening = more === 0 ? given : { ...given, detail: { ...given.detail, more } }
    const bytes = entryBytes + byteLength(JSON.stringify(happening))
    if (this.#queuedBytes + bytes > maxQueuedBytes) {
      this.#dropped++
      return
    }
    this.#queuedBytes += bytes
    const noted = this.writeOf(happening, outcome)
      .then(
        () => {},
        () => void this.#dropped++,
      )
      .finally(() => {
        this.#queuedBytes -= bytes
        this.#notes.delete(noted)
        if (this.#notes.size === 0) this.#tellDropped(happening.tenantId)
      })
    this.#notes.add(noted)
  }

  /** So many notes came before the audit was loaded, and did not fit. */
  missed(count: number): void {
    this.#dropped += count
  }

  /** How many like this were left out since the last one; undefined when this one is left out. */
  #moreOf({ tenantId, action, actor, sessionId }: Happening): number | undefined {
    const name = JSON.stringify([tenantId, action, actor, sessionId])
    const known = this.#recent.get(name)
    if (known !== undefined && known.until > performance.now()) {
      known.more++
      return undefined
    }
    this.#recent.delete(name)
    this.#recent.set(name, { until: performance.now() + onceMs, more: 0 })
    if (this.#recent.size > maxRecent) {
      const [oldest, { more }] = this.#recent.entries().next().value!
      this.#recent.delete(oldest)
      this.#dropped += more
    }
    return known?.more ?? 0
  }

  /** Settles when what was noted until now is written or dropped: who is refused all the time notes all the time. */
  async flush(): Promise<void> {
    await Promise.all(this.#notes)
  }

  /** The entry of something that has names. @throws `unavailable` */
  async entryOf(happening: Happening, outcome: AuditOutcome, id = newId()): Promise<NewEntry> {
    const { action, actor, subject, sessionId, requestId, detail = {} } = happening
    try {
      const about = subject === undefined ? undefined : await this.#subjectOf(happening, subject)
      const isSelf = typeof actor === 'object' && actor.userId === subject?.userId
      const by = isSelf ? about! : await this.subjects.ofActor(happening.tenantId, actor)
      return { id, action, actor: by, subject: about, sessionId, requestId, outcome, detail }
    } catch (cause) {
      throw unwritten(cause)
    }
  }

  #subjectOf({ erases = false }: Happening, subject: TenantUser): Promise<string> {
    return erases ? this.subjects.last(subject) : this.subjects.of(subject)
  }

  #writerOf(tenantId: string): LaneWriter {
    const known = this.#writers.get(tenantId)
    const writer = known ?? new LaneWriter(this.lanes, tenantId)
    this.#writers.delete(tenantId)
    this.#writers.set(tenantId, writer)
    if (this.#writers.size > maxWriters) {
      const idle = [...this.#writers].find(([, each]) => each.isIdle && each !== writer)
      if (idle !== undefined) this.#writers.delete(idle[0])
    }
    return writer
  }

  // Once for all that were dropped together: whoever floods the audit must not flood the listeners.
  #tellDropped(tenantId: string): void {
    if (this.#dropped === 0) return
    const count = this.#dropped
    this.#dropped = 0
    this.#service.emit('audit.dropped', { tenantId, id: '' }, { count }, 'system')
  }
}

function unwritten(cause: unknown): SessionError {
  return new SessionError('unavailable', 'The audit could not be written, so nothing was done.', { cause })
}

const logs = new WeakMap<object, AuditLog>()

/** The audit of a service, of which there is one; undefined where none is configured. */
export function auditLogOf(service: Service): AuditLog | undefined {
  const { audit } = service
  if (audit === undefined) return undefined
  const known = logs.get(audit)
  if (known !== undefined) return known
  const log = new AuditLog(service)
  logs.set(audit, log)
  return log
}
