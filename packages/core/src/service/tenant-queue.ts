import { later } from '../time.js'

interface Waiting<Item> {
  readonly item: Item
  readonly bytes: number
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

/** Writes things beside those who made them, tenant by tenant, so that nobody waits. What does not fit is dropped. */
export class TenantQueue<Item> {
  readonly #options: TenantQueueOptions<Item>
  readonly #waiting = new Map<string, Waiting<Item>[]>()
  readonly #writing = new Map<string, Promise<void>>()
  #queuedBytes = 0
  #dropped = 0
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
    const waiting = this.#waiting.get(tenantId) ?? []
    this.#waiting.set(tenantId, waiting)
    waiting.push({ item, bytes })
    if (waiting.length >= maxBatch) this.#write()
    else this.#writeSoon()
  }

  /** Settles when nothing waits any more. */
  async flush(): Promise<void> {
    while (this.#waiting.size > 0 || this.#writing.size > 0) {
      this.#write()
      await Promise.all(this.#writing.values())
    }
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
    for (const [tenantId, waiting] of this.#waiting) {
      if (this.#writing.size >= maxTogether) return
      if (this.#writing.has(tenantId)) continue
      const batch = waiting.splice(0, maxBatch)
      if (waiting.length === 0) this.#waiting.delete(tenantId)
      const written = this.#store(tenantId, batch).finally(() => {
        for (const { bytes } of batch) this.#queuedBytes -= bytes
        this.#writing.delete(tenantId)
        this.#write()
      })
      this.#writing.set(tenantId, written)
    }
    if (this.#waiting.size === 0 && this.#writing.size === 0) this.#tellDropped()
  }

  async #store(tenantId: string, batch: readonly Waiting<Item>[]): Promise<void> {
    const items = batch.map(({ item }) => item)
    for (let tries = 0; ; tries++) {
      try {
        await this.#options.write(tenantId, items)
        return
      } catch (cause) {
        const ms = retryMs[tries]
        if (ms === undefined) {
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
