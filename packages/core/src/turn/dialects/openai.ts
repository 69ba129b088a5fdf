import type { JsonObject, JsonValue } from '../../json.js'
import { fromText } from '../../domain/part-dialects.js'
import { objectIn, objectsIn, textIn } from './fields.js'

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
  /** Items of Responses whose text was streamed. */
  readonly #streamed = new Set<JsonValue | undefined>()
  #model: JsonObject = {}

  /** The parts in an event; undefined for an event that is not OpenAI's. */
  read(event: JsonObject): readonly JsonObject[] | undefined {
    const { type } = event
    if (type === undefined && Array.isArray(event['choices'])) return this.#chat(event)
    if (type === undefined && event['object'] === 'response') return responseOf(event)
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
    return calls.map(({ id, name, args }) => ({
      type: 'tool-call',
      toolCallId: id,
      toolName: name,
      input: fromText(args) ?? {},
    }))
  }

  /** Whether a chunk begins another completion: an answer may come of several. */
  #begins(chunk: JsonObject): boolean {
    const id = textIn(chunk, 'id') || undefined
    const before = this.#completion
    this.#completion = id ?? before
    if (id !== undefined && before !== undefined) return id !== before
    return this.#isOver && objectsIn(chunk, 'choices').length > 0
  }

  #chat(chunk: JsonObject): readonly JsonObject[] {
    const model = textIn(chunk, 'model')
    if (model !== undefined) this.#model = { model }
    const parts: JsonObject[] = []
    if (this.#begins(chunk)) {
      parts.push(...this.used())
      this.#isOver = false
    }
    for (const choice of objectsIn(chunk, 'choices')) {
      const message = objectIn(choice, 'delta' in choice ? 'delta' : 'message')
      const reasoning = textIn(message, 'reasoning_content', 'reasoning')
      if (reasoning !== undefined && reasoning !== '') parts.push({ type: 'reasoning', text: reasoning })
      const text = textIn(message, 'content')
      if (text !== undefined && text !== '') parts.push({ type: 'text', text })
      const refusal = textIn(message, 'refusal')
      if (refusal !== undefined && refusal !== '') parts.push({ type: 'refusal', refusal })
      for (const [place, call] of objectsIn(message, 'tool_calls').entries())
        this.#call(call['index'] ?? place, call)
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
    const called = objectIn(call, 'function')
    const id = textIn(call, 'id') ?? ''
    const name = textIn(called, 'name') ?? ''
    let open = this.#byIndex.get(index)
    // Some providers give every call the index 0, each call whole.
    const isOther = open !== undefined && id !== '' && name !== '' && id !== open.id && isWhole(open.args)
    if (open === undefined || isOther) {
      open = { id: '', name: '', args: '' }
      this.#calls.push(open)
      this.#byIndex.set(index, open)
    }
    if (open.id === '') open.id = id
    if (open.name === '') open.name = name
    open.args += textIn(called, 'arguments') ?? ''
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
      case 'response.output_item.done': {
        const item = objectIn(event, 'item')
        if (!this.#streamed.has(item['id'])) return [item]
        // Its text has been streamed; the fields of its end belong to it.
        return item['type'] === 'reasoning' ? [{ ...item, text: '' }] : []
      }
      case 'response.completed':
      case 'response.incomplete':
        return endOf(objectIn(event, 'response'))
      default:
        return []
    }
  }
}

interface OpenCall {
  id: string
  name: string
  args: string
}

/** Whether arguments are complete: nothing can follow the end of a JSON object. */
function isWhole(args: string): boolean {
  return args.trimEnd().endsWith('}') && typeof fromText(args) === 'object'
}

function responseOf(response: JsonObject): readonly JsonObject[] {
  return [...objectsIn(response, 'output'), ...endOf(response)]
}

function endOf(response: JsonObject): readonly JsonObject[] {
  const model = textIn(response, 'model')
  const usage = {
    ...objectIn(response, 'usage'),
    provider: 'openai',
    ...(model === undefined ? {} : { model }),
  }
  const finishReason = objectIn(response, 'incomplete_details')['reason'] ?? response['status'] ?? null
  return [{ type: 'finish', usage, finishReason }]
}
