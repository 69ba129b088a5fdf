type Reader = Pick<ReadableStreamDefaultReader<Uint8Array>, 'read' | 'cancel'>

// More than anybody sends by mistake; a sender without an end is cut off.
const mostBytes = 64 * 1024 * 1024

/**
 * Reads the rest of a body and throws it away. Servers cut the connection of a body that nobody reads, and many frameworks on
 * Node, such as SvelteKit, that of one that is cancelled: the client would get no answer.
 */
export function leaveBody(unread: ReadableStream<Uint8Array> | Reader | null): void {
  // Not awaited: the sender chooses how long it goes on sending.
  if (unread !== null) void readAway(unread).catch(() => {})
}

async function readAway(unread: ReadableStream<Uint8Array> | Reader): Promise<void> {
  const reader = 'getReader' in unread ? unread.getReader() : unread
  for (let length = 0; length < mostBytes;) {
    const { done, value } = await reader.read()
    if (done) return
    length += value.length
  }
  await reader.cancel()
}
