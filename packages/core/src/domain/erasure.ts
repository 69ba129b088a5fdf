/** The receipt of an erasure: what was there and is gone. The service signs it. */
export interface ErasureReceipt {
  /** Names the erasure. */
  readonly id: string
  /** The tenant. */
  readonly tenantId: string
  /** Stands for the user: a digest that is keyed by `credentialSecrets`. `verifyReceipt` compares it with a user. */
  readonly subject: string
  /** Who asked for it; `subject` when the user did. */
  readonly by: string
  /** As whoever asked for it has said. */
  readonly reason: string
  /** How many of each kind there were: `sessions`, `messages`, kinds of side records, and what `onErase` told. */
  readonly counts: Readonly<Record<string, number>>
  /** Sessions of other callers that were copied from this user's by transfers. They stay. */
  readonly copiesElsewhere: number
  /** When the erasure began, epoch ms, by the store's clock. */
  readonly startedAt: number
  /** When the last of it was gone, epoch ms, by the store's clock. */
  readonly erasedAt: number
  /** Over all of the others, for `verifyReceipt`. */
  readonly signature: string
}

/** How far an erasure is. */
export interface ErasureStatus {
  /** Names the erasure. */
  readonly id: string
  /** `running` also while it waits for the next sweep to go on with it. */
  readonly status: 'running' | 'done'
  /** When it began, epoch ms, by the store's clock. */
  readonly startedAt: number
  /** What was found so far, by kind. */
  readonly counts: Readonly<Record<string, number>>
  /** Present once it is done. */
  readonly receipt?: ErasureReceipt
  /** The user, while `privacy.afterErase` runs: the record itself names nobody any more. */
  readonly ending?: string
}

/** A record that is being removed: its id, its incarnation, and its label if it has one. */
export type RemovedPlace = readonly [id: string, incarnation: string, label?: string]

/** The erasure of a user, as the user record keeps it. */
export interface Erasure {
  readonly id: string
  readonly by: string
  readonly reason: string
  readonly startedAt: number
  /**
   * `running`: whatever a caller wrote before the caller read this is found by a later look. `closing`: the last look
   * has begun, or is over, and callers remove themselves what they wrote. `done`: as `closing`, with a receipt.
   */
  readonly phase: 'running' | 'closing' | 'done'
  /** The call that works on it, and alone counts: the newest that has begun, in whatever process. */
  readonly holder?: string
  readonly counts: Readonly<Record<string, number>>
  readonly copiesElsewhere: number
  /** Counted, and being removed just now, by kind. A process that takes the erasure over begins with these. */
  readonly removing: Readonly<Record<string, readonly RemovedPlace[]>>
  readonly receipt?: ErasureReceipt
  /** The user, while `privacy.afterErase` runs: the record itself names nobody any more. */
  readonly ending?: string
}
