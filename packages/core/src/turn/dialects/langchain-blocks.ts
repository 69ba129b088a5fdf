import { isJsonObject, type JsonObject, type JsonValue } from '../../json.js'
import { fromText } from '../../domain/part-dialects.js'
import { textWith } from './anthropic.js'
import { objectIn, objectsIn, saying, textIn } from './fields.js'
import { Held } from './held.js'
import { ReasoningDetails } from './reasoning-details.js'

// Calls come apart from the content, in one form for all providers.
const calling: readonly unknown[] =
  'tool_use input_json_delta tool_call tool_call_chunk function_call functionCall'.split(' ')
// Of tools that a provider runs: their input comes piece by piece after them, in this field.
const inputs: Readonly<Record<string, string>> = { server_tool_use: 'input', server_tool_call: 'args' }
// What Gemini has in a field of the same name.
const ofGemini: readonly unknown[] = 'inlineData fileData executableCode codeExecutionResult'.split(' ')
// Of these a message has calls, or an image.
const itemsElsewhere: readonly unknown[] =
  'function_call custom_tool_call computer_call image_generation_call'.split(' ')

/** Reads what one message of LangChain says: its content, and what stands beside it. */
export class LangChainBlocks {
  readonly #held = new Held()
  readonly #details = new ReasoningDetails()
  /** The id of the thought that is told, which its pieces do not have, and what they have said. */
  #thought: { readonly id?: string; readonly text: string; readonly paragraph?: JsonValue } = { text: '' }
  /** What kind of message the text is, which is said once before it. */
  #phase: string | undefined
  #server: { readonly block: JsonObject; json: string } | undefined

  /** The parts of a piece of a message. @param endsInput Whether a call has begun or goes on. */
  chunk(told: JsonObject, endsInput: boolean): JsonObject[] {
    const said = this.whole(told, true)
    return [...(endsInput ? this.end(false) : []), ...said]
  }

  /** The parts of a message, apart from its calls. */
  whole(told: JsonObject, isPiece = false): JsonObject[] {
    const beside = objectIn(told, 'additional_kwargs')
    const { reasoning_content: thought, refusal, originalTextContentBlock: original } = beside
    const { content } = told
    const signature = isJsonObject(original) ? textIn(original, 'thoughtSignature') : undefined
    const id = this.#details.add(objectsIn(beside, 'reasoning_details'), textIn(told, 'id'))
    const text = textOf(content)
    return [
      ...saying('reasoning', textOf(thought)).map((part) => ({ ...part, ...id })),
      ...(signature === undefined
        ? saying('text', text)
        : [{ type: 'text', text, thoughtSignature: signature }]),
      ...(isPiece ? this.#itemsBeside(told, beside) : []),
      ...objectsIn(told, 'content').flatMap((block) => this.#block(block, isPiece)),
      ...(textOf(refusal) === '' ? [] : [{ type: 'refusal', refusal: refusal! }]),
    ]
  }

  /** The next piece of the input of a tool that its provider runs. */
  addInput(json: string): void {
    if (this.#server !== undefined) this.#server.json += this.#held.keep(json)
  }

  /** What waited for more. */
  end(isOver = true): JsonObject[] {
    const open = this.#server
    this.#server = undefined
    return [...(open === undefined ? [] : [serverCall(open)]), ...(isOver ? this.#details.end() : [])]
  }

  /** What OpenAI's Responses say, and LangChain has beside the content: what tools did, and what a thought ends with. */
  #itemsBeside(told: JsonObject, beside: JsonObject): JsonObject[] {
    const about = objectIn(told, 'response_metadata')
    if (about['output_version'] === 'v1') return []
    const items = objectsIn(beside, 'tool_outputs').filter(({ type }) => !itemsElsewhere.includes(type))
    const { type, id } = objectIn(beside, 'reasoning')
    if (type === 'reasoning' && typeof id === 'string') {
      this.#thought = { id, text: '' }
      // What comes before a call must stand before it, also without words.
      items.push({ type, id, text: '', summary: [] })
    }
    if (about['object'] !== 'response') return items
    const thoughts = objectsIn(about, 'output').filter((item) => item['type'] === 'reasoning')
    return [...items, ...thoughts.map((item) => ({ ...item, text: '' }))]
  }

  /** The parts of a block, in the form of its provider, or in that which LangChain has for all of them. */
  #block(given: JsonObject, isPiece: boolean): JsonObject[] {
    const { index, ...block } = given
    const { type } = block
    if (calling.includes(type)) return []
    if (type === 'non_standard') return this.#block(objectIn(block, 'value'), isPiece)
    const before = this.end(false)
    if (isPiece && typeof type === 'string' && Object.hasOwn(inputs, type)) {
      this.#server = { block, json: '' }
      return before
    }
    return [...before, ...this.#said(block, index)]
  }

  #said(block: JsonObject, index: JsonValue | undefined): JsonObject[] {
    const { type, ...fields } = block
    if (ofGemini.includes(type)) return [fields]
    switch (type) {
      case 'text':
        if (block['thought'] === true) return this.#thinks(block, undefined)
        return [
          ...this.#textsIn(block),
          ...objectsIn(block, 'annotations').map((cited) => ({ ...cited, type: 'source' })),
        ]
      case 'thinking':
        return this.#thinks(block, undefined)
      case 'reasoning':
        return this.#thinks(block, index)
      default:
        return [block]
    }
  }

  /** Annotations are what a text cites; a piece may have nothing else. */
  #textsIn(block: JsonObject): JsonObject[] {
    const { annotations: _, extras, ...text } = block
    const { phase: ofExtras, ...others } = isJsonObject(extras) ? extras : {}
    const phase = text['phase'] ?? ofExtras
    if (typeof phase === 'string') this.#phase = phase
    if (phase !== undefined && text['text'] === '') return []
    const own = {
      ...text,
      ...(Object.keys(others).length === 0 ? {} : { extras: others }),
      ...(this.#phase === undefined ? {} : { phase: this.#phase }),
    }
    return textWith(own).filter(({ type, text }) => type !== 'text' || typeof text === 'string')
  }

  #thinks(block: JsonObject, paragraph: JsonValue | undefined): JsonObject[] {
    const {
      thinking,
      reasoning,
      text,
      id,
      signature,
      thought: _,
      reasoningContentBlock: __,
      ...fields
    } = block
    const said = textOf(thinking ?? reasoning ?? text)
    const known = this.#thought
    // With its id it may come once more, whole, after its pieces.
    const isRepeat = said !== '' && id !== undefined && said === known.text
    // Only OpenAI's have ids, and summaries of several paragraphs.
    const isNext =
      id === undefined && known.id !== undefined && known.text !== '' && known.paragraph !== paragraph
    this.#thought =
      typeof id === 'string'
        ? { id, text: '' }
        : { ...known, paragraph: paragraph!, text: known.text + this.#held.keep(said) }
    const own = id ?? known.id
    return [
      {
        ...fields,
        ...(own === undefined ? {} : { id: own }),
        // Empty where it begins.
        ...(textOf(signature) === '' ? {} : { signature: signature! }),
        type: 'reasoning',
        text: isRepeat ? '' : isNext ? `\n\n${said}` : said,
      },
    ]
  }
}

function serverCall({ block, json }: { readonly block: JsonObject; readonly json: string }): JsonObject {
  const field = inputs[textOf(block['type'])]!
  const begun = isJsonObject(block[field]) ? block[field] : {}
  return { ...block, [field]: json === '' ? begun : (fromText(json) ?? begun) }
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : ''
}
