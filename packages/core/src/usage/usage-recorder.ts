import type { UsageEvent, UsageLog } from '../domain/usage.js'
import { SessionError } from '../errors.js'
import { byteLength } from '../json.js'
import { erased, Subjects } from '../audit/subjects.js'
import type { Service } from '../service/service.js'
import { parseCurrency, PriceTable } from './price-table.js'
import { storeUsageLog } from './store-usage-log.js'

interface Waiting {
  readonly event: UsageEvent
  readonly userId: string | undefined
  readonly bytes: number
}

// Events that nobody waits for, over all tenants.
const maxQueuedBytes = 1024 * 1024
const eventBytes = 256
const maxBatch = 200
// Turns that end at about the same time are written together.
const delayMs = 1000
// Tenants that are written for at the same moment: the store has other callers.
const maxTogether = 4
// As long as a database takes that restarts.
const retryMs = [100, 400, 1600]

// Taken at import: a test of the application may replace it by a clock that stands still.
const later = setTimeout

/** Writes what turns used beside them, so that none waits for it. */
export class UsageRecorder {
  readonly log: UsageLog
  readonly prices: PriceTable
  readonly currency: string
  readonly subjects: Subjects
  readonly service: Service
  readonly #waiting = new Map<string, Waiting[]>()
  readonly #writing = new Map<string, Promise<void>>()
  #queuedBytes = 0
  #dropped = 0
  #isTimed = false

  /** @throws `invalid` */
  constructor(service: Service) {
    const { log, prices = [], currency } = service.usage!
    if (!service.hasLastingSecrets) {
      const path = 'credentialSecrets'
      throw new SessionError('invalid', `${path} is missing: what stands for users is kept by it`, { path })
    }
    if (log !== undefined && typeof log.append !== 'function')
      throw new SessionError('invalid', 'usage.log has no append', { path: 'usage.log' })
    this.service = service
    this.log = log ?? storeUsageLog(service.store)
    this.prices = new PriceTable(prices, 'usage.prices')
    this.currency = parseCurrency(currency ?? prices[0]?.currency ?? 'USD', 'usage.currency')
    this.subjects = new Subjects(service, 'usageKey')
  }

  /** Takes an event to write it soon. What does not fit is dropped, and told. */
  note(tenantId: string, event: UsageEvent, userId?: string): void {
    const bytes = byteLength(JSON.stringify(event)) + eventBytes
    if (this.#queuedBytes + bytes > maxQueuedBytes) {
      this.#dropped++
      return
    }
    this.#queuedBytes += bytes
    const waiting = this.#waiting.get(tenantId) ?? []
    this.#waiting.set(tenantId, waiting)
    waiting.push({ event, userId, bytes })
    if (waiting.length >= maxBatch) this.#write()
    else this.#writeSoon()
  }

  /** Settles when nothing waits any more, and the log has sent what it kept. */
  async flush(): Promise<void> {
    while (this.#waiting.size > 0 || this.#writing.size > 0) {
      this.#write()
      await Promise.all(this.#writing.values())
    }
    await this.log.flush?.()
  }

  /** The event as it is kept: with what stands for its user, and without the session of a user who was erased. */
  async named(tenantId: string, event: UsageEvent, userId: string | undefined): Promise<UsageEvent> {
    if (userId === undefined) return event
    const user = await this.subjects.of({ tenantId, userId })
    if (user !== erased) return { ...event, user }
    return nameless(event)
  }

  #writeSoon(): void {
    if (this.#isTimed) return
    this.#isTimed = true
    const timer = later(() => {
      this.#isTimed = false
      this.#write()
    }, delayMs)
    if (typeof timer === 'object') timer.unref()
  }

  #write(): void {
    for (const [tenantId, waiting] of this.#waiting) {
      if (this.#writing.size >= maxTogether) return
      if (this.#writing.has(tenantId)) continue
      const batch = waiting.splice(0, maxBatch)
      if (waiting.length === 0) this.#waiting.delete(tenantId)
      const written = this.#store(tenantId, batch).finally(() => {
        for (const { bytes } of batch) this.#queuedBytes -= bytes
        this.#writing.delete(tenantId)
        if (this.#waiting.size > 0) this.#write()
        else if (this.#writing.size === 0) this.#tellDropped()
      })
      this.#writing.set(tenantId, written)
    }
  }

  async #store(tenantId: string, batch: readonly Waiting[]): Promise<void> {
    for (let tries = 0; ; tries++) {
      try {
        const events = await Promise.all(
          batch.map(({ event, userId }) => this.named(tenantId, event, userId)),
        )
        await this.log.append(tenantId, events)
        return
      } catch (cause) {
        const ms = retryMs[tries]
        if (ms === undefined) {
          this.#dropped += batch.length
          this.#tellDropped(cause)
          return
        }
        await new Promise((resolve) => later(resolve, ms))
      }
    }
  }

  // Once for all that were dropped together: a log that is away must not flood the operator.
  #tellDropped(cause?: unknown): void {
    if (this.#dropped === 0) return
    const count = this.#dropped
    this.#dropped = 0
    const message = `What ${count} turns used was not written; the next sweep makes it good from their sessions.`
    this.service.warn({ code: 'usage_dropped', message, ...(cause === undefined ? {} : { cause }) })
  }
}

/** An event that says nothing of whose it was. */
export function nameless(event: UsageEvent): UsageEvent {
  const { user: _user, sessionId: _id, label: _label, ...others } = event
  return others
}

const recorders = new WeakMap<object, UsageRecorder>()

/** What keeps the usage of a service, of which there is one; undefined where none is configured. @throws `invalid` */
export function usageOf(service: Service): UsageRecorder | undefined {
  const { usage } = service
  if (usage === undefined) return undefined
  const known = recorders.get(usage)
  if (known !== undefined) return known
  const recorder = new UsageRecorder(service)
  recorders.set(usage, recorder)
  return recorder
}
