import { isJsonObject, type JsonObject, type JsonValue } from '../../json.js'
import {
  type DialectReader,
  isSomething,
  ModelFailure,
  modelIn,
  objectIn,
  objectsIn,
  Sources,
  textIn,
} from './fields.js'

const pending: readonly unknown[] = ['queued', 'in_progress', 'cancelled']

/** Reads events and responses of OpenAI's Responses. */
export class ResponsesReader implements DialectReader {
  /** Items whose text was streamed. */
  readonly #streamed = new Set<JsonValue | undefined>()
  /** The fields of messages by their ids. */
  readonly #messages = new Map<JsonValue | undefined, JsonObject>()
  readonly #sources = new Sources()
  /** What a response that failed has used. */
  #usage: JsonObject = {}
  #hasThought = false
  #hasCalled = false
  #isOpen = false

  get isOpen(): boolean {
    return this.#isOpen
  }

  read(event: JsonObject): readonly JsonObject[] | undefined {
    const { type } = event
    if (type === undefined && event['object'] === 'response') {
      if (event['status'] === 'failed') this.#failed(event)
      // In the background it is answered later.
      if (pending.includes(event['status']))
        throw new ModelFailure('The response has not ended.', { cause: event })
      return [...objectsIn(event, 'output').flatMap((item) => this.#item(item)), ...this.#ended(event)]
    }
    return typeof type === 'string' && type.startsWith('response.') ? this.#event(type, event) : undefined
  }

  end(): readonly JsonObject[] {
    return this.used()
  }

  used(): readonly JsonObject[] {
    const usage = this.#usage
    this.#usage = {}
    return isSomething(usage) ? [{ type: 'usage', ...usage }] : []
  }

  /** A response that failed is paid for all the same. */
  #failed(response: JsonObject): never {
    if (isJsonObject(response['usage'])) this.#usage = usageOf(response)
    throw new ModelFailure('The model told of an error.', { cause: response['error'] })
  }

  #event(type: string, event: JsonObject): readonly JsonObject[] {
    const id = event['item_id']
    const own = id === undefined ? {} : { id }
    switch (type) {
      case 'response.created':
      case 'response.in_progress':
        this.#isOpen = true
        return []
      case 'response.output_item.added':
        this.#begin(objectIn(event, 'item'))
        return []
      case 'response.output_text.delta':
        this.#streamed.add(id)
        return [{ type: 'text', ...this.#message(own), text: textIn(event, 'delta') ?? '' }]
      case 'response.refusal.delta':
        this.#streamed.add(id)
        return [{ type: 'refusal', refusal: textIn(event, 'delta') ?? '' }]
      case 'response.reasoning_text.delta':
      case 'response.reasoning_summary_text.delta':
        this.#streamed.add(id)
        this.#hasThought = true
        return [{ type: 'reasoning', ...own, text: textIn(event, 'delta') ?? '' }]
      case 'response.reasoning_summary_part.added':
        // Further parts of one summary are paragraphs of their own.
        return this.#streamed.has(id) ? [{ type: 'reasoning', ...own, text: '\n\n' }] : []
      case 'response.output_text.annotation.added':
        return this.#sources.parts([objectIn(event, 'annotation')])
      case 'response.output_item.done':
        return this.#item(objectIn(event, 'item'))
      case 'response.completed':
      case 'response.incomplete':
        return this.#ended(objectIn(event, 'response'))
      case 'response.failed':
        return this.#failed(objectIn(event, 'response'))
      default:
        return []
    }
  }

  /** A whole item, but for its text that has been streamed. */
  #item(item: JsonObject): readonly JsonObject[] {
    const isStreamed = this.#streamed.has(item['id'])
    switch (item['type']) {
      case 'message': {
        const content = item['content']
        const parts =
          typeof content === 'string' ? [{ type: 'output_text', text: content }] : objectsIn(item, 'content')
        return parts.flatMap((part) => {
          const isText = part['type'] === 'output_text'
          const said = isText
            ? { type: 'text', ...this.#message(item), text: textIn(part, 'text') ?? '' }
            : part
          return [...(isStreamed ? [] : [said]), ...this.#sources.parts(objectsIn(part, 'annotations'))]
        })
      }
      case 'reasoning':
        this.#hasThought = true
        // The fields of its end belong to what was streamed.
        return [isStreamed ? { ...item, text: '' } : item]
      case 'function_call':
      case 'custom_tool_call':
        this.#hasCalled = true
        return [item]
      default:
        return [item]
    }
  }

  #begin(item: JsonObject): void {
    if (item['type'] === 'message') this.#message(item)
    if (item['type'] === 'reasoning') this.#hasThought = true
  }

  /**
   * The fields of the text of a message. Most answers are one message, whose text needs none. The texts of several must
   * not run together; and their provider wants back which of them was the answer, and which one follows a thought.
   */
  #message({ id, phase }: JsonObject): JsonObject {
    const known = this.#messages.get(id)
    if (known !== undefined || id === undefined) return known ?? {}
    const isSaid = typeof phase === 'string'
    const isPlain = this.#messages.size === 0 && !isSaid && !this.#hasThought
    const fields = isPlain ? {} : { id, ...(isSaid ? { phase } : {}) }
    this.#messages.set(id, fields)
    return fields
  }

  #ended(response: JsonObject): readonly JsonObject[] {
    const { status = null } = response
    const told = objectIn(response, 'incomplete_details')['reason']
    const finishReason = told ?? (this.#hasCalled && status === 'completed' ? 'tool_calls' : status)
    this.#hasCalled = false
    this.#isOpen = false
    return [{ type: 'finish', usage: usageOf(response), finishReason }]
  }
}

function usageOf(response: JsonObject): JsonObject {
  return { ...objectIn(response, 'usage'), provider: 'openai', ...modelIn(response, 'model') }
}
