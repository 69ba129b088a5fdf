import type { TurnDocument } from './part.js'
import { findReplies } from './follow.js'
import type { LiveSession } from '../service/live-session.js'

/** What the newest turns retrieved, the newest last, each document once. */
export async function documentsOf(live: LiveSession): Promise<readonly TurnDocument[]> {
  const { body } = await live.load()
  const found = new Map<string, TurnDocument>()
  for (const { messageId, seq } of body.documentTurns ?? []) {
    const reply = (await findReplies(live, messageId, seq))?.at(-1)
    const documents = (reply?.metadata?.['documents'] ?? []) as unknown as readonly TurnDocument[]
    for (const document of documents) {
      found.delete(document.id)
      found.set(document.id, document)
    }
  }
  return [...found.values()]
}
