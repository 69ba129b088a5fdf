import type { ContextStrategy } from './strategy.js'

export interface SlidingWindowOptions {
  /** Messages of the log at most, the latest user message included (default: no limit). */
  maxMessages?: number
  /** Tokens of history at most, the latest user message included (default: all that is left). */
  maxTokens?: number
}

/**
 * The newest messages, without a gap, from where a user speaks. A tool call and its results stay together, so a window
 * may hold fewer messages than asked for, never more.
 */
export function slidingWindow(options: SlidingWindowOptions = {}): ContextStrategy {
  const { maxMessages = Infinity, maxTokens = Infinity } = options
  return {
    name: 'sliding-window',
    choose({ groups, taken, room }) {
      let messages = 0
      let tokens = 0
      for (const index of taken) {
        messages += groups[index]!.messages.length
        tokens += groups[index]!.tokens
      }
      let left = Math.min(room, maxTokens - tokens)
      const history: number[] = []
      for (let index = groups.length - 1; index >= 0; index--) {
        if (taken.has(index)) continue
        const group = groups[index]!
        if (group.tokens > left || messages + group.messages.length > maxMessages) break
        left -= group.tokens
        messages += group.messages.length
        history.push(index)
      }
      return { history: fromUser(groups, taken, history) }
    },
  }
}

/**
 * A window without the answers it begins with: their question is outside, and a provider wants a user first. Newest
 * first, in and out. When no user speaks in it, it stays as it is.
 */
export function fromUser(
  groups: readonly { readonly role: string }[],
  taken: ReadonlySet<number>,
  history: readonly number[],
): readonly number[] {
  const oldest = history.at(-1)
  if (oldest === undefined || oldest === 0) return history
  for (const index of taken) if (index < oldest) return history
  const end = history.findLastIndex((index) => groups[index]!.role === 'user')
  if (end >= 0) return history.slice(0, end + 1)
  const first = Math.min(...taken)
  // No question inside but the latest one, which is in: what came before it is the tail of another turn.
  return Number.isFinite(first) ? history.filter((index) => index > first) : history
}
