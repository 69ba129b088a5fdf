import { isJsonObject, type JsonObject, type JsonValue } from '../../json.js'
import { fromText } from '../../domain/part-dialects.js'
import { ModelFailure, objectIn, objectsIn, textIn } from './fields.js'

/** Reads chunks and completions of Chat Completions, and events and responses of Responses. */
export class OpenAiReader {
  /** Calls of Chat Completions that are not told yet. */
  #calls: OpenCall[] = []
  /** The newest of them by index: the next piece of its arguments belongs to it. */
  readonly #byIndex = new Map<JsonValue | undefined, OpenCall>()
  /** What the completion that streams has used, by its newest chunk that says so. */
  #usage: JsonObject = {}
  #completion: string | undefined
  #isOver = false
  /** With `n` above 1 a completion has several answers: the first that comes is read. */
  #choice: JsonValue | undefined
  /** Items of Responses whose text was streamed. */
  readonly #streamed = new Set<JsonValue | undefined>()
  #model: JsonObject = {}

  /** The parts in an event; undefined for an event that is not OpenAI's. */
  read(event: JsonObject): readonly JsonObject[] | undefined {
    const { type } = event
    if (type === undefined && Array.isArray(event['choices'])) return this.#chat(event)
    if (type === undefined && event['object'] === 'response') {
      if (event['status'] === 'failed') this.#failed(event)
      return [...objectsIn(event, 'output'), ...endOf(event)]
    }
    if (typeof type === 'string' && type.startsWith('response.')) return this.#response(type, event)
    return undefined
  }

  /** The remaining parts after the stream has ended. */
  end(): readonly JsonObject[] {
    return [...this.#called(), ...this.used()]
  }

  /** What was used so far and is not told yet, also of a stream that broke off. */
  used(): readonly JsonObject[] {
    const usage = this.#usage
    this.#usage = {}
    return Object.keys(usage).length === 0 ? [] : [{ type: 'usage', ...usage }]
  }

  #called(): readonly JsonObject[] {
    const calls = this.#calls
    this.#calls = []
    this.#byIndex.clear()
    return calls.map(({ id, name, args, isText, extras }) => ({
      ...extras,
      type: 'tool-call',
      toolCallId: id,
      toolName: name,
      input: isText ? args : (fromText(args) ?? {}),
    }))
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
    const model = textIn(chunk, 'model')
    if (model !== undefined) this.#model = { model }
    const parts: JsonObject[] = []
    if (this.#begins(chunk)) {
      parts.push(...this.used())
      this.#isOver = false
      this.#choice = undefined
    }
    for (const choice of objectsIn(chunk, 'choices')) {
      this.#choice ??= choice['index'] ?? 0
      if (!this.#isRead(choice)) continue
      const message = objectIn(choice, 'delta' in choice ? 'delta' : 'message')
      parts.push(...saidIn(message))
      for (const [place, call] of objectsIn(message, 'tool_calls').entries())
        this.#call(call['index'] ?? place, call)
      // The form before `tool_calls`: one call, whose result is found by the name of its function.
      const called = objectIn(message, 'function_call')
      if (Object.keys(called).length > 0)
        this.#call('function_call', { id: called['name'] ?? '', function: called })
      const finishReason = choice['finish_reason']
      if (typeof finishReason !== 'string') continue
      this.#isOver = true
      parts.push(...this.#called(), { type: 'finish', finishReason })
    }
    const usage = objectIn(chunk, 'usage')
    // Some providers give the counts from the beginning with each chunk: only the last ones count.
    if (Object.keys(usage).length > 0) this.#usage = { ...usage, ...this.#model }
    return parts
  }

  #call(index: JsonValue | undefined, call: JsonObject): void {
    const { index: _, id: told, type: __, function: ___, custom, ...extras } = call
    const called = objectIn(call, custom === undefined ? 'function' : 'custom')
    const id = typeof told === 'string' ? told : ''
    const name = textIn(called, 'name') ?? ''
    let open = this.#byIndex.get(index)
    // Some providers give every call the index 0, each call whole.
    const isOther = open !== undefined && id !== '' && name !== '' && id !== open.id && isWhole(open.args)
    if (open === undefined || isOther) {
      open = { id: '', name: '', args: '', isText: false, extras: {} }
      this.#calls.push(open)
      this.#byIndex.set(index, open)
    }
    if (open.id === '') open.id = id
    if (open.name === '') open.name = name
    open.args += textIn(called, 'arguments', 'input') ?? ''
    open.isText ||= custom !== undefined
    // Such as the signature of a thought, without which the provider refuses the call later.
    open.extras = { ...open.extras, ...extras }
  }

  /** A response that failed is paid for all the same. */
  #failed(response: JsonObject): never {
    if (isJsonObject(response['usage'])) this.#usage = usageOf(response)
    throw new ModelFailure('The model told of an error.', { cause: response['error'] })
  }

