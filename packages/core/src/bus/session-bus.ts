import type { SessionRef } from '../contract/session-record.js'

/** That a session has changed. It names the session, and never what is in it. */
export interface SessionNotice extends SessionRef {
  /** What has happened to it. */
  readonly kind: 'changed' | 'removed'
  /** The session that it was, should another one have its id by now; absent when the sender did not learn it. */
  readonly incarnation?: string
  /** The changes that the record counted then; absent when the sender did not learn it. */
  readonly changes?: number
}

/** What a bus calls while it is listened to. Both do little, and throw nothing. */
export interface BusListener {
  /** Sessions that have changed, in the order of each sender. */
  notices(notices: readonly SessionNotice[]): void
  /**
   * Notices may have been missed, or none come from now on: whatever is kept of any session of these topics may be old. Who
   * waits for a notice looks by himself until `isUp` says that they come again.
   */
  gap(topics: readonly number[]): void
}

/**
 * Tells processes that a session has changed, so that those who watch it need not ask. It carries hints alone: nothing
 * is right only because a notice came, and a notice that is lost costs time.
 *
 * Every session belongs to one of 64 topics: see `topicOf`.
 */
export interface SessionBus {
  /** Whether notices of others come in now. While they do not, watchers ask the store. */
  readonly isUp: boolean
  /** Tells of changes, after they were stored. Returns at once, throws nothing, and delays no commit. */
  publish(notices: readonly SessionNotice[]): void
  /**
   * Resolves when it listens to these topics, with a function that ends that.
   *
   * @throws `unavailable` when the bus cannot listen now.
   */
  subscribe(topics: readonly number[], listener: BusListener): Promise<() => Promise<void>>
  /** Ends timers and subscriptions of the bus. What it was given, such as clients, stays its owner's. */
  close(): Promise<void>
}

/** How many topics there are. */
export const topicCount = 64

/** The topic of a session: 0 to 63, the same in every process. */
export function topicOf({ tenantId, id }: SessionRef): number {
  // FNV-1a over UTF-16 units.
  let hash = 0x811c9dc5
  const text = `${tenantId}\n${id}`
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return (hash >>> 0) % topicCount
}
