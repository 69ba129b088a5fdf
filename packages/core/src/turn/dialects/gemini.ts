import { isJsonObject, type JsonObject, type JsonValue } from '../../json.js'
import { type DialectReader, isSomething, modelIn, objectIn, objectsIn, Sources, textIn } from './fields.js'
import { StreamedArgs } from './streamed-args.js'

// One of them at least is in each response.
const fields = 'candidates usageMetadata promptFeedback modelVersion'.split(' ')

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
    if (response['type'] !== undefined || !fields.some((field) => field in response)) return undefined
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
    // Each chunk that has the count has it from the beginning, so the last one has the sum.
    this.#end = {
      ...this.#end,
      type: 'finish',
      usage: {
        ...objectIn(this.#end ?? {}, 'usage'),
        ...objectIn(response, 'usageMetadata'),
        provider: 'google',
        ...modelIn(response, 'modelVersion'),
      },
      ...(finishReason === undefined ? {} : { finishReason }),
    }
    if (finishReason !== undefined) this.#isOpen = false
    else if (id !== undefined && parts.length > 0) this.#isOpen = !this.#hasCalled
    return [...before, ...this.#args.read(parts).map(named), ...this.#sources.parts(citedIn(candidate))]
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

// What a part may say beside its content.
const about = 'mediaResolution videoMetadata partMetadata mediaProcessing speechMetadata'.split(' ')

/** A part with a type, where its content is of a kind of its own; one without any content says more of the text before. */
function named(part: JsonObject): JsonObject {
  if ('type' in part || typeof part['text'] === 'string') return part
  const kind = Object.keys(part).find((name) => isJsonObject(part[name]) && !about.includes(name))
  if (kind === undefined) return { ...part, text: '' }
  return own.includes(kind) ? part : { ...part, type: kind }
}

// They become parts of this package.
const own = 'functionCall functionResponse inlineData fileData'.split(' ')

/** What the answer is grounded on, and whose words it has taken. */
function citedIn(candidate: JsonObject): JsonObject[] {
  const chunks = objectsIn(objectIn(candidate, 'groundingMetadata'), 'groundingChunks').map(
    (chunk) => kinds.map((kind) => objectIn(chunk, kind)).find(isSomething) ?? {},
  )
  const cited = objectsIn(objectIn(candidate, 'citationMetadata'), 'citations')
  return [...chunks, ...cited].map((source) => {
    const url = textIn(source, 'uri', 'sourceUri')
    return url === undefined ? source : { url, ...source }
  })
}

const kinds = 'web retrievedContext maps image'.split(' ')
