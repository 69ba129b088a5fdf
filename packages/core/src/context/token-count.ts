import type { Message } from '../message.js'

/** Counts the tokens a model pays for a message. */
export type CountTokens = (message: Pick<Message, 'role' | 'content'>) => number

// A role and its delimiters cost a few tokens in every provider's format.
const perMessage = 4
const perMediaPart = 256

/**
 * An estimate that needs no tokenizer: about four Latin characters a token, one CJK character a token; media parts
 * count a flat 256, whatever the size of their data.
 */
export const estimateTokens: CountTokens = (message) => {
  if (typeof message.content === 'string') return perMessage + countText(message.content)
  let total = perMessage
  for (const part of message.content) {
    const isMedia = part.type === 'file' || part.type === 'image' || part.type === 'audio'
    total += isMedia
      ? perMediaPart
      : countText(
          part.type === 'text' && typeof part['text'] === 'string' ? part['text'] : JSON.stringify(part),
        )
  }
  return total
}

function countText(text: string): number {
  let narrow = 0
  let wide = 0
  for (let index = 0; index < text.length; index++) {
    // From here on, scripts whose characters are mostly tokens of their own.
    if (text.charCodeAt(index) >= 0x2e80) wide++
    else narrow++
  }
  return Math.ceil(narrow / 4) + wide
}
