import type { ContextNeeds, ContextSituation, ContextStrategy } from './strategy.js'

/** The needs of a strategy; a strategy without `needs` needs everything. */
export function needsOf(strategy: ContextStrategy, situation: ContextSituation): ContextNeeds {
  return strategy.needs?.(situation) ?? { all: true }
}

/** The needs of several strategies together. */
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
