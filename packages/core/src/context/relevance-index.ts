import { type Message, textOf } from '../domain/message.js'
import { atOnce } from '../async/slices.js'
import { TermIndex, type WeightedTerms } from './bm25.js'
import { periodsIn } from './dates.js'
import { float64List, int32List } from './number-list.js'
import { speakerOf } from '../terms/words.js'

/** A search. */
export interface RelevanceQuery {
  readonly text: string
  /**
   * The messages to search, in order: the seqs of the active path. Neighbours in this list add weight to each other.
   */
  readonly seqs: readonly number[]
  /** The seq of the message that asks: its own text is no result. */
  readonly except?: number | undefined
  /** The query as a vector, if messages have vectors. */
  readonly vector?: readonly number[] | undefined
}

/** By place in `seqs`. */
export interface Relevance {
  /** How well each message matches the query; 0 is not at all. Comparable within one query only. */
  readonly scores: Float64Array
  /** How much of the query each message contains itself, 0 to 1, rare words weighing more. */
  readonly shares: Float64Array
}

/**
 * Finds the messages that a query is about: words by BM25 over stems, a second search with words of the first results,
 * weight shared with neighbouring messages, more weight for a speaker or a day that the query names; vectors if there
 * are any. Add new messages and keep the index with the session: its results are the same as those of a new index.
 *
 * It keeps words, no texts. Its memory grows with the words, to about twice the text; it indexes the first 65,536
 * characters of a message. After a message was changed or removed, make a new index.
 */
export interface RelevanceIndex {
  /** How many messages it holds. */
  readonly size: number
  /** Bytes it takes in memory, approximately. */
  readonly bytes: number
  /** Whether a message is in it. */
  has(seq: number): boolean
  /** Adds messages that it does not have yet, in any order; numbers in `metadata.embedding` are a message's vector. */
  add(messages: readonly Message[]): void
  /** As `add`, in small steps, for a caller that lets other work run in between. */
  adding(messages: readonly Message[]): Generator<void, void>
  /** Tokens of a message as counted in the log; 0 for a message that it does not have. */
  tokensOf(seq: number): number
  /** Sets the vector of a message; all vectors come from one model. It ignores a seq that it does not have. */
  setVector(seq: number, vector: readonly number[]): void
  /** Whether it has an embedding of a message. */
  hasVector(seq: number): boolean
  /** The seqs of messages without a vector, ascending: those that still have to be embedded. */
  withoutVector(): readonly number[]
  rank(query: RelevanceQuery): Relevance
  /** As `rank`, in small steps. */
  ranking(query: RelevanceQuery): Generator<void, Relevance>
}

// Weight that a message adds to the messages one, two and three places away: an answer stands next to its question.
const lent = [0.5, 0.3, 0.2] as const
// How much more a message weighs by the speaker that the query names, or from the days that it names.
const speakerFactor = 2.5
const periodFactor = 2
// People often mention a day in the week after it.
const periodTailMs = 8 * 86_400_000
// The second search: the number of results it uses, the number of their words, and their weight beside the query's
// words.
const feedbackFinds = 20
const feedbackTerms = 20
const feedbackWeight = 0.5

// Of a question, its beginning and its end count; a user who pastes a long text asks before it or after it.
const mostQuery = 4000
const seqsPerStep = 1000
// The years that a day without a year may be in.
const mostYears = 64
// How many names are told apart, each with its terms.
const mostSpeakers = 256

