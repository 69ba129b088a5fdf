import { type Message, textOf } from '../domain/message.js'
import type { RelevanceIndex } from './relevance-index.js'

/** The caller's model: a vector for each text, all of one length. */
export type Embed = (texts: readonly string[]) => Promise<readonly (readonly number[])[]>

/** A vector and the message it belongs to, to be kept with it. */
export interface MessageVector {
  readonly seq: number
  readonly vector: readonly number[]
}

/**
 * Gives the index vectors for what it holds without one, and returns them to be kept: a message whose
 * `metadata.embedding` is its vector is not embedded again. Call it outside the turn; until it is done, words alone
 * find messages. Rejects when `embed` does, and nothing is set.
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
