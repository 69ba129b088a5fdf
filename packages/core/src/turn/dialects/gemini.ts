import type { JsonObject, JsonValue } from '../../json.js'
import { type DialectReader, isSomething, modelIn, objectIn, objectsIn, Sources, textIn } from './fields.js'
import { StreamedArgs } from './streamed-args.js'

/** Reads responses of Gemini, whole or chunk by chunk. */
export class GeminiReader implements DialectReader {
  #end: JsonObject | undefined
  #id: string | undefined
  /** With several candidates, the first that comes is read. */
  #candidate: JsonValue | undefined
  readonly #sources = new Sources()
  readonly #args = new StreamedArgs()
  #hasCalled = false
  #isOpen = false

  get isOpen(): boolean {
    return this.#isOpen
  }

  read(response: JsonObject): readonly JsonObject[] | undefined {
    const isResponse = ['candidates', 'usageMetadata', 'promptFeedback'].some((field) => field in response)
    if (response['type'] !== undefined || !isResponse) return undefined
    const id = textIn(response, 'responseId')
    const before = id === undefined || id === this.#id ? [] : this.end()
    this.#id = id ?? this.#id
    const candidates = objectsIn(response, 'candidates')
    this.#candidate ??= candidates[0]?.['index'] ?? (candidates.length > 0 ? 0 : undefined)
    const candidate = candidates.find(({ index = 0 }) => index === this.#candidate) ?? {}
    // A prompt that is blocked has no candidate.
    const blocked = textIn(objectIn(response, 'promptFeedback'), 'blockReason')
    const told = candidate['finishReason'] ?? (blocked === undefined ? undefined : 'content-filter')
    const parts = objectsIn(objectIn(candidate, 'content'), 'parts')
    this.#hasCalled ||= parts.some((part) => 'functionCall' in part)
    const finishReason = told === 'STOP' && this.#hasCalled ? 'tool_calls' : told
    // Each chunk has the count from the beginning, so the last one has the sum.
    this.#end = {
      ...this.#end,
      type: 'finish',
      usage: {
        ...objectIn(response, 'usageMetadata'),
        provider: 'google',
        ...modelIn(response, 'modelVersion'),
      },
      ...(finishReason === undefined ? {} : { finishReason }),
    }
    if (finishReason !== undefined) this.#isOpen = false
    else if (id !== undefined && parts.length > 0) this.#isOpen = !this.#hasCalled
    return [...before, ...this.#args.read(parts), ...this.#sources.parts(groundsOf(candidate))]
  }

  end(): readonly JsonObject[] {
    return this.used()
  }

  used(): readonly JsonObject[] {
    const end = this.#end
    this.#end = undefined
    this.#hasCalled = false
    return end === undefined ? [] : [end]
  }
}

/** What the answer is grounded on. */
function groundsOf(candidate: JsonObject): JsonObject[] {
  return objectsIn(objectIn(candidate, 'groundingMetadata'), 'groundingChunks').map((chunk) => {
    const source =
      ['web', 'retrievedContext', 'maps'].map((kind) => objectIn(chunk, kind)).find(isSomething) ?? {}
    const url = textIn(source, 'uri')
    return url === undefined ? source : { url, ...source }
  })
}
