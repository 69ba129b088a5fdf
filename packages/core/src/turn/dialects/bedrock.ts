import { isJsonObject, type JsonObject, type JsonValue } from '../../json.js'
import { type DialectReader, objectIn, objectsIn, saying, textIn } from './fields.js'
import { PartialCalls } from './partial-calls.js'

/** Reads what Bedrock's Converse and ConverseStream give. Each event, and each block, is an object of one field. */
export class BedrockReader implements DialectReader {
  readonly #calls = new PartialCalls()
  #isOpen = false

  get isOpen(): boolean {
    return this.#isOpen
  }

  read(event: JsonObject): readonly JsonObject[] | undefined {
    if (event['type'] !== undefined) return undefined
    const message = objectIn(objectIn(event, 'output'), 'message')
    if (Array.isArray(message['content']) && 'stopReason' in event) {
      const said = objectsIn(message, 'content').flatMap((block) => this.#block(block))
      return [...said, { type: 'finish', usage: usageOf(event), finishReason: event['stopReason'] }]
    }
    const [name = ''] = Object.keys(event)
    const told = objectIn(event, name)
    const index = told['contentBlockIndex']
    switch (name) {
      case 'messageStart':
        this.#isOpen = true
        return []
      case 'contentBlockStart':
        this.#call(index, objectIn(objectIn(told, 'start'), 'toolUse'))
        return []
      case 'contentBlockDelta':
        return this.#block(objectIn(told, 'delta'), index)
      case 'contentBlockStop':
        return this.#calls.end()
      case 'messageStop':
        this.#isOpen = false
        return [...this.#calls.end(), { type: 'finish', finishReason: told['stopReason'] ?? null }]
      case 'metadata':
        return [{ type: 'usage', usage: usageOf(told) }]
      default:
        return undefined
    }
  }

  end(): readonly JsonObject[] {
    return []
  }

  used(): readonly JsonObject[] {
    return []
  }

  #call(index: JsonValue | undefined, call: JsonObject): void {
    const id = textIn(call, 'toolUseId') ?? ''
    this.#calls.add(index, { id, name: textIn(call, 'name') ?? '', args: call['input'] })
  }

  /** What a block says, or a piece of it. */
  #block(block: JsonObject, index?: JsonValue): JsonObject[] {
    const [name = ''] = Object.keys(block)
    const inner = objectIn(block, name)
    switch (name) {
      case 'text':
        return saying('text', textIn(block, 'text'))
      case 'toolUse':
        this.#call(index, inner)
        return index === undefined ? this.#calls.end() : []
      case 'reasoningContent': {
        const thought = objectIn({ inner, ...inner }, 'reasoningText', 'inner')
        return [{ type: 'reasoning', ...thought, text: textIn(thought, 'text') ?? '' }]
      }
      case 'citationsContent':
        return [
          ...objectsIn(inner, 'content').flatMap((said) => this.#block(said)),
          ...objectsIn(inner, 'citations').map(sourceOf),
        ]
      case 'citation':
        return [sourceOf(inner)]
      default:
        return name === '' ? [] : [{ ...block, type: name }]
    }
  }
}

function sourceOf(citation: JsonObject): JsonObject {
  const url = textIn(objectIn(objectIn(citation, 'location'), 'web'), 'url')
  return { ...(url === undefined ? {} : { url }), ...citation, type: 'source' }
}

function usageOf({ usage = null }: JsonObject): JsonObject {
  return { ...(isJsonObject(usage) ? usage : {}), provider: 'bedrock' }
}
