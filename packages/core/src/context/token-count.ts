import type { Message } from '../domain/message.js'
import { countText } from './count-text.js'
import { isMedia } from './media.js'
import { tokensOfMedia } from './media-tokens.js'

/** Counts the tokens a model pays for a message. */
export type CountTokens = (message: Pick<Message, 'role' | 'content'>) => number

// A role and its delimiters cost a few tokens in every provider's format.
const perMessage = 4
const dataImage = /^data:(?:image|application\/pdf|audio|video)[^,]{0,100};base64,/

/**
 * An estimate that needs no tokenizer, and errs on the side of too many: for text of no script is it under what o200k or
 * cl100k make of it by more than a few percent (see docs/context.md for a table). Where the two differ it is the dearer
 * one, so a caller who knows the model does better with its own tokenizer. Media count by their size, pages or length
 * where those are known.
 */
export const estimateTokens: CountTokens = ({ content }) => {
  if (typeof content === 'string') return perMessage + countText(content)
  let total = perMessage
  for (const part of content) {
    const data: unknown = part
    if (isMedia(data)) total += tokensOfMedia(data)
    else if (part.type === 'text' && typeof part['text'] === 'string') total += countText(part['text'])
    else total += countData(part)
  }
  return total
}

/** Data as the JSON a provider is sent; media within it, such as the screenshot a tool took, count as media. */
function countData(data: unknown): number {
  let media = 0
  const text = JSON.stringify(data, (_, value: unknown) => {
    if (isMedia(value)) media += tokensOfMedia(value)
    else if (typeof value === 'string' && dataImage.test(value))
      media += tokensOfMedia({ type: 'media', data: value })
    else return value
    return undefined
  })
  return (text === undefined ? 0 : countText(text)) + media
}
