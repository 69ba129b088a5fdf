import type { JsonObject, JsonValue } from '../../json.js'
import { objectIn, objectsIn, textIn } from './fields.js'

/** Reads responses of Gemini, whole or chunk by chunk. */
export class GeminiReader {
  #end: JsonObject | undefined
  #id: string | undefined
  /** With several candidates, the first that comes is read. */
  #candidate: JsonValue | undefined
  readonly #sources = new Set<string>()

  /** The parts in a response; undefined for a response that is not Gemini's. */
  read(response: JsonObject): readonly JsonObject[] | undefined {
    const isResponse = ['candidates', 'usageMetadata', 'promptFeedback'].some((field) => field in response)
    if (response['type'] !== undefined || !isResponse) return undefined
    const candidates = objectsIn(response, 'candidates')
    this.#candidate ??= candidates[0]?.['index'] ?? (candidates.length > 0 ? 0 : undefined)
    const candidate = candidates.find(({ index = 0 }) => index === this.#candidate) ?? {}
    // A prompt that is blocked has no candidate.
    const blocked = textIn(objectIn(response, 'promptFeedback'), 'blockReason')
    const finishReason = candidate['finishReason'] ?? (blocked === undefined ? undefined : 'content-filter')
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
      ...(finishReason === undefined ? {} : { finishReason }),
    }
    return [...before, ...objectsIn(objectIn(candidate, 'content'), 'parts'), ...this.#sourcesOf(candidate)]
  }

  /** What the answer is grounded on; each chunk may tell it again. */
  #sourcesOf(candidate: JsonObject): JsonObject[] {
    const found = objectsIn(objectIn(candidate, 'groundingMetadata'), 'groundingChunks')
    return found.flatMap((chunk) => {
      const [source] = ['web', 'retrievedContext', 'maps']
        .map((kind) => objectIn(chunk, kind))
        .filter(isSomething)
      const told = JSON.stringify(source)
      if (source === undefined || this.#sources.has(told)) return []
      this.#sources.add(told)
      return [{ ...source, type: 'source' }]
    })
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

function isSomething(object: JsonObject): boolean {
  return Object.keys(object).length > 0
}
