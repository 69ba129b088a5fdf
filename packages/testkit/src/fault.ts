/** How often a fault strikes. */
interface FaultTimes {
  /** Heals by itself after so many hits. Default: lasts until `heal()`. */
  times?: number
}

/**
 * What can happen to connections.
 *
 * - `latency`: a reply reaches the client `ms` later. A hit is a piece of a reply.
 * - `blackHole`: bytes are swallowed both ways, connections stay open. A hit is a piece swallowed.
 * - `reset`: open connections are reset (RST), new ones once they are made. A hit is a connection.
 * - `cutAfterRequest`: when a request arrives it is dropped and the connection closed: the server never saw
 *   it. A hit is a connection.
 * - `cutBeforeReply`: a request is passed on, its reply is dropped and the connection closed: the server
 *   applied it, the client cannot know. A hit is a connection.
 * - `halfOpen`: the server side is gone, the client side stays open and hears nothing. A hit is a connection.
 */
export type Fault =
  | ({ kind: 'latency'; ms: number } & FaultTimes)
  | ({ kind: 'blackHole' | 'reset' | 'cutAfterRequest' | 'cutBeforeReply' | 'halfOpen' } & FaultTimes)

/** The name of a fault. */
export type FaultKind = Fault['kind']

/** The fault in force in one proxy, and the count of its hits. */
export class ActiveFault {
  #fault: Fault | undefined
  #left = 0
  #hits = 0

  /** Undefined when all is well. The same object for as long as a fault is in force. */
  get current(): Fault | undefined {
    return this.#fault
  }

  /** How often the last fault set has struck; outlives it. */
  get hits(): number {
    return this.#hits
  }

  set(fault: Fault): void {
    // A copy, so that setting one fault twice makes two.
    this.#fault = { ...fault }
    this.#left = fault.times ?? Infinity
    this.#hits = 0
  }

  clear(): void {
    this.#fault = undefined
  }

  /** Claims one hit of a fault; undefined when another one or none is in force. */
  strike<K extends FaultKind>(kind: K): Extract<Fault, { kind: K }> | undefined {
    const fault = this.#fault
    if (fault?.kind !== kind) return undefined
    this.#hits += 1
    this.#left -= 1
    if (this.#left <= 0) this.clear()
    return fault as Extract<Fault, { kind: K }>
  }
}
