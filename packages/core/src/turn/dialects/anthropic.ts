import type { JsonObject, JsonValue } from '../../json.js'
import { fromText } from '../../domain/part-dialects.js'
import { objectIn, objectsIn, textIn } from './fields.js'

/** Reads the events of an Anthropic stream, or a whole message. */
export class AnthropicReader {
  /** Blocks whose input is not complete yet, by index. */
  readonly #inputs = new Map<JsonValue | undefined, { block: JsonObject; json: string }>()
  #usage: JsonObject = {}
  #finish: JsonObject | undefined

  /** The parts in an event; undefined for an event that is not Anthropic's. */
  read(event: JsonObject): readonly JsonObject[] | undefined {
    switch (event['type']) {
      case 'message_start': {
        const message = objectIn(event, 'message')
        const before = this.used()
        this.#usage = { ...objectIn(message, 'usage'), ...named(message) }
        return before
      }
      case 'content_block_start': {
        const block = objectIn(event, 'content_block')
        // Their text, and all their other fields, come piece by piece.
        if (block['type'] === 'text' || block['type'] === 'thinking') return []
        if (typeof block['input'] !== 'object' && block['type'] !== 'compaction') return [block]
        this.#inputs.set(event['index'], { block, json: '' })
        return []
      }
      case 'content_block_delta':
        return this.#delta(event['index'], objectIn(event, 'delta'))
      case 'content_block_stop': {
        const open = this.#inputs.get(event['index'])
        this.#inputs.delete(event['index'])
        if (open === undefined) return []
        if (open.block['input'] === undefined) return [open.block]
        const input = open.json === '' ? open.block['input'] : fromText(open.json)
        return [{ ...open.block, input: input ?? {} }]
      }
      case 'message_delta': {
        // There may be several, each with the counts from the beginning.
        this.#usage = { ...this.#usage, ...told(objectIn(event, 'usage')) }
        this.#finish = { type: 'finish', finishReason: objectIn(event, 'delta')['stop_reason'] ?? null }
        return []
      }
      case 'message_stop':
        return this.used()
      case 'ping':
        return []
      case 'message': {
        // OpenAI has items of the same type, which have no reason for their end.
        if (event['stop_reason'] === undefined) return undefined
        const usage = { ...objectIn(event, 'usage'), ...named(event) }
        return [...objectsIn(event, 'content'), { type: 'finish', usage, finishReason: event['stop_reason'] }]
      }
      default:
        return undefined
    }
  }

  /** The remaining parts after the stream has ended. */
  end(): readonly JsonObject[] {
    return this.used()
  }

  /** What was used so far and is not told yet, also of a stream that broke off. */
  used(): readonly JsonObject[] {
    const usage = this.#usage
    const finish = this.#finish
    this.#usage = {}
    this.#finish = undefined
    if (finish !== undefined) return [{ ...finish, usage }]
    return Object.keys(usage).length === 0 ? [] : [{ type: 'usage', ...usage }]
  }

  #delta(index: JsonValue | undefined, delta: JsonObject): readonly JsonObject[] {
    switch (delta['type']) {
      case 'text_delta':
        return [{ type: 'text', text: textIn(delta, 'text') ?? '' }]
      case 'thinking_delta':
        return [{ type: 'reasoning', text: textIn(delta, 'thinking') ?? '' }]
      case 'signature_delta':
        return [{ type: 'reasoning', text: '', signature: delta['signature'] ?? '' }]
      case 'citations_delta':
        return [{ ...objectIn(delta, 'citation'), type: 'source' }]
      case 'compaction_delta': {
        const open = this.#inputs.get(index)
        const before = open === undefined ? '' : (textIn(open.block, 'content') ?? '')
        if (open !== undefined)
          open.block = { ...open.block, content: before + (textIn(delta, 'content') ?? '') }
        return []
      }
      case 'input_json_delta': {
        const open = this.#inputs.get(index)
        if (open !== undefined) open.json += textIn(delta, 'partial_json') ?? ''
        return []
      }
      default:
        return []
    }
  }
}

function named(message: JsonObject): JsonObject {
  const model = textIn(message, 'model')
  return { provider: 'anthropic', ...(model === undefined ? {} : { model }) }
}

/** Later counts replace earlier ones, and `null` is no count. */
function told(usage: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== null))
}
