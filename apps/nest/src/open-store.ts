import type { SessionsOptions, SessionStore } from '@sessions/core'

/** A store, and a function that closes what was opened for it. */
export interface OpenStore {
  readonly store: SessionStore
  /** How old what is shown may be. */
  readonly reads?: SessionsOptions['reads']
  close(): Promise<void>
}
