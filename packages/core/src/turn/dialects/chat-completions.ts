import { isJsonObject, type JsonObject, type JsonValue } from '../../json.js'
import {
  type DialectReader,
  isSomething,
  ModelFailure,
  modelIn,
  objectIn,
  objectsIn,
  saying,
  Sources,
  textIn,
} from './fields.js'
import { PartialCalls } from './partial-calls.js'
import { ReasoningDetails } from './reasoning-details.js'

/** Reads chunks and completions of Chat Completions, of whoever serves it, and those of Mistral's SDK. */
export class ChatReader implements DialectReader {
  readonly #calls = new PartialCalls()
  readonly #sources = new Sources()
  readonly #details = new ReasoningDetails()
  /** What the completion that streams has used, by its newest chunk that says so. */
  #usage: JsonObject = {}
  #completion: string | undefined
  #isStream = false
  #isOver = false
  /** With `n` above 1 a completion has several answers: the first that comes is read. */
  #choice: JsonValue | undefined
  #model: JsonObject = {}

  get isOpen(): boolean {
    return this.#isStream && this.#choice !== undefined && !this.#isOver
  }

  read(event: JsonObject): readonly JsonObject[] | undefined {
    if (event['type'] !== undefined) return undefined
    if (isCompletion(event)) return this.#chat(event)
    // As Mistral's SDK wraps it.
    const data = objectIn(event, 'data')
    return isCompletion(data) ? this.#chat(data) : undefined
  }

  end(): readonly JsonObject[] {
    return [...this.#over(), ...this.used()]
  }

  used(): readonly JsonObject[] {
    const usage = this.#usage
    this.#usage = {}
    return isSomething(usage) ? [{ type: 'usage', ...usage }] : []
  }

  #over(): readonly JsonObject[] {
    return [...this.#details.end(), ...this.#calls.end()]
  }

  /** Whether a chunk begins another completion: an answer may come of several. */
  #begins(chunk: JsonObject): boolean {
    const id = textIn(chunk, 'id') || undefined
    const before = this.#completion
    this.#completion = id ?? before
    if (id !== undefined && before !== undefined) return id !== before
    return this.#isOver && objectsIn(chunk, 'choices').some((choice) => this.#isRead(choice))
  }

  #isRead({ index = 0 }: JsonObject): boolean {
    return index === this.#choice
  }

  #chat(chunk: JsonObject): readonly JsonObject[] {
    this.#model = { ...this.#model, ...modelIn(chunk, 'model') }
    this.#isStream ||= chunk['object'] === 'chat.completion.chunk'
    const parts: JsonObject[] = []
    if (this.#begins(chunk)) {
      parts.push(...this.used())
      this.#isOver = false
      this.#choice = undefined
    }
    const choices = objectsIn(chunk, 'choices')
    const usage = [chunk, ...choices, objectIn(chunk, 'x_groq')]
      .map((place) => objectIn(place, 'usage'))
      .find(isSomething)
    // Some providers give the counts from the beginning with each chunk: only the last ones count.
    if (usage !== undefined) this.#usage = { ...usage, ...this.#model }
    for (const choice of choices) {
      this.#choice ??= choice['index'] ?? 0
      if (!this.#isRead(choice)) continue
      parts.push(...this.#said(choice))
      const finishReason = textIn(choice, 'finish_reason', 'finishReason')
      if (finishReason === undefined) continue
      if (finishReason === 'error') {
        throw new ModelFailure('The model told of an error.', { cause: choice['error'] ?? choice })
      }
      this.#isOver = true
      parts.push(...this.#over(), { type: 'finish', finishReason })
    }
    return [...parts, ...this.#sources.parts(citedIn(chunk))]
  }

  #said(choice: JsonObject): JsonObject[] {
    const message = objectIn(choice, 'delta' in choice ? 'delta' : 'message')
    const details = objectsIn(message, 'reasoning_details')
    const id = this.#details.add(details, this.#completion)
    for (const [place, call] of objectsIn(message, 'tool_calls', 'toolCalls').entries())
      this.#call(call['index'] ?? place, call)
    // The form before `tool_calls`: one call, whose result is found by the name of its function.
    const called = objectIn(message, 'function_call')
    if (isSomething(called)) this.#call('function_call', { id: called['name'] ?? '', function: called })
    // Of completions before there was a chat.
    const said = [...saidIn(message, id), ...saying('text', textIn(choice, 'text'))]
    return [...said, ...this.#sources.parts(foundIn(message))]
  }

  #call(index: JsonValue, call: JsonObject): void {
    const { index: _, id, type: __, function: ___, custom, ...extras } = call
    const called = objectIn(call, custom === undefined ? 'function' : 'custom')
    this.#calls.add(index, {
      id: typeof id === 'string' ? id : '',
      name: textIn(called, 'name') ?? '',
      args: called['arguments'] ?? called['input'],
      isText: custom !== undefined,
      extras,
    })
  }
}

function isCompletion(event: JsonObject): boolean {
  // The last chunk of some providers has no choices at all.
  return Array.isArray(event['choices']) || event['object'] === 'chat.completion.chunk'
}

/** What a message of Chat Completions, or a piece of it, says: thoughts, text, refusal, images, sources. */
function saidIn(message: JsonObject, id: JsonObject): JsonObject[] {
  const parts = saying('reasoning', textIn(message, 'reasoning_content', 'reasoning')).map((part) => ({
    ...part,
    ...id,
  }))
  parts.push(...saying('text', textIn(message, 'content')))
  // Mistral has lists of parts where a model thinks, or refers to what it was given.
  for (const part of objectsIn(message, 'content')) {
    const thoughts = objectsIn(part, 'thinking').map((thought) => textIn(thought, 'text') ?? '')
    const signature = textIn(part, 'signature')
    const signed = signature === undefined ? {} : { signature }
    parts.push(
      Array.isArray(part['thinking']) ? { type: 'reasoning', text: thoughts.join(''), ...signed } : part,
    )
  }
  const refusal = textIn(message, 'refusal')
  if (refusal !== undefined && refusal !== '') parts.push({ type: 'refusal', refusal })
  // What is spoken is kept as words: the provider knows the sound by its id, for an hour.
  parts.push(...saying('text', textIn(objectIn(message, 'audio'), 'transcript')))
  parts.push(...objectsIn(message, 'images').filter((image) => textIn(image, 'type') !== undefined))
  for (const annotation of objectsIn(message, 'annotations')) {
    const { type: _, url_citation: cited, ...rest } = annotation
    parts.push({ ...(isJsonObject(cited) ? cited : {}), ...rest, type: 'source' })
  }
  return parts
}

/** What tools of Groq's found, which each chunk of them tells. */
function foundIn(message: JsonObject): JsonObject[] {
  return objectsIn(message, 'executed_tools').flatMap((tool) =>
    objectsIn(objectIn(tool, 'search_results'), 'results'),
  )
}

/** What a model that searches found, or the addresses alone. */
function citedIn(chunk: JsonObject): JsonObject[] {
  const found = objectsIn(chunk, 'search_results')
  if (found.length > 0) return found
  const urls = chunk['citations']
  return Array.isArray(urls)
    ? urls.filter((url: JsonValue) => typeof url === 'string').map((url: string) => ({ url }))
    : []
}
