import type { Message } from '../domain/message.js'
import { checkFunction, checkStrategy } from './check-strategy.js'
import { capped, compose, within } from './compose.js'
import { facts } from './facts.js'
import { needsOf } from './needs.js'
import { relevance } from './relevance.js'
import { choosing, stepByStep } from './step-by-step.js'
import type { ContextSituation, ContextStrategy } from './strategy.js'
import { summarize } from './summary.js'
import { slidingWindow } from './window.js'

/**
 * Keeps messages that must stay in the context, newest first while they fit (default: messages whose `metadata.pinned`
 * is true).
 */
export function pinned(isPinned: (message: Message) => boolean = hasPin): ContextStrategy {
  checkFunction(isPinned, 'isPinned')
  return {
    name: 'pinned',
    needs: () => ({ keep: isPinned }),
    choose({ messages, groups, taken, room }) {
      const seqs = new Set(messages.filter(isPinned).map((message) => message.seq))
      const history: number[] = []
      let left = room
      for (let index = groups.length - 1; index >= 0 && seqs.size > 0; index--) {
        const group = groups[index]!
        if (taken.has(index) || group.tokens > left || !group.seqs.some((seq) => seqs.has(seq))) continue
        left -= group.tokens
        history.push(index)
      }
      return { history }
    },
  }
}

function hasPin(message: Message): boolean {
  return message.metadata?.['pinned'] === true
}

/** Chooses the strategy by the query and the phase of the conversation. */
export function select(choose: (situation: ContextSituation) => ContextStrategy): ContextStrategy {
  checkFunction(choose, 'choose')
  const chosen = (situation: ContextSituation): ContextStrategy => checkStrategy(choose(situation), 'select')
  return stepByStep({
    name: 'select',
    needs: (situation) => needsOf(chosen(situation), situation),
    choosing: (situation) => choosing(chosen(situation), situation),
  })
}

/** The kind of a user's message, judged by its words (English). */
export type QueryKind =
  /** Asks for something from earlier: `what did I say my size was?` */
  | 'recall'
  /** Continues the last topic: `and the blue one?` */
  | 'follow-up'
  | 'small-talk'
  | 'question'
  | 'statement'

/** See `QueryKind`; for use with `select`. */
export function queryKind(query: string): QueryKind {
  // The beginning or the end of a text shows its kind.
  const whole = query.trim()
  const said = (whole.length > 2000 ? `${whole.slice(0, 1000)} ${whole.slice(-1000)}` : whole).toLowerCase()
  if (
    /\b(did|was|were|had) (i|we|you)\b|\b(again|earlier|before|previously|last (time|week|month)|remember|remind)\b|^when (did|was)\b/.test(
      said,
    )
  ) {
    return 'recall'
  }
  if (
    /^(hi|hey|hello|thanks?|thank you|ok(ay)?|great|cool|bye|good (morning|evening|night))\b/.test(said) &&
    said.length < 40
  ) {
    return 'small-talk'
  }
  if (
    /^(and|but|or|what about|how about|that|this|it|those|these|the (first|second|other|last)|why|yes|no)\b/.test(
      said,
    ) &&
    said.length < 80
  ) {
    return 'follow-up'
  }
  return /\?\s*$|^(what|which|who|whose|where|when|why|how|is|are|can|could|do|does|will|would)\b/.test(said)
    ? 'question'
    : 'statement'
}

/** Shares of the room that instructions, the latest user message and the answer leave, each 0 to 1. */
export interface TokenBudgetSplit {
  /** Default 0.1. */
  facts?: number
  /** Default 0.15. */
  summary?: number
  /** For quotes from outside the window (default 0.25). */
  recall?: number
}

/** Splits the budget over facts, summaries, recall and history; history gets what the others do not use. */
export function tokenBudget(split: TokenBudgetSplit = {}): ContextStrategy {
  const { facts: factsShare = 0.1, summary = 0.15, recall = 0.25 } = split
  return stepByStep({
    name: 'token-budget',
    needs: ({ room }) => ({ tokens: room, recall: capped({ share: recall }, room), facts: true }),
    choosing(situation) {
      const reserve = capped({ share: recall }, situation.room)
      const history = stepByStep({
        name: 'history',
        choosing: (left) => choosing(slidingWindow(), { ...left, room: Math.max(0, left.room - reserve) }),
      })
      const tokensFor = (share: number) => ({ tokens: capped({ share }, situation.room) })
      const all = compose(
        within(tokensFor(factsShare), facts()),
        within(tokensFor(summary), summarize()),
        history,
        within({ tokens: reserve }, relevance()),
        slidingWindow(),
      )
      return choosing(all, situation)
    },
  })
}
