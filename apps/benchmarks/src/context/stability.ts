import {
  buildContext,
  type ContextBoundary,
  type ContextMessage,
  type ContextStrategy,
  createRelevanceIndex,
} from '@sessions/core/context'
import { type Conversation, countByLength } from './conversations.js'

export interface Stability {
  readonly strategy: string
  readonly turns: number
  /** Mean share of a prompt's tokens that are, byte for byte, the beginning of the prompt of the turn before. */
  readonly samePrefix: number
  /** The same, of those turns whose prompt leaves messages out. */
  readonly whenFull: number
  readonly moves: number
  readonly meanTokens: number
}

const system =
  'You are a kind assistant. Answer from the conversation, and say so when it does not hold the answer.'

/** Plays the conversation turn by turn, as a session would, and keeps the boundary from one turn to the next. */
export function measureStability(
  conversations: readonly Conversation[],
  name: string,
  strategy: ContextStrategy | undefined,
  options: { budget: number; turns: number },
): Stability {
  let shares = 0
  let full = 0
  let fullTurns = 0
  let tokens = 0
  let turns = 0
  let moves = 0
  for (const { messages } of conversations) {
    const index = createRelevanceIndex()
    let boundary: ContextBoundary | undefined
    let previous: readonly ContextMessage[] = []
    let turn = 0
    for (const [place, message] of messages.entries()) {
      if (message.role !== 'user' || turn === options.turns) continue
      turn++
      const built = buildContext(
        {
          messages: messages.slice(0, place + 1),
          system,
          index,
          ...(boundary === undefined ? {} : { boundary }),
        },
        {
          maxTokens: options.budget,
          countTokens: countByLength,
          ...(strategy === undefined ? {} : { strategy }),
        },
      )
      if (turn > 1) {
        const share = sharedTokens(previous, built.messages) / built.tokens
        shares += share
        if (built.report.dropped.length > 0) {
          full += share
          fullTurns++
        }
        tokens += built.tokens
        turns++
        if (built.report.boundaryMoved) moves++
      }
      boundary = built.report.boundary
      previous = built.messages
    }
  }
  return {
    strategy: name,
    turns,
    samePrefix: shares / turns,
    whenFull: full / fullTurns,
    moves,
    meanTokens: tokens / turns,
  }
}

function sharedTokens(before: readonly ContextMessage[], now: readonly ContextMessage[]): number {
  let tokens = 0
  for (const [index, message] of now.entries()) {
    const other = before[index]
    if (other === undefined || other.role !== message.role) break
    if (JSON.stringify(other.content) !== JSON.stringify(message.content)) break
    tokens += message.tokens
  }
  return tokens
}
