import type { JsonObject } from '../../json.js'
import { objectIn, objectsIn, textIn } from './fields.js'

/** Reads responses of Gemini, whole or chunk by chunk. */
export class GeminiReader {
  #end: JsonObject | undefined

  /** What a response says, in parts; undefined for what Gemini does not say. */
  read(response: JsonObject): readonly JsonObject[] | undefined {
    const isResponse = Array.isArray(response['candidates']) || 'usageMetadata' in response
    if (response['type'] !== undefined || !isResponse) return undefined
    const [candidate = {}] = objectsIn(response, 'candidates')
    const model = textIn(response, 'modelVersion')
    // Each chunk counts from the beginning, so the last one tells.
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
    return objectsIn(objectIn(candidate, 'content'), 'parts')
  }

  end(): readonly JsonObject[] {
    const end = this.#end
    this.#end = undefined
    return end === undefined ? [] : [end]
  }
}
