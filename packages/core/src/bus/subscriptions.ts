import { SessionError } from '../errors.js'
import { type BusListener, type SessionNotice, topicOf } from './session-bus.js'

/** Who in this process listens to which topics. */
export class Subscriptions {
  readonly #byTopic = new Map<number, Set<BusListener>>()

  has(topic: number): boolean {
    return this.#byTopic.has(topic)
  }

  get topics(): readonly number[] {
    return [...this.#byTopic.keys()]
  }

  add(topics: readonly number[], listener: BusListener): void {
    for (const topic of topics) {
      const listeners = this.#byTopic.get(topic)
      if (listeners === undefined) this.#byTopic.set(topic, new Set([listener]))
      else listeners.add(listener)
    }
  }

  remove(topics: readonly number[], listener: BusListener): void {
    for (const topic of topics) {
      const listeners = this.#byTopic.get(topic)
      listeners?.delete(listener)
      if (listeners?.size === 0) this.#byTopic.delete(topic)
    }
  }

  tell(notices: readonly SessionNotice[]): void {
    if (this.#byTopic.size === 0) return
    const told = new Map<BusListener, SessionNotice[]>()
    for (const notice of notices) {
      for (const listener of this.#byTopic.get(topicOf(notice)) ?? []) {
        const others = told.get(listener)
        if (others === undefined) told.set(listener, [notice])
        else others.push(notice)
      }
    }
    for (const [listener, own] of told) listener.notices(own)
  }

  /** @param topics Those that may have missed something (default: all). */
  gap(topics: readonly number[] = this.topics): void {
    const told = new Map<BusListener, number[]>()
    for (const topic of topics) {
      for (const listener of this.#byTopic.get(topic) ?? []) {
        const others = told.get(listener)
        if (others === undefined) told.set(listener, [topic])
        else others.push(topic)
      }
    }
    for (const [listener, own] of told) listener.gap(own)
  }

  clear(): void {
    this.#byTopic.clear()
  }
}

/** The refusal for whoever would listen to a bus that was closed. */
export function busClosed(): SessionError {
  return new SessionError('unavailable', 'the bus is closed')
}
