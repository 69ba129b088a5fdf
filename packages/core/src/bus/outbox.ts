import { type SessionNotice, topicOf } from './session-bus.js'

/** What is to be sent on one topic: notices, or `all` when there were too many to name. */
export type Batch = readonly SessionNotice[] | 'all'

/** Notices that wait to be sent together: the newest of each session, and a bounded number of them. */
export class Outbox {
  readonly #most: number
  readonly #byTopic = new Map<number, Map<string, SessionNotice> | 'all'>()
  #count = 0

  constructor(most: number) {
    this.#most = most
  }

  get isEmpty(): boolean {
    return this.#byTopic.size === 0
  }

  add(notice: SessionNotice): void {
    const topic = topicOf(notice)
    let waiting = this.#byTopic.get(topic)
    if (waiting === 'all') return
    if (waiting === undefined) this.#byTopic.set(topic, (waiting = new Map<string, SessionNotice>()))
    const key = `${notice.tenantId.length}:${notice.tenantId}${notice.id}`
    const before = waiting.get(key)
    if (before === undefined && this.#count === this.#most) {
      this.#count -= waiting.size
      this.#byTopic.set(topic, 'all')
      return
    }
    if (before === undefined) this.#count++
    // Whoever keeps anything of a removed session drops it, whatever has happened to its id since.
    if (before?.kind !== 'removed') waiting.set(key, notice)
  }

  /** Everything that waits, by topic. Nothing waits afterwards. */
  take(): readonly (readonly [topic: number, Batch])[] {
    const taken = [...this.#byTopic].map(
      ([topic, waiting]) => [topic, waiting === 'all' ? waiting : [...waiting.values()]] as const,
    )
    this.#byTopic.clear()
    this.#count = 0
    return taken
  }
}
