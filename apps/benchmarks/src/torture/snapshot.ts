/** A session after all processes have ended, read from the store itself. */
export interface Snapshot {
  readonly tenantId: string
  readonly sessionId: string
  readonly incarnation: string
  /** What kind of session it is, for lists. */
  readonly label?: string
  readonly lastSeq: number
  readonly trimmedSeq: number
  /** Every message, on any branch, in the order of the store. */
  readonly messages: readonly SnapshotMessage[]
  /** The body as the store keeps it. */
  readonly body: string
  /** Items by sku. */
  readonly cart: Readonly<Record<string, number>>
  /** Registers by name: own cart lines, preferences. */
  readonly registers: Readonly<Record<string, string | number>>
  /** The counters of all lanes together, and of each lane. */
  readonly total: number
  readonly counts: Readonly<Record<string, number>>
  /** Where it was forked from. */
  readonly forkedFrom?: string
  /** The messages of the active branch, in order. */
  readonly active: readonly number[]
}

export interface SnapshotMessage {
  readonly seq: number
  readonly id: string
  /** The id that callers see, when the store has another: the message is on several branches. */
  readonly copyOf?: string | undefined
  /** The payload as the store keeps it. */
  readonly payload: string
  /** The text of the message; undefined when it cannot be read. */
  readonly text?: string | undefined
}
