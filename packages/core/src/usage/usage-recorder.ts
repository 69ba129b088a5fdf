import type { UsageEvent, UsageLog } from '../domain/usage.js'
import { byteLength } from '../json.js'
import { erased, Subjects } from '../audit/subjects.js'
import type { Service } from '../service/service.js'
import { TenantQueue } from '../service/tenant-queue.js'
import type { PriceTable } from './price-table.js'
import { pricesOf } from './prices.js'
import { storeUsageLog } from './store-usage-log.js'

interface Noted {
  readonly event: UsageEvent
  readonly userId: string | undefined
}

// Events that nobody waits for, over all tenants.
const maxQueuedBytes = 1024 * 1024
const eventBytes = 256
// Turns that end at about the same time are written together.
const delayMs = 1000

/** Writes what turns used beside them, so that none waits for it. */
export class UsageRecorder {
  readonly log: UsageLog
  readonly prices: PriceTable
  readonly currency: string
  readonly subjects: Subjects
  readonly service: Service
  readonly #queue: TenantQueue<Noted>

  constructor(service: Service) {
    const { table, currency } = pricesOf(service)
    this.service = service
    this.log = service.usage!.log ?? storeUsageLog(service.store)
    this.prices = table
    this.currency = currency
    this.subjects = new Subjects(service, 'usageKey')
    this.#queue = new TenantQueue<Noted>({
      maxBytes: maxQueuedBytes,
      delayMs,
      write: async (tenantId, noted) =>
        this.log.append(
          tenantId,
          await Promise.all(noted.map(({ event, userId }) => this.named(tenantId, event, userId))),
        ),
      onDropped: (count, cause) => {
        const message = `What ${count} turns used was not written; the next sweep makes it good from their sessions.`
        service.warn({ code: 'usage_dropped', message, ...(cause === undefined ? {} : { cause }) })
      },
    })
  }

  /** Takes an event to write it soon. What does not fit is dropped, and told. */
  note(tenantId: string, event: UsageEvent, userId?: string): void {
    this.#queue.add(tenantId, { event, userId }, byteLength(JSON.stringify(event)) + eventBytes)
  }

  /**
   * Settles when what a tenant has used until now is written, and the log has sent what it kept.
   *
   * @returns False when that took too long; then it goes on without whoever has waited.
   */
  async flush(tenantId: string): Promise<boolean> {
    const isWritten = await this.#queue.flush(tenantId)
    await this.log.flush?.()
    return isWritten
  }

  /** As `flush`, of all tenants, at the end: what cannot be written by then is dropped. */
  async drain(): Promise<void> {
    await this.#queue.drain()
    await this.log.flush?.()
  }

  /** The event as it is kept: with what stands for its user, and without the session of a user who was erased. */
  async named(tenantId: string, event: UsageEvent, userId: string | undefined): Promise<UsageEvent> {
    if (userId === undefined) return event
    const user = await this.subjects.of({ tenantId, userId })
    if (user !== erased) return { ...event, user }
    return nameless(event)
  }
}

/** An event that says nothing of whose it was. */
export function nameless(event: UsageEvent): UsageEvent {
  const { user: _user, sessionId: _id, label: _label, ...others } = event
  return others
}

const recorders = new WeakMap<object, UsageRecorder>()

/** What keeps the usage of a service, of which there is one; undefined where none is configured. */
export function usageOf(service: Service): UsageRecorder | undefined {
  const { usage } = service
  if (usage === undefined) return undefined
  const known = recorders.get(usage)
  if (known !== undefined) return known
  const recorder = new UsageRecorder(service)
  recorders.set(usage, recorder)
  return recorder
}
