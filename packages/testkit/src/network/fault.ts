/** How often a fault strikes. */
interface FaultTimes {
  /** Heals by itself after this many hits. Default: lasts until `heal()`. */
  times?: number
}

/**
 * The faults of connections.
 *
 * - `latency`: a reply reaches the client `ms` later. A hit is a piece of a reply.
 * - `blackHole`: bytes are swallowed both ways, connections stay open. A hit is a swallowed piece.
 * - `reset`: open connections are reset (RST), new ones as soon as they are made. A hit is a connection.
 * - `cutAfterRequest`: a request is dropped when it arrives, and the connection closed: the server never saw it. A hit
 * is a connection.
 * - `cutBeforeReply`: a request is passed on, its reply is dropped and the connection closed: the server applied the
 * request, the client cannot know. A hit is a connection.
 * - `halfOpen`: the server side is gone, the client side stays open and receives nothing. A hit is a connection.
 */
export type Fault =
  | ({ kind: 'latency'; ms: number } & FaultTimes)
  | ({ kind: 'blackHole' | 'reset' | 'cutAfterRequest' | 'cutBeforeReply' | 'halfOpen' } & FaultTimes)

/** The name of a fault. */
export type FaultKind = Fault['kind']

/** The current fault of one proxy, and the count of its hits. */
export class ActiveFault {
  #fault: Fault | undefined
  #left = 0
  #hits = 0

  /** Undefined without a fault. The same object as long as one fault lasts. */
  get current(): Fault | undefined {
    return this.#fault
  }

  /** How often the last fault has struck; kept after the fault. */
  get hits(): number {
    return this.#hits
  }

  set(fault: Fault): void {
    // A copy, so that setting one fault twice makes two objects.
    this.#fault = { ...fault }
    this.#left = fault.times ?? Infinity
    this.#hits = 0
  }

  clear(): void {
    this.#fault = undefined
  }

  /** Counts one hit of a fault; undefined when another fault, or none, is set now. */
  strike<K extends FaultKind>(kind: K): Extract<Fault, { kind: K }> | undefined {
    const fault = this.#fault
    if (fault?.kind !== kind) return undefined
    this.#hits += 1
    this.#left -= 1
    if (this.#left <= 0) this.clear()
    return fault as Extract<Fault, { kind: K }>
  }
}
