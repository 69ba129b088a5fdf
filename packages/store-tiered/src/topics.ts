import type { SessionBus, SessionNotice } from '@sessions/core/store'

const retryMs = 1000

/** The topics of a bus that a cache listens to: those of which it keeps anything. */
export class Topics {
  readonly #bus: SessionBus | undefined
  readonly #onNotice: (notice: SessionNotice) => void
  readonly #onGap: (topics: readonly number[]) => void
  readonly #stops = new Map<number, Promise<(() => Promise<void>) | undefined>>()
  #isClosed = false

  constructor(
    bus: SessionBus | undefined,
    onNotice: (notice: SessionNotice) => void,
    onGap: (topics: readonly number[]) => void,
  ) {
    this.#bus = bus
    this.#onNotice = onNotice
    this.#onGap = onGap
  }

  listen(topic: number): void {
    if (this.#bus === undefined || this.#isClosed || this.#stops.has(topic)) return
    const listener = {
      notices: (notices: readonly SessionNotice[]) => notices.forEach((notice) => this.#onNotice(notice)),
      gap: (topics: readonly number[]) => this.#onGap(topics),
    }
    const listening = this.#bus.subscribe([topic], listener).then(
      (stop) => {
        // What changed before, nobody has told.
        this.#onGap([topic])
        return stop
      },
      () => {
        // Until then what is kept is as old as each reader allows.
        const again = setTimeout(() => this.#stops.delete(topic), retryMs) as { unref?: () => void }
        again.unref?.()
        return undefined
      },
    )
    this.#stops.set(topic, listening)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#stops.values()].map(async (stop) => (await stop)?.()))
  }
}
