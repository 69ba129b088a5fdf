export type Backend = 'memory' | 'redis' | 'postgres'

/** Something that keeps conversations, doing what a session store must do. */
export interface Contender {
  /** New sessions, with this many messages each. */
  prepare(ids: readonly string[], history: number): Promise<void>
  /** Appends a message and moves the deadline, durably. The same again changes nothing. */
  append(id: string, message: { id: string; payload: string }): Promise<Appended>
  /** The session and its newest messages, oldest first; undefined when there is none. */
  read(id: string, tail: number): Promise<View | undefined>
  /** Removes sessions that are no longer needed. */
  remove(ids: readonly string[]): Promise<void>
  close(): Promise<void>
}

/** How a session stands. */
export interface Standing {
  readonly lastSeq: number
  readonly revision: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly activeAt: number
  readonly expiresAt: number | undefined
}

export interface Appended extends Standing {
  readonly seq: number
}

/** What a caller is given to make a context from. */
export interface View extends Standing {
  readonly body: string
  readonly messages: readonly { seq: number; id: string; at: number; payload: string }[]
}

/** How a contender is opened over a server: once for the clock, once more where bytes are counted. */
export interface Entry {
  readonly name: string
  readonly backend: Backend
  /** `ours` is compared with `raw`; `peer` stands beside them. */
  readonly role: 'ours' | 'raw' | 'peer'
  open(url: string): Promise<Contender>
}
