import { checkOptions } from '../options.js'
import { recallBlock } from './blocks.js'
import { costOf, quoteCost } from './compose.js'
import type { MessageGroup } from './groups.js'
import { createRelevanceIndex, type Relevance } from './relevance-index.js'
import type { ContextSituation, ContextStrategy } from './strategy.js'

/** When `relevance` quotes at all. */
export interface RelevanceOptions {
  /**
   * How much of the query some message must say, 0 to 1, rare words weighing more, before anything is quoted; and it must
   * say more of it than the window does (default 0: quote whatever fits best). Half keeps quiet on small talk.
   */
  minShare?: number
}

/**
 * Quotes messages from outside the window that have to do with the query, best first, while they fit. With an `index`
 * given it costs about a millisecond for ten thousand messages; without one, all of them are read first.
 */
export function relevance(options: RelevanceOptions = {}): ContextStrategy {
  checkOptions<RelevanceOptions>(options, { minShare: true })
  const { minShare = 0 } = options
  return {
    name: 'relevance',
    needs: ({ room }) => ({ recall: room }),
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
  const { query, groups, messages, taken, seqs } = situation
  if (query === undefined || query === '' || taken.size === groups.length || situation.room <= 0) return []
  const index = situation.index ?? createRelevanceIndex()
  index.add(messages)
  const { scores, shares } = index.rank({
    text: query,
    seqs,
    vector: situation.queryVector,
    except: situation.latest === undefined ? undefined : groups[situation.latest]!.seqs[0],
  })
  const best = bestOf(groups, seqs, { scores, shares })
  // What the query says itself is no find; what the window says already needs no quote.
  let said = 0
  let saidInside = 0
  for (let place = 0; place < groups.length; place++) {
    const share = place === situation.latest && !situation.asked ? 0 : best.shares[place]!
    if (taken.has(place) || groups[place]!.role === 'system') {
      saidInside = Math.max(saidInside, share)
      best.scores[place] = 0
    } else {
      said = Math.max(said, share)
    }
  }
  return minShare > 0 && (said < minShare || said <= saidInside) ? [] : inOrderOf(best.scores)
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
  // Both ascend, but for what parallel calls tangle.
  let next = 0
  const placeOf = (seq: number): number => {
    if (seqs[next] !== seq) next = lowerBound(seqs, seq)
    return next++
  }
  for (let group = 0; group < groups.length; group++) {
    for (const seq of groups[group]!.seqs) {
      const place = placeOf(seq)
      scores[group] = Math.max(scores[group]!, found.scores[place] ?? 0)
      shares[group] = Math.max(shares[group]!, found.shares[place] ?? 0)
    }
  }
  return { scores, shares }
}

/** Where a number stands in an ascending list, or would. */
function lowerBound(values: readonly number[], value: number): number {
  let low = 0
  let high = values.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (values[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}
