import type { JsonObject } from '../../json.js'
import { objectIn, objectsIn, textIn } from './fields.js'

/** Reads responses of Gemini, whole or chunk by chunk. */
export class GeminiReader {
  #end: JsonObject | undefined
  #id: string | undefined

  /** The parts in a response; undefined for a response that is not Gemini's. */
  read(response: JsonObject): readonly JsonObject[] | undefined {
    const isResponse = Array.isArray(response['candidates']) || 'usageMetadata' in response
    if (response['type'] !== undefined || !isResponse) return undefined
    const [candidate = {}] = objectsIn(response, 'candidates')
    const model = textIn(response, 'modelVersion')
    const id = textIn(response, 'responseId')
    const before = id === undefined || id === this.#id ? [] : this.end()
    this.#id = id ?? this.#id
    // Each chunk has the count from the beginning, so the last one has the sum.
    this.#end = {
      ...this.#end,
      type: 'finish',
      usage: {
        ...objectIn(response, 'usageMetadata'),
        provider: 'google',
        ...(model === undefined ? {} : { model }),
      },
      ...(candidate['finishReason'] === undefined ? {} : { finishReason: candidate['finishReason'] }),
    }
    return [...before, ...objectsIn(objectIn(candidate, 'content'), 'parts')]
  }

  /** The remaining parts after the stream has ended. */
  end(): readonly JsonObject[] {
    return this.used()
  }

  /** What was used so far and is not told yet, also of a stream that broke off. */
  used(): readonly JsonObject[] {
    const end = this.#end
    this.#end = undefined
    return end === undefined ? [] : [end]
  }
}
