import { type Message, textOf } from '../domain/message.js'
import type { RelevanceIndex } from './relevance-index.js'

/** The caller's model: returns a vector for each text, all of one length. */
export type Embed = (texts: readonly string[]) => Promise<readonly (readonly number[])[]>

/** A vector, and the message that it should be stored with. */
export interface MessageVector {
  readonly seq: number
  readonly vector: readonly number[]
}

/**
 * Makes vectors for the messages of the index that have none, and returns them to be stored: a message whose
 * `metadata.embedding` is its vector is not embedded again. Call it outside the turn; until it is done, the search
 * works by words alone. When `embed` rejects, it rejects too, and sets no vector.
 */
export async function embedMessages(
  index: RelevanceIndex,
  messages: readonly Message[],
  embed: Embed,
): Promise<readonly MessageVector[]> {
  index.add(messages)
  const found = messages.filter((message) => !index.hasVector(message.seq) && textOf(message).trim() !== '')
  if (found.length === 0) return []
  const vectors = await embed(found.map(textOf))
  const made: MessageVector[] = []
  for (const [place, { seq }] of found.entries()) {
    const vector = vectors[place]
    if (vector === undefined) continue
    index.setVector(seq, vector)
    made.push({ seq, vector })
  }
  return made
}
