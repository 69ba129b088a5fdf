import type { Identity, Sessions, SessionStore } from '@sessions/core'

/** What an inspector looks at, and who may look. */
export interface InspectorOptions {
  /** The service, as `createSessions` makes it. */
  sessions: Sessions
  /**
   * Who is asking, from what your application has verified; undefined for whoever has not signed in. Only admins of a
   * tenant see anything, and only of that tenant.
   */
  identify: (request: Request) => Identity | undefined | Promise<Identity | undefined>
  /** Where the pages are, as a browser asks for them: a path without a slash at its end (default `/inspector`). */
  basePath?: string
  /** The store of the service: for the sizes of what is kept beside sessions (default: they are not shown). */
  store?: SessionStore
  /** Instructions that contexts are shown with, as your application passes them (default: none). */
  system?: string
  /** Tokens of the contexts that are shown (default 8,000). */
  maxTokens?: number
  /** Called with what made a page fail, a status of 500 or more (default: `console.error`). */
  onError?: (error: unknown, request: Request) => void
}

/** An inspector of one application. */
export interface Look {
  readonly sessions: Sessions
  readonly identity: Identity
  readonly basePath: string
  readonly store: SessionStore | undefined
  readonly system: string | undefined
  readonly maxTokens: number
  readonly url: URL
}
