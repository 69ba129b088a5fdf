import { SessionError } from '../errors.js'
import { later, within } from '../time.js'

interface Waiting<Item> {
  readonly item: Item
  readonly bytes: number
  /** Counts all items in the order in which they came. */
  readonly number: number
}

/** Somebody who waits until what had come before is written or dropped. */
interface Flush {
  /** Of one tenant; undefined for all. */
  readonly tenantId: string | undefined
  readonly last: number
  left: number
  readonly end: () => void
}

/** What a queue does with what waits in it. */
export interface TenantQueueOptions<Item> {
  /** Bytes that may wait, over all tenants. */
  maxBytes: number
  /** What comes within so many milliseconds is written together. */
  delayMs: number
  /** Writes some items of one tenant. It is called again when it rejects. */
  write: (tenantId: string, items: readonly Item[]) => Promise<unknown>
  /** Is told of all that were dropped together: a database that is away must not flood the operator. */
  onDropped: (count: number, cause: unknown) => void
  /** Is told whose items were dropped, each time (default: nobody is). */
  onLost?: (tenantId: string) => void
}

const maxBatch = 200
// Tenants that are written for at the same moment: the store has other callers.
const maxTogether = 4
// As long as a database takes that restarts.
const retryMs = [100, 400, 1600]
/** How long anybody waits for what others have to be written, in milliseconds: a database that is away must hold up nobody. */
export const flushMs = 10_000

/** Writes things beside those who made them, tenant by tenant, so that nobody waits. What does not fit is dropped. */
export class TenantQueue<Item> {
  readonly #options: TenantQueueOptions<Item>
  readonly #waiting = new Map<string, Waiting<Item>[]>()
  /** How many items of a tenant are being written. */
  readonly #writing = new Map<string, number>()
  readonly #flushes = new Set<Flush>()
  /** How many items wait or are being written. */
  #open = 0
  #added = 0
  #queuedBytes = 0
  #dropped = 0
  #drains = 0
  #isTimed = false

  constructor(options: TenantQueueOptions<Item>) {
    this.#options = options
  }

  add(tenantId: string, item: Item, bytes: number): void {
    if (this.#queuedBytes + bytes > this.#options.maxBytes) {
      this.#dropped++
      this.#options.onLost?.(tenantId)
      this.#writeSoon()
      return
    }
    this.#queuedBytes += bytes
    this.#open++
    const waiting = this.#waiting.get(tenantId) ?? []
    this.#waiting.set(tenantId, waiting)
    waiting.push({ item, bytes, number: ++this.#added })
    if (waiting.length >= maxBatch) this.#write()
    else this.#writeSoon()
  }

  /**
   * Settles when what waits now is written or dropped: of one tenant, or of all. Nobody waits for what comes meanwhile: a
   * busy service never has nothing that waits.
   *
   * @returns False when that took too long; then it goes on without whoever has waited.
   */
  async flush(tenantId?: string): Promise<boolean> {
    const left = tenantId === undefined ? this.#open : this.#openOf(tenantId)
    if (left === 0) {
      if (this.#open === 0) this.#tellDropped()
      return true
    }
    let end = (): void => {}
    const ended = new Promise<void>((resolve) => (end = resolve))
    const flush: Flush = { tenantId, last: this.#added, left, end }
    this.#flushes.add(flush)
    // Not behind the others: whoever asks for one tenant must not wait for all.
    if (tenantId === undefined) this.#write()
    else this.#begin(tenantId)
    const isWritten = await within(ended, flushMs)
    this.#flushes.delete(flush)
    return isWritten
  }

  /** As `flush` of all, at the end: what could not be written by then is dropped, and told once. */
  async drain(): Promise<void> {
    if (await this.flush()) return
    this.#drains++
    for (const [tenantId, waiting] of this.#waiting) {
      this.#dropped += waiting.length
      this.#waiting.delete(tenantId)
      this.#options.onLost?.(tenantId)
      this.#ended(tenantId, waiting)
    }
    this.#tellDropped(
      new SessionError('unavailable', `It could not be written within ${flushMs / 1000} seconds.`),
    )
  }

  #openOf(tenantId: string): number {
    return (this.#waiting.get(tenantId)?.length ?? 0) + (this.#writing.get(tenantId) ?? 0)
  }

  #writeSoon(): void {
    if (this.#isTimed) return
    this.#isTimed = true
    const timer = later(() => {
      this.#isTimed = false
      this.#write()
    }, this.#options.delayMs)
    if (typeof timer === 'object') timer.unref()
  }

  #write(): void {
    for (const tenantId of this.#waiting.keys()) {
      if (this.#writing.size >= maxTogether) return
      this.#begin(tenantId)
    }
    if (this.#open === 0) this.#tellDropped()
  }

  #begin(tenantId: string): void {
    const waiting = this.#waiting.get(tenantId)
    if (waiting === undefined || this.#writing.has(tenantId)) return
    const batch = waiting.splice(0, maxBatch)
    this.#waiting.delete(tenantId)
    // A tenant of which much waits comes again behind the others.
    if (waiting.length > 0) this.#waiting.set(tenantId, waiting)
    this.#writing.set(tenantId, batch.length)
    void this.#store(tenantId, batch).finally(() => {
      this.#writing.delete(tenantId)
      this.#ended(tenantId, batch)
      for (const flush of this.#flushes) if (flush.tenantId === tenantId) this.#begin(tenantId)
      this.#write()
    })
  }

  /** Items are written, or dropped. */
  #ended(tenantId: string, items: readonly Waiting<Item>[]): void {
    this.#open -= items.length
    for (const { bytes } of items) this.#queuedBytes -= bytes
    for (const flush of this.#flushes) {
      if (flush.tenantId !== undefined && flush.tenantId !== tenantId) continue
      flush.left -= items.filter(({ number }) => number <= flush.last).length
      if (flush.left === 0) flush.end()
    }
  }

  async #store(tenantId: string, batch: readonly Waiting<Item>[]): Promise<void> {
    const items = batch.map(({ item }) => item)
    const drains = this.#drains
    for (let tries = 0; ; tries++) {
      try {
        await this.#options.write(tenantId, items)
        return
      } catch (cause) {
        const ms = retryMs[tries]
        if (ms === undefined || drains !== this.#drains) {
          this.#dropped += batch.length
          this.#options.onLost?.(tenantId)
          this.#tellDropped(cause)
          return
        }
        await new Promise((resolve) => later(resolve, ms))
      }
    }
  }

  #tellDropped(cause?: unknown): void {
    if (this.#dropped === 0) return
    const count = this.#dropped
    this.#dropped = 0
    this.#options.onDropped(count, cause)
  }
}
