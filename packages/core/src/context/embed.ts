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
  const given = await embed(texts)
  const length = given?.[0]?.length
  const isWhole = Array.isArray(given) && given.length === texts.length
  if (isWhole && given.every((vector) => isVector(vector) && vector.length === length)) return given
  throw new TypeError('embed has to give a vector of finite numbers for each text, all of one length')
}

/** A list of numbers, or what models that run in the process give: a `Float32Array` and the like. */
function isVector(value: unknown): value is readonly number[] {
  const isList = Array.isArray(value) || ArrayBuffer.isView(value)
  const numbers = value as readonly unknown[]
  return isList && numbers.length > 0 && numbers.every((number) => Number.isFinite(number))
}
