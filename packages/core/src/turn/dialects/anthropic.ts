import type { JsonObject, JsonValue } from '../../json.js'
import { fromText } from '../../domain/part-dialects.js'
import { type DialectReader, isSomething, modelIn, objectIn, objectsIn, saying, textIn } from './fields.js'
import { Held } from './held.js'

/** Reads the events of an Anthropic stream, or a whole message. */
export class AnthropicReader implements DialectReader {
  /** Blocks whose input is not complete yet, by index. */
  readonly #inputs = new Map<JsonValue | undefined, { block: Record<string, JsonValue>; json: string }>()
  #usage: Record<string, JsonValue> = {}
  #finish: JsonObject | undefined
  readonly #held = new Held()
  #isOpen = false

  get isOpen(): boolean {
    return this.#isOpen
  }

  read(event: JsonObject): readonly JsonObject[] | undefined {
    switch (event['type']) {
      case 'message_start': {
        const message = objectIn(event, 'message')
        const before = this.used()
        this.#isOpen = true
        this.#usage = { ...objectIn(message, 'usage'), ...named(message) }
        return before
      }
      case 'content_block_start': {
        const block = objectIn(event, 'content_block')
        // The rest of them comes piece by piece.
        if (block['type'] === 'text') return textWith(block).filter(({ text }) => text !== '')
        if (block['type'] === 'thinking') return thoughtIn(block)
        if (typeof block['input'] !== 'object' && block['type'] !== 'compaction') return [block]
        this.#inputs.set(event['index'], { block: { ...block }, json: '' })
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
        Object.assign(this.#usage, told(objectIn(event, 'usage')))
        const finishReason = objectIn(event, 'delta')['stop_reason'] ?? null
        this.#finish = { type: 'finish', finishReason }
        if (finishReason !== null) this.#isOpen = false
        return []
      }
      case 'message_stop':
        this.#isOpen = false
        return this.used()
      case 'ping':
        return []
      case 'message': {
        // OpenAI has items of the same type, which have no reason for their end.
        if (event['stop_reason'] === undefined) return undefined
        const usage = { ...objectIn(event, 'usage'), ...named(event) }
        const said = objectsIn(event, 'content').flatMap((block) =>
          block['type'] === 'text' ? textWith(block) : [block],
        )
        return [...said, { type: 'finish', usage, finishReason: event['stop_reason'] }]
      }
      default:
        return undefined
    }
  }

  end(): readonly JsonObject[] {
    return this.used()
  }

  used(): readonly JsonObject[] {
    const usage = this.#usage
    const finish = this.#finish
    this.#usage = {}
    this.#finish = undefined
    if (finish !== undefined) return [{ ...finish, usage }]
    return isSomething(usage) ? [{ type: 'usage', ...usage }] : []
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
        if (open === undefined) return []
        const { block } = open
        block['content'] = (textIn(block, 'content') ?? '') + this.#held.keep(textIn(delta, 'content') ?? '')
        // Without it the provider cannot read its summary.
        const sealed = textIn(delta, 'encrypted_content')
        if (sealed !== undefined) block['encrypted_content'] = sealed
        return []
      }
      case 'input_json_delta': {
        const open = this.#inputs.get(index)
        if (open !== undefined) open.json += this.#held.keep(textIn(delta, 'partial_json') ?? '')
        return []
      }
      default:
        return []
    }
  }
}

function named(message: JsonObject): JsonObject {
  return { provider: 'anthropic', ...modelIn(message, 'model') }
}

/** The text of a block, and what it cites. */
export function textWith(block: JsonObject): JsonObject[] {
  const { citations: _, ...text } = block
  return [text, ...objectsIn(block, 'citations').map((source) => ({ ...source, type: 'source' }))]
}

/** What a beginning of a block says already. */
function thoughtIn(block: JsonObject): JsonObject[] {
  const signature = textIn(block, 'signature') || undefined
  const said = saying('reasoning', textIn(block, 'thinking'))
  return signature === undefined ? said : [{ type: 'reasoning', text: '', ...said[0], signature }]
}

/** Later counts replace earlier ones, and `null` is no count. */
function told(usage: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== null))
}
