import type { TurnDocument } from './part.js'
import { readReplies } from './replies.js'
import type { LiveSession } from '../service/live-session.js'

/** What the newest turns retrieved, the newest last, each document once. */
export async function documentsOf(live: LiveSession): Promise<readonly TurnDocument[]> {
  const { body } = await live.load()
  const found = new Map<string, TurnDocument>()
  for (const place of body.documentTurns ?? []) {
    const reply = (await readReplies(live, place))?.at(-1)
    const documents = (reply?.metadata?.['documents'] ?? []) as unknown as readonly TurnDocument[]
    for (const document of documents) {
      found.delete(document.id)
      found.set(document.id, document)
    }
  }
  return [...found.values()]
}
