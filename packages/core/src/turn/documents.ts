import { onPath } from '../domain/path.js'
import type { TurnDocument } from './part.js'
import { readReplies } from './replies.js'
import type { LiveSession } from '../service/live-session.js'

/** The documents of the newest turns of the active branch that retrieved any, the newest last, each once. */
export async function documentsOf(live: LiveSession): Promise<readonly TurnDocument[]> {
  const { body } = await live.load()
  const found = new Map<string, TurnDocument>()
  for (const place of body.documentTurns ?? []) {
    const reply = (await readReplies(live, place))?.at(-1)
    // What was found for a question that was left, or edited, does not answer the one that took its place.
    if (reply === undefined || !onPath(body.path, reply.seq)) continue
    const documents = (reply.metadata?.['documents'] ?? []) as unknown as readonly TurnDocument[]
    for (const document of documents) {
      found.delete(document.id)
      found.set(document.id, document)
    }
  }
  return [...found.values()]
}
