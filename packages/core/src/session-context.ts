import type { ContextOptions } from './context/build-context.js'

export interface SessionContextOptions extends ContextOptions {
  /** Instructions; always in. */
  system?: string
  /** What the user asks now (default: the latest user message). */
  query?: string
  /** Where the conversation stands, for strategies that choose by it. */
  phase?: string
}
