import { buildContext, type ContextStrategy, createRelevanceIndex } from '@sessions/core/context'
import { type Conversation, countByLength } from './conversations.js'

/** The result of one strategy with one budget, over all questions of all conversations. */
export interface Row {
  readonly strategy: string
  readonly budget: number
  /** Share of all evidence messages in the contexts. */
  readonly evidenceRecall: number
  /** Share of the questions with all their evidence in the context. */
  readonly allEvidence: number
  readonly meanTokens: number
  /** Mean time of one build, with the index kept between questions as a session keeps it. */
  readonly microsPerBuild: number
}

export interface Measured extends Row {
  /** Evidence recall of each conversation, in the order given. */
  readonly perConversation: readonly number[]
}

/** `strategy` undefined: the default strategy of a session. */
export function measure(
  conversations: readonly Conversation[],
  name: string,
  strategy: ContextStrategy | undefined,
  budget: number,
): Measured {
  let found = 0
  let wanted = 0
  let complete = 0
  let builds = 0
  let tokens = 0
  let millis = 0
  const perConversation: number[] = []
  for (const { messages, questions } of conversations) {
    const index = createRelevanceIndex()
    index.add(messages)
    const before = { found, wanted }
    for (const { text, evidence } of questions) {
      const start = performance.now()
      const built = buildContext(
        { messages, query: text, index },
        { maxTokens: budget, countTokens: countByLength, ...(strategy === undefined ? {} : { strategy }) },
      )
      millis += performance.now() - start
      const { history, recall } = built.report.kept
      const inside = new Set([...history, ...recall])
      const hits = evidence.filter((seq) => inside.has(seq)).length
      // Counted in the same way for every strategy and layout; never less than the context's own count.
      const spent = messages.reduce((sum, message) => sum + (inside.has(message.seq) ? message.tokens : 0), 0)
      if (Math.max(spent, built.tokens) > budget) throw new Error(`${name} is over its budget of ${budget}`)
      found += hits
      wanted += evidence.length
      complete += hits === evidence.length ? 1 : 0
      builds += 1
      tokens += Math.max(spent, built.tokens)
    }
    perConversation.push((found - before.found) / (wanted - before.wanted))
  }
  return {
    strategy: name,
    budget,
    evidenceRecall: rounded(found / wanted, 4),
    allEvidence: rounded(complete / builds, 4),
    meanTokens: rounded(tokens / builds, 1),
    microsPerBuild: rounded((millis * 1000) / builds, 1),
    perConversation,
  }
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
