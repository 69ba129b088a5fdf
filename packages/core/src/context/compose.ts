import { factsBlock, recallBlock, summaryBlock } from './blocks.js'
import type { ContextChoice, ContextSituation, ContextStrategy } from './strategy.js'

/** Several strategies, one after the other, each with what the ones before it left. */
export function compose(...strategies: readonly ContextStrategy[]): ContextStrategy {
  return {
    name: strategies.map((strategy) => strategy.name).join('+'),
    choose(situation) {
      let chosen: ContextChoice = {}
      let left = situation
      for (const strategy of strategies) {
        chosen = merged(chosen, strategy.choose(left))
        left = after(situation, chosen)
      }
      return chosen
    },
  }
}

/** A strategy that may take only part of what is left: a share (up to 1), or tokens (from 1 up). */
export function within(limit: number, strategy: ContextStrategy): ContextStrategy {
  return {
    name: strategy.name,
    choose: (situation) => strategy.choose({ ...situation, room: capped(limit, situation.room) }),
  }
}

export function capped(limit: number, room: number): number {
  return Math.floor(limit <= 1 ? room * limit : Math.min(room, limit))
}

/** Tokens of a choice, as the context will hold it. */
export function costOf(
  choice: ContextChoice,
  situation: Pick<ContextSituation, 'groups' | 'countTokens'>,
): number {
  const { groups, countTokens } = situation
  let tokens = 0
  for (const index of choice.history ?? []) tokens += groups[index]!.tokens
  if (choice.facts?.length) tokens += countTokens(factsBlock(choice.facts))
  if (choice.summaries?.length) tokens += countTokens(summaryBlock(choice.summaries))
  if (choice.recall?.length)
    tokens += countTokens(recallBlock(inOrder(choice.recall).map((index) => groups[index]!)))
  return tokens
}

export function inOrder(indexes: readonly number[]): readonly number[] {
  return [...indexes].sort((a, b) => a - b)
}

function after(situation: ContextSituation, chosen: ContextChoice): ContextSituation {
  const taken = new Set([...situation.taken, ...(chosen.history ?? []), ...(chosen.recall ?? [])])
  const known = new Set(chosen.facts)
  const told = new Set(chosen.summaries)
  return {
    ...situation,
    taken,
    room: Math.max(0, situation.room - costOf(chosen, situation)),
    facts: situation.facts.filter((fact) => !known.has(fact)),
    summaries: situation.summaries.filter((summary) => !told.has(summary)),
  }
}

function merged(first: ContextChoice, second: ContextChoice): ContextChoice {
  const boundary = second.boundary ?? first.boundary
  return {
    history: [...new Set([...(first.history ?? []), ...(second.history ?? [])])],
    recall: [...new Set([...(first.recall ?? []), ...(second.recall ?? [])])],
    facts: [...(first.facts ?? []), ...(second.facts ?? [])],
    summaries: [...(first.summaries ?? []), ...(second.summaries ?? [])],
    ...(boundary === undefined ? {} : { boundary }),
  }
}
