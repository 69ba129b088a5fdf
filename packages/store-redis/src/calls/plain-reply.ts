// A mark at the beginning of a text is a part of it.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** A reply as texts and numbers, whatever the client makes of bytes, lists and maps. */
export function toPlain(reply: unknown): unknown {
  if (reply instanceof Uint8Array) return decoder.decode(reply)
  if (reply instanceof Map || reply instanceof Set) return [...reply].map(toPlain)
  if (!Array.isArray(reply)) return reply
  for (let index = 0; index < reply.length; index++) {
    const item: unknown = reply[index]
    if (typeof item === 'object' && item !== null) reply[index] = toPlain(item)
  }
  return reply
}
