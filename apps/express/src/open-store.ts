import type { SessionsOptions, SessionStore } from '@sessions/core'

/** A store, and a function that closes what was opened for it. */
export interface OpenStore {
  readonly store: SessionStore
  /** Tells of changes; without one, whoever watches asks the store. */
  readonly bus?: SessionsOptions['bus']
  /** How old what is shown may be. */
  readonly reads?: SessionsOptions['reads']
  close(): Promise<void>
}
