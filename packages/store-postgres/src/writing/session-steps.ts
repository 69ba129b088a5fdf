import type { Run } from '../connection/database.js'

/** Where a session is, as the database has it. */
export interface StoredPlace {
  readonly tenant: string
  readonly id: string
}

/** A session whose row this transaction holds. */
export interface LockedSession {
  readonly live: boolean
  /** The record, as `parseStoredRecord` reads it. */
  readonly record: unknown
  readonly key: string
}

/** Which session to delete, and how many messages it may have at most. */
export interface Removal extends StoredPlace {
  readonly incarnation?: string | null
  readonly changes?: number | null
  readonly most?: number
}

/** What replaces the payloads of some messages, and of which session alone. */
export interface StoredAmendment extends StoredPlace {
  readonly incarnation: string | null
  readonly changes: number | null
  readonly seqs: number[]
  readonly payloads: string[]
}

/** Messages, column by column. */
export interface MessageColumns {
  readonly seqs: number[]
  readonly ats: number[]
  readonly ids: string[]
  readonly payloads: string[]
}

/**
 * What is done to one session inside a transaction. The two kinds of statements do each step in their own way:
 * `CombinedSteps` by few statements that do much, `PortableSteps` by more that do little.
 */
export interface SessionSteps<Locked extends LockedSession = LockedSession> {
  /** Holds the row of a session until the transaction ends; undefined when there is none. */
  lock(run: Run, place: StoredPlace): Promise<Locked | undefined>
  /** Adds messages to the log, and leaves the row of the session as it is. */
  addMessages(run: Run, session: { tenant: string; key: string }, messages: MessageColumns): Promise<void>
  /** Replaces payloads; gives the seq of each message that was there. */
  amend(run: Run, amendment: StoredAmendment): Promise<number[]>
  /** Deletes the messages up to `seq` of a session that this transaction holds; gives how many there were. */
  dropMessages(run: Run, session: StoredPlace & { key: string; seq: number }): Promise<number>
  /**
   * Deletes a session and its messages. Undefined when there is no session with so few messages; else whether it was
   * live.
   */
  remove(run: Run, removal: Removal): Promise<boolean | undefined>
}

/** What one batch of a sweep did. */
export interface SweptBatch {
  readonly swept: number
  /** A session past its deadline with too many messages for one transaction. */
  readonly large?: { readonly tenant: string; readonly id: string; readonly incarnation: string }
}

/** Deletes up to `size` sessions past their deadline, with up to `most` messages in one transaction. */
export type SweepBatch = (size: number, most: number) => Promise<SweptBatch>
