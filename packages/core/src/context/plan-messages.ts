import type { Message } from '../domain/message.js'
import type { MessagePart } from '../domain/part.js'
import { cutText } from './excerpt.js'
import { isBytes, isMedia, nameOfMedia } from './media.js'
import { shortened } from './shorten.js'
import type { CountTokens } from './token-count.js'

/**
 * A message in the form for a summarizer: results of tools and long texts are cut to their beginnings, media become
 * names. The rest is unreadable, or longer than a summary has room for.
 */
export function toPlanMessage(message: Message, maxTokens: number, countTokens: CountTokens): Message {
  const { content, role } = message
  if (typeof content === 'string') {
    if (message.tokens <= maxTokens) return message
    const short = `${cutText(content.slice(0, maxTokens * 8), maxTokens, countTokens)}…`
    return { ...message, content: short, tokens: countTokens({ role, content: short }) }
  }
  const parts = content.flatMap((part) => planPart(part, message.tokens > maxTokens, maxTokens, countTokens))
  if (parts.length === content.length && parts.every((part, index) => part === content[index])) return message
  return { ...message, content: parts, tokens: countTokens({ role, content: parts }) }
}

function planPart(
  part: MessagePart,
  isLong: boolean,
  maxTokens: number,
  countTokens: CountTokens,
): readonly MessagePart[] {
  // Reasoning is left out: the answer that it led to is there.
  if (part.type === 'reasoning') return []
  if (isMedia(part)) return [{ type: 'text', text: `[${nameOfMedia(part)}]` }]
  const plain = withoutBytes(part)
  if (!isLong) return [plain]
  if (plain.type === 'tool-result') return [shortened(plain, maxTokens, countTokens)]
  if (plain.type === 'text' && typeof plain['text'] === 'string') {
    return [{ type: 'text', text: cutText(plain['text'].slice(0, maxTokens * 8), maxTokens, countTokens) }]
  }
  const text = JSON.stringify(plain)
  return text.length <= maxTokens * 4
    ? [plain]
    : [{ type: 'text', text: `[${plain.type}: ${text.slice(0, 200)}…]` }]
}

/** A part with names in place of its media and bytes, at any depth. */
function withoutBytes(part: MessagePart): MessagePart {
  let found = false
  const text = JSON.stringify(part, (_, value: unknown) => {
    if (typeof value === 'string' && isBytes(value)) {
      found = true
      return `[${Math.round((value.length * 3) / 4)} bytes]`
    }
    if (isMedia(value)) {
      found = true
      return `[${nameOfMedia(value)}]`
    }
    return value
  })
  return found ? (JSON.parse(text) as MessagePart) : part
}
