import type { Sessions, SessionWarning } from '@sessions/core'
import type { Transport } from '@sessions/core/node'
import type { NextSessionsOptions } from './next-sessions-options.js'

/** The parts of an application's sessions that a request uses. */
export interface OpenableSessions {
  readonly name: string
  readonly options: Pick<NextSessionsOptions, 'identify' | 'guests'>
  readonly warn: (warning: SessionWarning) => void
  sessions(): Promise<Sessions>
  transport(): Promise<Transport>
}