/** An empty index; see `RelevanceIndex`. */
export function createRelevanceIndex(): RelevanceIndex {
  const index = new TermIndex()
  const places = new Map<number, number>()
  const years = new Set<number>()
  // By place: when the message was stored, its speaker (+ 1; 0 is none), and its tokens.
  const times = float64List()
  const speakerAt = int32List()
  const tokens = int32List()
  const speakers = new Map<string, number>()
  const speakerTerms: (readonly number[])[] = []
  const vectors = new Map<number, Float32Array>()
  let vectorBytes = 0

  return {
    get size() {
      return times.length
    },
    get bytes() {
      // An entry of a Map takes about 40 bytes, a speaker a few hundred.
      const lists = index.bytes + times.bytes + speakerAt.bytes + tokens.bytes
      return 2000 + lists + places.size * 40 + speakers.size * 300 + vectorBytes
    },
    has: (seq) => places.has(seq),
    tokensOf(seq) {
      const place = places.get(seq)
      return place === undefined ? 0 : tokens.values[place]!
    },
    add(messages) {
      atOnce(adding(messages))
    },
    adding,
    setVector(seq, vector) {
      const place = places.get(seq)
      if (place !== undefined) keepVector(place, vector)
    },
    hasVector: (seq) => vectors.has(places.get(seq) ?? -1),
    withoutVector() {
      const missing = [...places].filter(([, place]) => !vectors.has(place))
      return missing.map(([seq]) => seq).sort((a, b) => a - b)
    },
    rank: (query) => atOnce(ranking(query)),
    ranking,
  }

  function* adding(messages: readonly Message[]): Generator<void, void> {
    for (const message of messages) if (!places.has(message.seq)) yield* taking(message)
  }

  function* taking(message: Message): Generator<void, void> {
    const text = searchable(message)
    const speaker = message.name ?? speakerOf(text)
    const place = yield* index.adding(message.name === undefined ? text : `${message.name}: ${text}`)
    places.set(message.seq, place)
    times.push(message.at)
    tokens.push(message.tokens)
    speakerAt.push(speaker === undefined ? 0 : numberOf(speaker))
    const kept = message.metadata?.['embedding']
    if (Array.isArray(kept) && kept.every((value) => typeof value === 'number')) keepVector(place, kept)
    const year = new Date(message.at).getUTCFullYear()
    if (!Number.isNaN(year) && years.size < mostYears) years.add(year)
  }

  function numberOf(speaker: string): number {
    const known = speakers.get(speaker)
    if (known !== undefined) return known
    if (speakers.size === mostSpeakers) return 0
    speakerTerms.push(index.find(speaker))
    speakers.set(speaker, speakerTerms.length)
    return speakerTerms.length
  }

  function keepVector(place: number, vector: readonly number[]): void {
    vectorBytes -= bytesOfVector(vectors.get(place))
    vectors.set(place, unit(vector))
    vectorBytes += bytesOfVector(vectors.get(place))
  }

  function* ranking({ text: asks, seqs, vector, except }: RelevanceQuery): Generator<void, Relevance> {
    const text =
      asks.length > mostQuery ? `${asks.slice(0, mostQuery / 2)} ${asks.slice(-mostQuery / 2)}` : asks
    const path = new Int32Array(seqs.length)
    for (let at = 0; at < seqs.length; at++) {
      if (at % seqsPerStep === 0) yield
      path[at] = places.get(seqs[at]!) ?? -1
    }
    const asked = yield* index.asking(text)
    yield
    const boosts = boostsOf(text, asked.weights, path)
    yield
    const asking = except === undefined ? -1 : (places.get(except) ?? -1)
    const own = yield* index.scoring(asked.weights)
    if (asking >= 0) own[asking] = 0
    yield
    const finds = smoothed(onPath(own, path), boosts)
    yield
    let scores = yield* index.scoring(widened(asked.weights, finds, path))
    if (vector !== undefined) scores = mixed(scores, nearness(unit(vector)))
    yield
    const found = smoothed(onPath(scores, path), boosts)
    yield
    const shares = yield* index.sharing(asked.words, asking)
    yield
    return { scores: found, shares: onPath(shares, path) }
  }

  /** The query with the rare words that its first results share (pseudo relevance feedback, RM3). */
  function widened(asked: WeightedTerms, finds: Float64Array, path: Int32Array): WeightedTerms {
    const best = topOf(finds, feedbackFinds)
    const total = best.reduce((sum, place) => sum + finds[place]!, 0)
    const gains = new Map<number, number>()
    for (const place of best) {
      for (const id of index.termsAt(path[place]!)) {
        if (asked.has(id)) continue
        gains.set(id, (gains.get(id) ?? 0) + (finds[place]! / total) * index.rarity(id))
      }
    }
    const added = [...gains].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, feedbackTerms)
    const mass = added.reduce((sum, [, gain]) => sum + gain, 0)
    const terms = new Map(asked)
    for (const [id, gain] of added) terms.set(id, (feedbackWeight * asked.size * gain) / mass)
    return terms
  }

  function boostsOf(text: string, asked: WeightedTerms, path: Int32Array): Float64Array {
    const boosts = new Float64Array(path.length).fill(1)
    const periods = periodsIn(
      text,
      [...years].sort((a, b) => a - b),
    )
    for (let place = 0; place < path.length; place++) {
      const at = path[place]!
      if (at < 0) continue
      for (const id of speakerTerms[speakerAt.values[at]! - 1] ?? []) {
        if (!asked.has(id)) continue
        boosts[place]! *= speakerFactor
        break
      }
      for (const { from, to } of periods) {
        if (times.values[at]! < from || times.values[at]! >= to + periodTailMs) continue
        boosts[place]! *= periodFactor
        break
      }
    }
    return boosts
  }

  function nearness(query: Float32Array): Float64Array {
    const near = new Float64Array(times.length)
    for (const [place, vector] of vectors) {
      if (vector.length !== query.length) continue
      let product = 0
      for (let axis = 0; axis < query.length; axis++) product += query[axis]! * vector[axis]!
      near[place] = Math.max(0, product)
    }
    return near
  }
}

