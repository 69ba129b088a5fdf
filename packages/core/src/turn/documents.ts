import type { TurnDocument } from './part.js'
import { readReplies } from './replies.js'
import type { LiveSession } from '../service/live-session.js'

/** The documents of the newest turns that retrieved any, the newest last, each once. */
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
