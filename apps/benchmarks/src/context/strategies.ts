import {
  compose,
  type ContextStrategy,
  relevance,
  slidingWindow,
  stableWindow,
  tokenBudget,
} from '@sessions/core/context'

/** By name; undefined is the default strategy of a session. */
export const strategies: ReadonlyMap<string, ContextStrategy | undefined> = new Map<
  string,
  ContextStrategy | undefined
>([
  ['default', undefined],
  ['sliding-window', slidingWindow()],
  ['stable-window', stableWindow()],
  ['token-budget', tokenBudget()],
  ['window-and-relevance', compose(slidingWindow({ maxMessages: 20 }), relevance())],
  ['relevance', relevance()],
])
