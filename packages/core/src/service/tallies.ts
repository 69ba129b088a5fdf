import type { SessionRef } from '../contract/session-record.js'
import type { SessionStore } from '../contract/session-store.js'
import type { TallyCache } from './tally-cache.js'

/** The counts of `info()`, whose code is loaded with its first call. */
export class Tallies {
  readonly store: SessionStore
  /** How long what is out of use is kept at most, in milliseconds. */
  readonly keptMs: number
  cache: TallyCache | undefined

  constructor(store: SessionStore, keptMs: number) {
    this.store = store
    this.keptMs = keptMs
  }

  /** Forgets a session whose messages are gone, or say something else now. */
  forget(ref: SessionRef): void {
    this.cache?.forget(ref)
  }
}
