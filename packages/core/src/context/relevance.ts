import { checkOptions } from '../options.js'
import { recallBlock } from './quotes.js'
import { costOf, quoteCost } from './compose.js'
import type { MessageGroup } from './groups.js'
import { createRelevanceIndex, type Relevance } from './relevance-index.js'
import { stepByStep } from './step-by-step.js'
import type { ContextSituation, ContextStrategy } from './strategy.js'

/** When `relevance` quotes. */
export interface RelevanceOptions {
  /**
   * How much of the query a message must contain before it is quoted, 0 to 1, rare words weighing more; it must also
   * contain more than the window does (default 0: quotes the best matches). With 0.5, small talk causes no quotes.
   */
  minShare?: number
}

/**
 * Quotes messages from outside the window that match the query, best first, while they fit. With an `index` it takes
 * about a millisecond for ten thousand messages; without one, it reads all of them first.
 */
export function relevance(options: RelevanceOptions = {}): ContextStrategy {
  checkOptions<RelevanceOptions>(options, { minShare: true })
  const { minShare = 0 } = options
  return stepByStep({
    name: 'relevance',
    needs: ({ room }) => ({ recall: room }),
    *choosing(situation) {
      const { groups, taken, countTokens } = situation
      const ranked = yield* rankGroups(situation, minShare)
      let left = situation.room - countTokens(recallBlock([]))
      const recall: number[] = []
      for (const index of ranked) {
        if (taken.has(index)) continue
        const tokens = quoteCost(groups[index]!, countTokens)
        if (tokens > left) continue
        left -= tokens
        recall.push(index)
        yield
      }
      // Days between the quotes take tokens too, and a caller's counter may count a whole text as more than its
      // pieces.
      while (recall.length > 0 && costOf({ recall }, situation) > situation.room) {
        recall.pop()
        yield
      }
      return { recall }
    },
  })
}

const mostQuotes = 1000

/** Groups outside the window that match the query, best first. */
function* rankGroups(situation: ContextSituation, minShare: number): Generator<void, readonly number[]> {
  const { query, groups, messages, taken, seqs } = situation
  if (query === undefined || query === '' || taken.size === groups.length || situation.room <= 0) return []
  const index = situation.index ?? createRelevanceIndex()
  yield* index.adding(messages)
  const { scores, shares } = yield* index.ranking({
    text: query,
    seqs,
    vector: situation.queryVector,
    except: situation.latest === undefined ? undefined : groups[situation.latest]!.seqs[0],
  })
  yield
  const best = bestOf(groups, seqs, { scores, shares })
  yield
  // The query's own message is no result; a match that the window contains needs no quote.
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
  return minShare > 0 && (said < minShare || said <= saidInside) ? [] : bestPlaces(best.scores)
}

/**
 * Places with a score, the best thousand at most, the best first; of equal scores the newer, because it is more likely
 * to be valid.
 */
export function bestPlaces(scores: Float64Array): readonly number[] {
  // Numbers alone sort many times faster.
  const floor = scores.length <= mostQuotes ? 0 : scores.toSorted()[scores.length - mostQuotes]!
  const places: number[] = []
  for (let place = 0; place < scores.length; place++) {
    if (scores[place]! > 0 && scores[place]! >= floor) places.push(place)
  }
  return places.sort((a, b) => scores[b]! - scores[a]! || b - a)
}

/** The score of each group: that of its best message. */
function bestOf(groups: readonly MessageGroup[], seqs: readonly number[], found: Relevance): Relevance {
  const scores = new Float64Array(groups.length)
  const shares = new Float64Array(groups.length)
  // Both lists ascend, except after parallel calls.
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

/** The place of a number in an ascending list, or where it would be inserted. */
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
