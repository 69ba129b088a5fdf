import { SessionError } from '../errors.js'
import { leaveBody } from './leave-body.js'

/** A body as it comes, a piece in memory at a time. @throws `invalid` when it breaks off. */
export async function* piecesOf(
  body: ReadableStream<Uint8Array> | null,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (body === null) return
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw new SessionError('invalid', 'The body ended before it was complete.', { path: 'body', cause })
      })
      if (done) return
      yield value
    }
  } finally {
    leaveBody(reader)
  }
}
