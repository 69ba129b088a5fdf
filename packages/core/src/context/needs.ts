import type { Message } from '../domain/message.js'
import type { ContextSituation, ContextStrategy } from './strategy.js'

/** What of a session a strategy has to see, so that no more is read. */
export interface ContextNeeds {
  /** All of it, whatever else is said here (default false). */
  readonly all?: boolean
  /** The newest messages: as many as hold so many tokens (default: none, or whatever `messages` says) ... */
  readonly tokens?: number
  /** ... or so many of them, whichever are fewer. */
  readonly messages?: number
  /** Tokens of older messages that have to do with what the user asks (default 0). */
  readonly recall?: number
  /** What was drawn from messages as facts (default false). */
  readonly facts?: boolean
  /** Older messages that it keeps, whatever they have to do with. */
  readonly keep?: (message: Message) => boolean
}

/** What a strategy needs; one that does not say needs everything. */
export function needsOf(strategy: ContextStrategy, situation: ContextSituation): ContextNeeds {
  return strategy.needs?.(situation) ?? { all: true }
}

/** What several strategies need together. */
export function mergeNeeds(needs: readonly ContextNeeds[]): ContextNeeds {
  const windows = needs.filter(hasWindow)
  const keeps = needs.flatMap(({ keep }) => keep ?? [])
  return {
    all: needs.some(({ all }) => all === true),
    recall: Math.max(0, ...needs.map(({ recall = 0 }) => recall)),
    facts: needs.some(({ facts }) => facts === true),
    ...(windows.length === 0
      ? {}
      : {
          tokens: Math.max(...windows.map(({ tokens = Infinity }) => tokens)),
          messages: Math.max(...windows.map(({ messages = Infinity }) => messages)),
        }),
    ...(keeps.length === 0
      ? {}
      : { keep: keeps.length === 1 ? keeps[0]! : (message) => keeps.some((keep) => keep(message)) }),
  }
}

export function hasWindow({ tokens, messages }: ContextNeeds): boolean {
  return tokens !== undefined || messages !== undefined
}
