import { isJsonObject, type JsonObject, type JsonValue } from '../../json.js'
import { fromText } from '../../domain/part-dialects.js'
import { type DialectReader, objectIn, objectsIn, saying, textIn } from './fields.js'
import { Held } from './held.js'
import { PartialCalls } from './partial-calls.js'

// Images, and what tools of the provider do.
const whole: readonly string[] = ['image', 'toolResult', 'toolUse']

/** Reads what Bedrock's Converse and ConverseStream give. Each event, and each block, is an object of one field. */
export class BedrockReader implements DialectReader {
  readonly #calls = new PartialCalls()
  readonly #held = new Held()
  /** Blocks that are told when all their pieces have come, by index. */
  readonly #blocks = new Map<JsonValue | undefined, { readonly name: string; readonly pieces: JsonValue[] }>()
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
        return this.#piece(index, objectIn(told, 'start'))
      case 'contentBlockDelta':
        return this.#piece(index, objectIn(told, 'delta'))
      case 'contentBlockStop':
        return [...this.#calls.end(), ...this.#end(index)]
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

  /** What a piece of a block says at once. */
  #piece(index: JsonValue | undefined, piece: JsonObject): JsonObject[] {
    const [name = ''] = Object.keys(piece)
    const open = this.#blocks.get(index)
    const isCall = name === 'toolUse' && open === undefined && !isOwn(objectIn(piece, name))
    if (!whole.includes(name) || isCall) return this.#block(piece, index)
    const { pieces } = open ?? { pieces: [] as JsonValue[] }
    pieces.push(this.#held.keep(piece[name]!))
    this.#blocks.set(index, { name, pieces })
    return []
  }

  #end(index: JsonValue | undefined): JsonObject[] {
    const open = this.#blocks.get(index)
    this.#blocks.delete(index)
    return open === undefined ? [] : [{ type: open.name, [open.name]: joined(open.name, open.pieces) }]
  }

  /** What a block says, or a piece of it. */
  #block(block: JsonObject, index?: JsonValue): JsonObject[] {
    const [name = ''] = Object.keys(block)
    const inner = objectIn(block, name)
    switch (name) {
      case 'text':
        return saying('text', textIn(block, 'text'))
      case 'toolUse':
        if (isOwn(inner)) return [{ ...block, type: name }]
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

/** Whether the provider runs the tool itself. */
function isOwn(call: JsonObject): boolean {
  return call['type'] === 'server_tool_use'
}

/** A block of its pieces: inputs come as pieces of JSON, results as lists, images as pieces of their bytes. */
function joined(name: string, pieces: readonly JsonValue[]): JsonObject {
  const block: Record<string, JsonValue> = {}
  const content: JsonObject[] = []
  let input = ''
  let bytes = ''
  for (const piece of pieces) {
    if (Array.isArray(piece)) for (const item of piece) append(content, item)
    if (!isJsonObject(piece)) continue
    Object.assign(block, piece)
    if (typeof piece['input'] === 'string') input += piece['input']
    bytes += atob(textIn(objectIn(piece, 'source'), 'bytes') ?? '')
  }
  if (name === 'toolUse') block['input'] = fromText(input) ?? {}
  if (name === 'toolResult') block['content'] = content
  if (bytes !== '') block['source'] = { bytes: btoa(bytes) }
  return block
}

function append(content: JsonObject[], item: JsonValue): void {
  if (!isJsonObject(item)) return
  const [before, text] = [textIn(content.at(-1) ?? {}, 'text'), textIn(item, 'text')]
  if (before === undefined || text === undefined) content.push(item)
  else content[content.length - 1] = { text: before + text }
}

function sourceOf(citation: JsonObject): JsonObject {
  const url = textIn(objectIn(objectIn(citation, 'location'), 'web'), 'url')
  return { ...(url === undefined ? {} : { url }), ...citation, type: 'source' }
}

function usageOf({ usage = null }: JsonObject): JsonObject {
  return { ...(isJsonObject(usage) ? usage : {}), provider: 'bedrock' }
}
