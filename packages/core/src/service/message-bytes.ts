import type { Message } from '../domain/message.js'

const perMessage = 250
const perValue = 40

/** Bytes a message takes in memory, nearly, and what is kept beside it of a long one; rather too many than too few. */
export function bytesOfMessage(message: Message): number {
  const { id, name, content, metadata } = message
  let bytes = perMessage + bytesOf(id) + bytesOf(name) + bytesOf(content)
  // Beside parts their shorter form is kept, as the model is shown it.
  if (typeof content !== 'string') bytes += bytes / 4
  if (metadata !== undefined) bytes += bytesOf(metadata)
  return bytes
}

/** Bytes of JSON in memory. */
export function bytesOf(root: unknown): number {
  let bytes = 0
  const rest: unknown[] = [root]
  while (rest.length > 0) {
    const value = rest.pop()
    if (typeof value === 'string') bytes += 24 + value.length * (isNarrow(value) ? 1 : 2)
    else if (Array.isArray(value)) {
      bytes += perValue + value.length * 8
      for (const item of value) rest.push(item)
    } else if (typeof value === 'object' && value !== null) {
      bytes += perValue
      for (const [key, item] of Object.entries(value)) {
        bytes += 16 + key.length
        rest.push(item)
      }
    } else if (typeof value === 'number') bytes += 8
  }
  return bytes
}

/** Engines keep a text in one byte a character while no character needs two. */
function isNarrow(text: string): boolean {
  return !/[^\0-\u00ff]/.test(text)
}
