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
 * works by words alone. When `embed` rejects, or gives what are no vectors, it rejects too, and sets no vector.
 */
export async function embedMessages(
  index: RelevanceIndex,
  messages: readonly Message[],
  embed: Embed,
): Promise<readonly MessageVector[]> {
  index.add(messages)
  const found = messages.filter((message) => !index.hasVector(message.seq) && textOf(message).trim() !== '')
  if (found.length === 0) return []
  const vectors = await vectorsOf(found.map(textOf), embed)
  const made: MessageVector[] = []
  for (const [place, { seq }] of found.entries()) {
    const vector = vectors[place]!
    index.setVector(seq, vector)
    made.push({ seq, vector })
  }
  return made
}

/** A vector for each text. @throws when the caller's model gives something else, which would outweigh the words. */
export async function vectorsOf(
  texts: readonly string[],
  embed: Embed,
): Promise<readonly (readonly number[])[]> {
  const given: unknown = await embed(texts)
  if (!Array.isArray(given) || given.length !== texts.length)
    throw new TypeError(`embed has to give a list of ${texts.length} vectors`)
  const [first] = given as readonly unknown[]
  for (const vector of given) {
    if (!isVector(vector)) throw new TypeError('embed gave something that is no vector of finite numbers')
    if (vector.length !== (first as { length: number }).length)
      throw new TypeError('embed gave vectors of several lengths')
  }
  return given as readonly (readonly number[])[]
}

/** A list of numbers, or what models that run in the process give: a `Float32Array` and the like. */
function isVector(value: unknown): value is readonly number[] {
  const isList = Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))
  const numbers = value as readonly unknown[]
  return isList && numbers.length > 0 && numbers.every((number) => Number.isFinite(number))
}