  #response(type: string, event: JsonObject): readonly JsonObject[] {
    const id = event['item_id']
    switch (type) {
      case 'response.output_text.delta':
      case 'response.refusal.delta': {
        this.#streamed.add(id)
        const text = textIn(event, 'delta') ?? ''
        return [
          type === 'response.refusal.delta' ? { type: 'refusal', refusal: text } : { type: 'text', text },
        ]
      }
      case 'response.reasoning_text.delta':
      case 'response.reasoning_summary_text.delta':
        this.#streamed.add(id)
        return [
          { type: 'reasoning', ...(id === undefined ? {} : { id }), text: textIn(event, 'delta') ?? '' },
        ]
      case 'response.reasoning_summary_part.added':
        // Further parts of one summary are paragraphs of their own.
        return this.#streamed.has(id)
          ? [{ type: 'reasoning', ...(id === undefined ? {} : { id }), text: '\n\n' }]
          : []
      case 'response.output_text.annotation.added':
        return [{ ...objectIn(event, 'annotation'), type: 'source' }]
      case 'response.output_item.done': {
        const item = objectIn(event, 'item')
        if (!this.#streamed.has(item['id'])) return [item]
        // Its text has been streamed; the fields of its end belong to it.
        return item['type'] === 'reasoning' ? [{ ...item, text: '' }] : []
      }
      case 'response.completed':
      case 'response.incomplete':
        return endOf(objectIn(event, 'response'))
      case 'response.failed':
        return this.#failed(objectIn(event, 'response'))
      default:
        return []
    }
  }
}

interface OpenCall {
  id: string
  name: string
  args: string
  /** Of a custom tool, whose input is a text. */
  isText: boolean
  extras: JsonObject
}

/** What a message of Chat Completions, or a piece of it, says: thoughts, text, refusal, sources. */
function saidIn(message: JsonObject): JsonObject[] {
  const parts: JsonObject[] = []
  const reasoning = textIn(message, 'reasoning_content', 'reasoning')
  if (reasoning !== undefined && reasoning !== '') parts.push({ type: 'reasoning', text: reasoning })
  const text = textIn(message, 'content')
  if (text !== undefined && text !== '') parts.push({ type: 'text', text })
  // Mistral has lists of parts where a model thinks, or refers to what it was given.
  for (const part of objectsIn(message, 'content')) {
    const thoughts = objectsIn(part, 'thinking').map((thought) => textIn(thought, 'text') ?? '')
    parts.push(Array.isArray(part['thinking']) ? { type: 'reasoning', text: thoughts.join('') } : part)
  }
  const refusal = textIn(message, 'refusal')
  if (refusal !== undefined && refusal !== '') parts.push({ type: 'refusal', refusal })
  // What is spoken is kept as words: the provider knows the sound by its id, for an hour.
  const transcript = textIn(objectIn(message, 'audio'), 'transcript')
  if (transcript !== undefined && transcript !== '') parts.push({ type: 'text', text: transcript })
  for (const annotation of objectsIn(message, 'annotations')) {
    const { type: _, url_citation: cited, ...rest } = annotation
    parts.push({ ...(isJsonObject(cited) ? cited : {}), ...rest, type: 'source' })
  }
  return parts
}

/** Whether arguments are complete: nothing can follow the end of a JSON object. */
function isWhole(args: string): boolean {
  return args.trimEnd().endsWith('}') && typeof fromText(args) === 'object'
}

function endOf(response: JsonObject): readonly JsonObject[] {
  const finishReason = objectIn(response, 'incomplete_details')['reason'] ?? response['status'] ?? null
  return [{ type: 'finish', usage: usageOf(response), finishReason }]
}

function usageOf(response: JsonObject): JsonObject {
  const model = textIn(response, 'model')
  return { ...objectIn(response, 'usage'), provider: 'openai', ...(model === undefined ? {} : { model }) }
}
