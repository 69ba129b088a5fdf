/** A session as it is once all is quiet, read from the store itself. */
export interface Snapshot {
  readonly tenantId: string
  readonly sessionId: string
  readonly incarnation: string
  readonly lastSeq: number
  readonly trimmedSeq: number
  /** Every message there is, on any branch, in the order the store gave them. */
  readonly messages: readonly SnapshotMessage[]
  /** The body as the store keeps it. */
  readonly body: string
  /** Pieces by sku. */
  readonly cart: Readonly<Record<string, number>>
  /** Registers by name: own cart lines, preferences. */
  readonly registers: Readonly<Record<string, string | number>>
  /** What was counted by all, and by lane. */
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
  /** The id that callers know it by, where the store knows it by another: it is on several branches. */
  readonly copyOf?: string | undefined
  /** The payload as the store keeps it. */
  readonly payload: string
  /** What the message says; undefined when it cannot be read. */
  readonly text?: string | undefined
}
