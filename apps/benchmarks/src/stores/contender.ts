/** What is measured together. SQLite twice: with every commit flushed to the disk, and without. */
export type Backend = 'memory' | 'sqlite normal' | 'sqlite full' | 'redis' | 'postgres'

/** A contender keeps conversations, with the guarantees of a session store. */
export interface Contender {
  /** New sessions, with this many messages each. */
  prepare(ids: readonly string[], history: number): Promise<void>
  /** Appends a message and moves the deadline, durably. The same message again changes nothing. */
  append(id: string, message: { id: string; payload: string }): Promise<Appended>
  /** The session and its newest messages, oldest first; undefined when there is none. */
  read(id: string, tail: number): Promise<View | undefined>
  /** Removes sessions that are no longer needed. */
  remove(ids: readonly string[]): Promise<void>
  close(): Promise<void>
}

/** Counters and times of a session. */
export interface Standing {
  readonly lastSeq: number
  readonly revision: number
  /** How often the session has changed, its creation included. */
  readonly changes: number
  /** Bytes of all payloads, in UTF-8: a session has room for so many. */
  readonly bytes: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly activeAt: number
  readonly expiresAt: number | undefined
}

export interface Appended extends Standing {
  readonly seq: number
}

/** The data that a caller needs to build a context. */
export interface View extends Standing {
  readonly body: string
  readonly messages: readonly { seq: number; id: string; at: number; payload: string }[]
}

/** `ours` is compared with `raw`, and with itself behind encryption, `sealed`; `peer` stands beside them. */
export type Role = 'ours' | 'sealed' | 'raw' | 'peer'

/** How a contender is opened over a server: once for the timing, once more for the counting of bytes. */
export interface Entry {
  readonly name: string
  readonly backend: Backend
  readonly role: Role
  open(url: string): Promise<Contender>
}
