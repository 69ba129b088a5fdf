import { type Message, textOf } from '../domain/message.js'
import { atOnce } from '../async/slices.js'
import { type CountTokens, estimateTokens } from './token-count.js'
import { wellFormed } from './well-formed.js'
import { termsOf } from '../terms/words.js'

/** A line that an excerpt may use. */
interface Line {
  readonly text: string
  /** Its weight by itself, before it is compared with other lines. */
  readonly worth: number
}

const longestLine = 300
const mostLines = 2000
const mostSentences = 40
// Early lines weigh more: later messages take them for granted.
const firstShare = 0.6
const firstLines = 24

// Phrases by which people describe themselves, or ask to remember something. They only add to numbers and names, so
// other languages work without them.
const personal =
  /\b(?:my|i'm|i am|im|i've|i have|i like|i love|i prefer|i need|i want|i hate|i live|i work|call me|remember|allergic|never|always|we're|we are|our)\b/i

/**
 * The most important sentences of the messages, in their order, within `maxTokens`: sentences about the user, numbers,
 * names and rare words before small talk, and early sentences before later ones. Made step by step.
 */
export function* excerpting(
  earlier: readonly string[],
  messages: readonly Message[],
  maxTokens: number,
  countTokens: CountTokens = estimateTokens,
): Generator<void, string> {
  const lines = earlier.flatMap(earlierLines)
  for (const message of messages) {
    if (lines.length >= mostLines) break
    lines.push(...linesOf(message))
    yield
  }
  return yield* picking(lines.slice(0, mostLines), maxTokens, countTokens)
}

/** A shortened summary: its most informative lines, or sentences when it has few lines. */
export function shortenedText(text: string, maxTokens: number, countTokens: CountTokens): string {
  if (tokensOf(text, countTokens) <= maxTokens) return text
  return atOnce(picking(earlierLines(text), maxTokens, countTokens))
}

function* picking(
  lines: readonly Line[],
  maxTokens: number,
  countTokens: CountTokens,
): Generator<void, string> {
  const values = yield* valuing(lines)
  const tokens: number[] = []
  for (const { text } of lines) {
    tokens.push(Math.max(1, tokensOf(text, countTokens) - 3))
    yield
  }
  const chosen = new Set<number>()
  const best = [...lines.keys()].sort((a, b) => values[b]! - values[a]! || a - b)
  let left = maxTokens - tokensOf('', countTokens)
  const take = (places: readonly number[], room: number): void => {
    for (const place of places) {
      if (chosen.has(place) || tokens[place]! > room || tokens[place]! > left) continue
      chosen.add(place)
      room -= tokens[place]!
      left -= tokens[place]!
    }
  }
  take(
    best.filter((place) => place < firstLines),
    left * firstShare,
  )
  take(best, left)
  const laidOut = (): string =>
    [...chosen]
      .sort((a, b) => a - b)
      .map((place) => lines[place]!.text)
      .join('\n')
  // A counter may count a whole text as more than the sum of its pieces.
  const least = best.filter((place) => chosen.has(place)).reverse()
  for (const place of least) {
    if (tokensOf(laidOut(), countTokens) <= maxTokens) break
    if (chosen.size > 1) chosen.delete(place)
    yield
  }
  const text = laidOut()
  if (text !== '' || lines.length === 0) return cutText(text, maxTokens, countTokens)
  return cutText(lines[best[0]!]!.text, maxTokens, countTokens)
}

/** The weight of each line: more when its words are rare among the other lines, and the earlier it stands. */
function* valuing(lines: readonly Line[]): Generator<void, number[]> {
  const held = new Map<string, number>()
  const terms: ReadonlySet<string>[] = []
  for (const { text } of lines) {
    terms.push(new Set(termsOf(text.replaceAll(/\p{N}+/gu, ''))))
    yield
  }
  for (const set of terms) for (const term of set) held.set(term, (held.get(term) ?? 0) + 1)
  yield
  return lines.map(({ worth }, place) => {
    let rarity = 0
    for (const term of terms[place]!) rarity += 1 / held.get(term)!
    const novelty = terms[place]!.size === 0 ? 0 : rarity / terms[place]!.size
    return worth * (0.4 + novelty) + Math.max(0, 1 - place / firstLines)
  })
}

function linesOf(message: Message): readonly Line[] {
  if (message.status === 'corrupt' || (message.role !== 'user' && message.role !== 'assistant')) return []
  const sentences = sentencesOf(textOf(message))
  // An assistant repeats and explains, so only its first sentences count.
  const kept = message.role === 'user' ? sentences : sentences.slice(0, 1)
  return kept.map((sentence) => ({
    text: `${message.role}: ${sentence}`,
    worth: worthOf(sentence) * (message.role === 'user' ? 1 : 0.3),
  }))
}

/** Lines of an earlier summary; one long line is split into sentences. */
function earlierLines(text: string): readonly Line[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .flatMap((line) => (line.length > longestLine ? sentencesOf(line) : [line.trim()]))
    .map((line) => ({
      text: line,
      worth: line.startsWith('assistant: ') ? worthOf(line) * 0.3 : worthOf(line) + 0.2,
    }))
}

function worthOf(sentence: string): number {
  let worth = 1
  if (personal.test(sentence)) worth += 1
  if (/\p{N}/u.test(sentence)) worth += 0.6
  if (/[\p{L}\p{N},] \p{Lu}\p{L}/u.test(sentence)) worth += 0.3
  if (/[?？؟]$/.test(sentence)) worth -= 0.6
  return worth
}

/** The sentences of a text that have content, each on one line and not too long. */
function sentencesOf(text: string): readonly string[] {
  const flat = text
    .slice(0, longestLine * mostSentences)
    .replaceAll(/\s+/g, ' ')
    .trim()
  const sentences: string[] = []
  for (const found of flat.match(
    /[^.!?。！？؟।]+(?:[.!?。！？؟।]+(?! |$)[^.!?。！？؟।]+)*[.!?。！？؟।]*/gu,
  ) ?? []) {
    const sentence = found.trim()
    if (sentence.length < 12 && !/\p{N}/u.test(sentence) && !/[\u0e00-\u9fff\uac00-\ud7af]/.test(sentence))
      continue
    sentences.push(sentence.length <= longestLine ? sentence : telling(sentence))
    if (sentences.length === mostSentences) break
  }
  return sentences.length > 0 || flat === '' ? sentences : [flat.slice(0, longestLine)]
}

/** The informative part of a long sentence: from where it speaks of the user, or up to its number. */
function telling(sentence: string): string {
  const number = sentence.search(/\p{N}/u)
  const said = sentence.search(personal)
  const at = said >= 0 ? said : number
  const start = at < longestLine / 2 ? 0 : Math.max(0, Math.min(at - 40, sentence.length - longestLine))
  const cut = wellFormed(sentence.slice(start, start + longestLine))
  return `${start > 0 ? '…' : ''}${cut}${start + longestLine < sentence.length ? '…' : ''}`
}

/** A text cut to its bound of tokens: a summary that is too long would be left out of the context as a whole. */
export function cutText(text: string, maxTokens: number, countTokens: CountTokens): string {
  let short = text
  for (;;) {
    const tokens = tokensOf(short, countTokens)
    if (tokens <= maxTokens || short.length < 2) return short
    const length = Math.min(short.length - 1, Math.floor((short.length * maxTokens) / tokens))
    short = short.slice(0, length).replace(/[\ud800-\udbff]$/, '')
  }
}

function tokensOf(content: string, countTokens: CountTokens): number {
  return countTokens({ role: 'user', content })
}
