import type { JsonObject, JsonValue } from '../../json.js'
import { textWith } from './anthropic.js'
import { type DialectReader, isSomething, modelIn, objectIn, objectsIn, saying, textIn } from './fields.js'
import { Held } from './held.js'
import { PartialCalls } from './partial-calls.js'

// Calls come apart from the content, in one form for all providers.
const calling: readonly unknown[] =
  'tool_use input_json_delta tool_call tool_call_chunk function_call functionCall'.split(' ')

/** Reads messages of LangChain, whole or chunk by chunk, in the form that they serialize to. */
export class LangChainReader implements DialectReader {
  readonly #calls = new PartialCalls()
  readonly #held = new Held()
  readonly #known = new Set<JsonValue>()
  #message: JsonValue | undefined
  /** The first that says something in this step. */
  #first: JsonValue | undefined
  #hasCalled = false
  /** The id of the thought that is told, which its pieces do not have, and what they have said. */
  #thought: { readonly id?: string; readonly text: string } = { text: '' }
  readonly isOpen = false

  read(event: JsonObject): readonly JsonObject[] | undefined {
    if (event['type'] !== 'constructor' || event['lc'] !== 1 || !Array.isArray(event['id'])) return undefined
    const told = objectIn(event, 'kwargs')
    const kind = kindOf((event['id'] as readonly JsonValue[]).at(-1), told)
    const message = told['id'] ?? undefined
    // The pieces of a message have its id, or none; those of several may come by turns.
    const isKnown = kind === 'AIMessageChunk' && (message === undefined || this.#known.has(message))
    const before = isKnown ? [] : this.#begin(message)
    this.#message = message ?? this.#message
    switch (kind) {
      case 'AIMessageChunk': {
        const pieces = objectsIn(told, 'tool_call_chunks')
        for (const [place, { index = place, id, name, args }] of pieces.entries())
          this.#calls.add(JSON.stringify([this.#message ?? null, index]), {
            id: textOf(id),
            name: textOf(name),
            args,
          })
        this.#hasCalled ||= pieces.length > 0
        return [...before, ...this.#said(told), ...endOf(told, this.#hasCalled)]
      }
      case 'AIMessage': {
        // Arguments that are no JSON, because they were cut off, are apart.
        const calls = [...objectsIn(told, 'tool_calls'), ...objectsIn(told, 'invalid_tool_calls')].map(callOf)
        return [...before, ...this.#said(told), ...calls, ...endOf(told, calls.length > 0)]
      }
      case 'ToolMessage':
      case 'ToolMessageChunk':
        this.#first = undefined
        return [...before, resultOf(told)]
      default:
        return before
    }
  }

  end(): readonly JsonObject[] {
    return this.#calls.end()
  }

  used(): readonly JsonObject[] {
    return []
  }

  #begin(message: JsonValue | undefined): JsonObject[] {
    this.#message = undefined
    if (message !== undefined) this.#known.add(this.#held.keep(message))
    this.#hasCalled = false
    this.#thought = { text: '' }
    return this.#calls.end()
  }

  #said(told: JsonObject): JsonObject[] {
    const { reasoning_content: thought, refusal } = objectIn(told, 'additional_kwargs')
    const { content } = told
    const said = [
      ...saying('reasoning', textOf(thought)),
      ...saying('text', textOf(content)),
      ...objectsIn(told, 'content').flatMap((block) => this.#block(block)),
      ...(textOf(refusal) === '' ? [] : [{ type: 'refusal', refusal: refusal! }]),
    ]
    if (said.length > 0) this.#first ??= this.#message
    const message = this.#message
    if (typeof message !== 'string' || message === this.#first) return said
    // The words of several must not run together.
    return said.map((part) =>
      part['type'] === 'text' || part['type'] === 'reasoning' ? { id: message, ...part } : part,
    )
  }

  /** The parts of a block, in the form of its provider, or in that which LangChain has for all of them. */
  #block(given: JsonObject): JsonObject[] {
    const { index: _, ...block } = given
    const { type } = block
    if (calling.includes(type)) return []
    switch (type) {
      case 'non_standard':
        return this.#block(objectIn(block, 'value'))
      case 'text':
        return [
          ...textsIn(block),
          ...objectsIn(block, 'annotations').map((cited) => ({ ...cited, type: 'source' })),
        ]
      case 'thinking':
      case 'reasoning':
        return this.#thinks(block)
      default:
        return [block]
    }
  }

  #thinks(block: JsonObject): JsonObject[] {
    const { thinking, reasoning, text, id, signature, ...fields } = block
    const said = textOf(thinking ?? reasoning ?? text)
    const known = this.#thought
    // With its id it may come once more, whole, after its pieces.
    const isRepeat = said !== '' && id !== undefined && said === known.text
    this.#thought =
      typeof id === 'string' ? { id, text: '' } : { ...known, text: known.text + this.#held.keep(said) }
    const own = id ?? known.id
    return [
      {
        ...fields,
        ...(own === undefined ? {} : { id: own }),
        // Empty where it begins.
        ...(textOf(signature) === '' ? {} : { signature: signature! }),
        type: 'reasoning',
        text: isRepeat ? '' : said,
      },
    ]
  }
}

/** What a server says without a role, or a model of somebody else, is in a message of no kind. */
function kindOf(kind: JsonValue | undefined, { role }: JsonObject): string {
  const ofModel = (role ?? 'assistant') === 'assistant'
  return ofModel ? textOf(kind).replace(/^Chat(?=Message)/, 'AI') : textOf(kind)
}

/** Annotations are what a text cites; a piece may have nothing else. */
function textsIn(block: JsonObject): JsonObject[] {
  const { annotations: _, ...text } = block
  return textWith(text).filter(({ type, text }) => type !== 'text' || typeof text === 'string')
}

function callOf({ id, name = '', args = {} }: JsonObject): JsonObject {
  return { type: 'tool-call', toolCallId: id ?? name, toolName: name, input: args }
}

function resultOf({
  tool_call_id: toolCallId = null,
  name,
  content: output = null,
  status,
}: JsonObject): JsonObject {
  return {
    type: 'tool-result',
    toolCallId,
    ...(name === undefined ? {} : { toolName: name }),
    output,
    ...(status === 'error' ? { isError: true } : {}),
  }
}

function endOf(told: JsonObject, hasCalled: boolean): JsonObject[] {
  const about = { ...objectIn(told, 'additional_kwargs'), ...objectIn(told, 'response_metadata') }
  const usage = { ...objectIn(told, 'usage_metadata'), ...modelIn(about, 'model_name', 'model') }
  const finishReason =
    textIn(about, 'finish_reason', 'finishReason', 'stop_reason', 'stopReason', 'done_reason') ??
    textIn(objectIn(about, 'messageStop'), 'stopReason') ??
    (about['object'] === 'response' ? statusOf(about, hasCalled) : undefined)
  return [
    ...(isSomething(usage) ? [{ type: 'usage', ...usage }] : []),
    ...(finishReason === undefined ? [] : [{ type: 'finish', finishReason }]),
  ]
}

/** Of OpenAI's Responses. */
function statusOf(about: JsonObject, hasCalled: boolean): string | undefined {
  const status = textIn(about, 'status')
  return (
    textIn(objectIn(about, 'incomplete_details'), 'reason') ??
    (hasCalled && status === 'completed' ? 'tool_calls' : status)
  )
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : ''
}
