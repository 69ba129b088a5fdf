import type { Session } from '@sessions/core'

export interface AssistantInput {
  /** The session as its caller may touch it; the question is its newest message already. */
  readonly session: Session
  readonly question: string
  /** The id of the question in the log. */
  readonly messageId: string
  /** Aborted when nobody waits for the rest of the reply. */
  readonly signal: AbortSignal
}

/**
 * Answers a question, a piece of text at a time. What it yields is the reply, which the caller stores; whatever else
 * it does, it does through the session. A model takes the place of the local one by the same signature:
 * `session.context()` gives what to show it.
 */
export type Assistant = (input: AssistantInput) => AsyncIterable<string>
