import { byteLength } from '../json.js'
import type { Fact } from './session-body.js'

/** A fact of a user that other sessions of the user may show, and where the user said it. */
export interface UserFact extends Fact {
  /** The session, and in it the message of the user, that the fact was drawn from. */
  readonly sessionId: string
  /** The message that it was drawn from. */
  readonly seq: number
  /** Who or what drew it, in the words of the application. */
  readonly source: string
}

const maxFacts = 200
const maxBytes = 32_768

/** The newest of the facts, as many as there may be of a user. Facts come oldest first. */
export function boundedFacts(facts: readonly UserFact[]): UserFact[] {
  const kept: UserFact[] = []
  let bytes = 0
  for (const fact of facts.slice(-maxFacts).toReversed()) {
    bytes += byteLength(JSON.stringify(fact))
    if (bytes > maxBytes) break
    kept.push(fact)
  }
  return kept.toReversed()
}