function bytesOfVector(vector: Float32Array | undefined): number {
  return vector === undefined ? 0 : vector.byteLength + 200
}

/** The searchable text of a message: its text, its tool calls, and their results. */
function searchable(message: Message): string {
  if (typeof message.content === 'string') return message.content
  const texts = [textOf(message)]
  for (const part of message.content) {
    if (part.type === 'tool-call') texts.push(JSON.stringify(part['input']))
    if (part.type === 'tool-result') texts.push(JSON.stringify(part['output']))
  }
  return texts.join(' ')
}

function onPath(scores: Float64Array, path: Int32Array): Float64Array {
  const out = new Float64Array(path.length)
  for (let place = 0; place < path.length; place++) out[place] = path[place]! < 0 ? 0 : scores[path[place]!]!
  return out
}

function smoothed(scores: Float64Array, boosts: Float64Array): Float64Array {
  const out = new Float64Array(scores.length)
  for (let place = 0; place < scores.length; place++) {
    let score = scores[place]!
    for (let away = 1; away <= lent.length; away++) {
      const before = place >= away ? scores[place - away]! : 0
      const after = place + away < scores.length ? scores[place + away]! : 0
      score += lent[away - 1]! * (before + after)
    }
    out[place] = score * boosts[place]!
  }
  return out
}

/** Places of the highest scores above 0; of equal ones the earlier. */
function topOf(scores: Float64Array, count: number): readonly number[] {
  const found: number[] = []
  for (let place = 0; place < scores.length; place++) {
    const score = scores[place]!
    if (score <= 0 || (found.length === count && score <= scores[found.at(-1)!]!)) continue
    let rank = found.length
    while (rank > 0 && scores[found[rank - 1]!]! < score) rank--
    found.splice(rank, 0, place)
    if (found.length > count) found.pop()
  }
  return found
}

/** Words and vectors with equal weight: each as a share of its best score. */
function mixed(words: Float64Array, near: Float64Array): Float64Array {
  const bestWord = words.reduce((best, score) => Math.max(best, score), 0) || 1
  const bestNear = near.reduce((best, score) => Math.max(best, score), 0) || 1
  return words.map((score, place) => score / bestWord + near[place]! / bestNear)
}

function unit(vector: readonly number[]): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0)) || 1
  return Float32Array.from(vector, (value) => value / length)
}
