import { recallBlock } from './blocks.js'
import { costOf, quoteCost } from './compose.js'
import type { MessageGroup } from './groups.js'
import { createRelevanceIndex, type Relevance } from './relevance-index.js'
import type { ContextSituation, ContextStrategy } from './strategy.js'

export interface RelevanceOptions {
  /**
   * How much of a query some message must say itself, 0 to 1, before anything is quoted (default 0). Half keeps quiet
   * on small talk.
   */
  minShare?: number
}

/**
 * Quotes messages from outside the window that have to do with the query, best first, while they fit. With an `index`
 * given it costs about a millisecond for ten thousand messages; without one, all of them are read first.
 */
export function relevance(options: RelevanceOptions = {}): ContextStrategy {
  const { minShare = 0 } = options
  return {
    name: 'relevance',
    choose(situation) {
      const { groups, taken, countTokens } = situation
      const ranked = rankGroups(situation, minShare)
      let left = situation.room - countTokens(recallBlock([]))
      const recall: number[] = []
      for (const index of ranked) {
        if (taken.has(index)) continue
        const tokens = quoteCost(groups[index]!, countTokens)
        if (tokens > left) continue
        left -= tokens
        recall.push(index)
      }
      // Days between the quotes take tokens too, and a caller's counter may count a whole as more than its pieces.
      while (recall.length > 0 && costOf({ recall }, situation) > situation.room) recall.pop()
      return { recall }
    },
  }
}

const mostQuotes = 1000

/** Groups outside the window that have to do with the query, best first. */
function rankGroups(situation: ContextSituation, minShare: number): readonly number[] {
  const { query, groups, messages, taken } = situation
  if (query === undefined || query === '' || taken.size === groups.length || situation.room <= 0) return []
  const index = situation.index ?? createRelevanceIndex()
  index.add(messages)
  const seqs = messages.map((message) => message.seq)
  const { scores, shares } = index.rank({ text: query, seqs, vector: situation.queryVector })
  const best = bestOf(groups, seqs, { scores, shares })
  let mostSaid = 0
  for (let place = 0; place < groups.length; place++) {
    // What is in already, or is no part of the talk, is nothing to find.
    if (taken.has(place) || groups[place]!.role === 'system') best.scores[place] = 0
    else mostSaid = Math.max(mostSaid, best.shares[place]!)
  }
  return mostSaid < minShare ? [] : inOrderOf(best.scores)
}

/** Places with a score, the best first; of two as good, the newer: it is the one that still holds. */
function inOrderOf(scores: Float64Array): readonly number[] {
  // Numbers alone sort many times faster; and no context quotes more than the thousand best.
  const floor = scores.length <= mostQuotes ? 0 : scores.toSorted()[scores.length - mostQuotes]!
  const places: number[] = []
  for (let place = 0; place < scores.length; place++) {
    if (scores[place]! > 0 && scores[place]! >= floor) places.push(place)
  }
  return places.sort((a, b) => scores[b]! - scores[a]! || b - a)
}

/** By group: as much as the best of its messages. */
function bestOf(groups: readonly MessageGroup[], seqs: readonly number[], found: Relevance): Relevance {
  const scores = new Float64Array(groups.length)
  const shares = new Float64Array(groups.length)
  const places = groups.every((group, place) => group.seqs.length === 1 && group.seqs[0] === seqs[place])
    ? undefined
    : new Map(seqs.map((seq, place) => [seq, place]))
  for (let group = 0; group < groups.length; group++) {
    for (const seq of groups[group]!.seqs) {
      const place = places === undefined ? group : places.get(seq)!
      scores[group] = Math.max(scores[group]!, found.scores[place]!)
      shares[group] = Math.max(shares[group]!, found.shares[place]!)
    }
  }
  return { scores, shares }
}
