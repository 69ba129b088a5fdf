import type { Message } from '../domain/message.js'

const perMessage = 250
const perValue = 40

/** Bytes that a message and its derived data take in memory, approximately; rather too many than too few. */
export function bytesOfMessage(message: Message): number {
  const { id, name, content, metadata } = message
  let bytes = perMessage + bytesOf(id) + bytesOf(name) + bytesOf(content)
  // For parts, their shortened form for the model is kept as well.
  if (typeof content !== 'string') bytes += bytes / 4
  if (metadata !== undefined) bytes += bytesOf(metadata)
  return bytes
}

/** Bytes of JSON in memory. */
export function bytesOf(root: unknown): number {
  if (root === undefined) return 0
  if (typeof root === 'string') return bytesOfText(root)
  let bytes = 0
  const rest: unknown[] = [root]
  while (rest.length > 0) {
    const value = rest.pop()
    if (typeof value === 'string') bytes += bytesOfText(value)
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

function bytesOfText(text: string): number {
  return 24 + text.length * (isNarrow(text) ? 1 : 2)
}

/** Engines store a text with one byte a character while no character needs two. */
function isNarrow(text: string): boolean {
  return !/[^\0-\u00ff]/.test(text)
}
