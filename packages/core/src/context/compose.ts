import { SessionError } from '../errors.js'
import { checkOptions } from '../options.js'
import { factsBlock, isOneLine, summaryBlock } from './blocks.js'
import { quoteOf, recallBlock } from './quotes.js'
import { checkStrategy } from './check-strategy.js'
import type { MessageGroup } from './groups.js'
import { mergeNeeds, needsOf } from './needs.js'
import { lastTold } from './plan-summary.js'
import { choosing, stepByStep } from './step-by-step.js'
import type { ContextChoice, ContextSituation, ContextStrategy } from './strategy.js'
import type { CountTokens } from './token-count.js'

/** Several strategies, one after the other, each with the room that the earlier ones left. */
export function compose(...strategies: readonly ContextStrategy[]): ContextStrategy {
  for (const [place, strategy] of strategies.entries()) checkStrategy(strategy, `strategies[${place}]`)
  return stepByStep({
    name: strategies.map((strategy) => strategy.name).join('+'),
    needs: (situation) => mergeNeeds(strategies.map((strategy) => needsOf(strategy, situation))),
    *choosing(situation) {
      let chosen: ContextChoice = {}
      for (const [place, strategy] of strategies.entries()) {
        const left = place === 0 ? situation : yield* after(situation, chosen)
        chosen = merged(chosen, yield* choosing(strategy, left))
        yield
      }
      return chosen
    },
  })
}

/** How much of the remaining room a strategy may take: the smaller of both. */
export interface ContextLimit {
  /** 0 to 1 (default 1). */
  share?: number
  /** Default: no limit. */
  tokens?: number
}

/** A strategy that may take only part of the remaining room. */
export function within(limit: ContextLimit, strategy: ContextStrategy): ContextStrategy {
  if (limit === null) throw new SessionError('invalid', 'limit must be an object', { path: 'limit' })
  checkOptions<ContextLimit>(limit, { share: 'number', tokens: 'number' }, 'limit')
  checkStrategy(strategy, 'strategy')
  const inLimit = (situation: ContextSituation): ContextSituation => ({
    ...situation,
    room: capped(limit, situation.room),
  })
  return stepByStep({
    name: strategy.name,
    needs: (situation) => needsOf(strategy, inLimit(situation)),
    choosing: (situation) => choosing(strategy, inLimit(situation)),
  })
}

export function capped({ share = 1, tokens = Infinity }: ContextLimit = {}, room: number): number {
  return Math.max(0, Math.floor(Math.min(room * share, tokens)))
}

/** Tokens of a choice in the finished context. */
export function costOf(
  choice: ContextChoice,
  situation: Pick<ContextSituation, 'groups' | 'countTokens'>,
): number {
  const { groups, countTokens } = situation
  let tokens = 0
  for (const index of choice.history ?? []) tokens += groups[index]!.tokens
  if (choice.facts?.length) tokens += countTokens(factsBlock(choice.facts))
  if (choice.summaries?.length) tokens += countTokens(summaryBlock(choice.summaries))
  if (choice.recall?.length) tokens += recallCost(choice.recall, situation)
  return tokens
}

/** Tokens of the block that quotes the groups, and not less than the groups one by one. */
function recallCost(
  recall: readonly number[],
  { groups, countTokens }: Pick<ContextSituation, 'groups' | 'countTokens'>,
): number {
  const one = recall.reduce((sum, index) => sum + quoteCost(groups[index]!, countTokens), 0)
  return Math.max(one, countTokens(recallBlock(inOrder(recall).map((index) => groups[index]!))))
}

/** Tokens of quoting one group; a single text takes as many as its message, counted when it was written. */
export function quoteCost(group: MessageGroup, countTokens: CountTokens): number {
  const [message] = group.messages
  const { content, name } = message!
  const isPlain = group.messages.length === 1 && name === undefined && typeof content === 'string'
  if (isPlain && isOneLine(content)) return group.tokens
  return countTokens({ role: 'user', content: quoteOf(group) })
}

function inOrder(indexes: readonly number[]): readonly number[] {
  return [...indexes].sort((a, b) => a - b)
}

// A group takes far below a microsecond.
const groupsPerStep = 1000

function* after(situation: ContextSituation, chosen: ContextChoice): Generator<void, ContextSituation> {
  const taken = new Set(situation.taken)
  for (const indexes of [chosen.history ?? [], chosen.recall ?? []]) {
    for (const index of indexes) {
      taken.add(index)
      if (index % groupsPerStep === 0) yield
    }
  }
  const known = new Set(chosen.facts)
  // A summary counts as chosen also in its shortened form.
  const told = new Set(chosen.summaries?.map(({ from, to }) => `${from}-${to}`))
  return {
    ...situation,
    taken,
    room: Math.max(0, situation.room - costOf(chosen, situation)),
    facts: situation.facts.filter((fact) => !known.has(fact)),
    summaries: situation.summaries.filter(({ from, to }) => !told.has(`${from}-${to}`)),
    told: Math.max(situation.told, lastTold(chosen.summaries ?? [])),
  }
}

function union(first: readonly number[] = [], second: readonly number[] = []): readonly number[] {
  const all = first.length === 0 ? second : second.length === 0 ? first : [...first, ...second]
  // Windows name their groups in order: thousands of numbers that need no set.
  return all.every((each, place) => place === 0 || each < all[place - 1]!) ? all : [...new Set(all)]
}

function merged(first: ContextChoice, second: ContextChoice): ContextChoice {
  const boundary = second.boundary ?? first.boundary
  return {
    history: union(first.history, second.history),
    recall: union(first.recall, second.recall),
    facts: [...(first.facts ?? []), ...(second.facts ?? [])],
    summaries: [...(first.summaries ?? []), ...(second.summaries ?? [])],
    ...(boundary === undefined ? {} : { boundary }),
  }
}
