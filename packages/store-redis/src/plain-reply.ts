/** A reply as texts and numbers, whatever the client makes of bytes, lists and maps. */
export function toPlain(reply: unknown): unknown {
  if (reply instanceof Uint8Array)
    return Buffer.from(reply.buffer, reply.byteOffset, reply.byteLength).toString()
  if (reply instanceof Map || reply instanceof Set) return [...reply].map(toPlain)
  if (!Array.isArray(reply)) return reply
  for (let index = 0; index < reply.length; index++) {
    const item: unknown = reply[index]
    if (typeof item === 'object' && item !== null) reply[index] = toPlain(item)
  }
  return reply
}
