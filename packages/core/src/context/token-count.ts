import type { Message } from '../domain/message.js'
import { atOnce } from '../async/slices.js'
import { countingText, countText } from './count-text.js'
import { isMedia, mayHoldMedia, type Media } from './media.js'
import { textOfMedia, tokensOfMedia } from './media-tokens.js'

/** Counts the tokens that a model needs for a message. */
export type CountTokens = (message: Pick<Message, 'role' | 'content'>) => number

/** As `CountTokens`, step by step. */
export type CountingTokens = (message: Pick<Message, 'role' | 'content'>) => Generator<void, number>

// A role and its delimiters take a few tokens in every provider's format.
const perMessage = 4
const dataImage = /^data:(?:image|application\/pdf|audio|video)[^,]{0,100};base64,/

/**
 * An estimate that needs no tokenizer, and is rather too high than too low: for text of any script it is at most a few
 * percent below the count of o200k or cl100k (see docs/context.md for a table). When the two differ, it follows the
 * larger count, so a caller who knows the model does better with its own tokenizer. Media count by their size, pages
 * or length, if known. Parts that only pages read (`data-…`, `ui-chunk`) count nothing.
 */
export const estimateTokens: CountTokens = (message) => {
  const { content } = message
  return typeof content === 'string' ? perMessage + countText(content) : atOnce(estimatingTokens(message))
}

/** The steps of a counter: one alone, unless it is the estimate. */
export function stepsOf(countTokens: CountTokens): CountingTokens {
  if (countTokens === estimateTokens) return estimatingTokens
  // oxlint-disable-next-line require-yield
  return function* (message) {
    return countTokens(message)
  }
}

function* estimatingTokens({ content }: Pick<Message, 'role' | 'content'>): Generator<void, number> {
  if (typeof content === 'string') return perMessage + (yield* countingText(content))
  let total = perMessage
  for (const part of content) {
    const data: unknown = part
    if (isMedia(data)) total += yield* countingMedia(data)
    else if (part.type === 'text' && typeof part['text'] === 'string')
      total += yield* countingText(part['text'])
    else if (!isForPages(part)) total += yield* countingData(part)
    yield
  }
  return total
}

function* countingMedia(media: Media): Generator<void, number> {
  const text = textOfMedia(media)
  return text === undefined ? tokensOfMedia(media) : yield* countingText(text)
}

/** Whether only pages read a part, such as the data parts of AI SDK: no model gets it. */
function isForPages({ type }: { readonly type: string }): boolean {
  return type.startsWith('data-') || type === 'ui-chunk'
}

/** Data as the JSON that a provider gets; media within it, such as a screenshot from a tool, count as media. */
function* countingData(data: unknown): Generator<void, number> {
  const whole = JSON.stringify(data) as string | undefined
  if (whole === undefined) return 0
  // To look at each value takes many times longer, and few data have media.
  if (!whole.includes(';base64,') && !mayHoldMedia(whole)) return yield* countingText(whole)
  const found: Media[] = []
  const text = JSON.stringify(data, (_, value: unknown) => {
    if (isMedia(value)) found.push(value)
    else if (typeof value === 'string' && dataImage.test(value)) found.push({ type: 'media', data: value })
    else return value
    return undefined
  })
  let total = text === undefined ? 0 : yield* countingText(text)
  for (const media of found) total += yield* countingMedia(media)
  return total
}
