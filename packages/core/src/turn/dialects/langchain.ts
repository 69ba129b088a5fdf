import { isJsonObject, type JsonObject, type JsonValue } from '../../json.js'
import { type DialectReader, isSomething, modelIn, objectIn, objectsIn, textIn } from './fields.js'
import { Held } from './held.js'
import { LangChainBlocks } from './langchain-blocks.js'
import { besideCall, callsIn } from './langchain-calls.js'
import { PartialCalls } from './partial-calls.js'
import { ResponsesReader } from './responses.js'

/** Messages that may come by turns. */
const mostAtOnce = 100

/** Reads messages of LangChain, whole or chunk by chunk, in the form that they serialize to. */
export class LangChainReader implements DialectReader {
  readonly #calls = new PartialCalls()
  /** The places of the calls that have begun. */
  readonly #begun = new Set<string>()
  readonly #held = new Held()
  readonly #known = new Set<JsonValue>()
  readonly #blocks = new Map<JsonValue | undefined, LangChainBlocks>()
  #message: JsonValue | undefined
  /** The first that says something in this step. */
  #first: JsonValue | undefined
  #hasCalled = false
  /** The counts in the words of the provider, which LangChain has not read: it may tell its own later. */
  #unread: JsonObject = {}
  /** The sum of what its pieces tell: a later one may take back what an earlier one has told. */
  #counts: JsonObject = {}
  #model: JsonObject = {}
  readonly isOpen = false

  read(event: JsonObject): readonly JsonObject[] | undefined {
    if (event['type'] !== 'constructor' || event['lc'] !== 1 || !Array.isArray(event['id'])) return undefined
    const told = objectIn(event, 'kwargs')
    const kind = kindOf((event['id'] as readonly JsonValue[]).at(-1), told)
    const message = told['id'] ?? undefined
    // The pieces of a message have its id, or none; those of several may come by turns.
    const isKnown = kind === 'AIMessageChunk' && (message === undefined || this.#known.has(message))
    const before = isKnown ? [] : this.#begin(message, told)
    this.#message = message ?? this.#message
    const blocks = this.#blocksOf(this.#message)
    switch (kind) {
      case 'AIMessageChunk': {
        const pieces = objectsIn(told, 'tool_call_chunks')
        const hasBegun = pieces.map((piece, place) => this.#addPiece(piece, place, told)).some(Boolean)
        // Some providers give every call whole.
        const calls = pieces.length === 0 ? callsIn(told) : []
        this.#hasCalled ||= hasBegun || calls.length > 0
        const said = this.#named(blocks.chunk(told, hasBegun))
        return [...before, ...said, ...calls, ...this.#endOf(told)]
      }
      case 'AIMessage': {
        const items = itemsIn(told)
        if (items !== undefined) return [...before, ...this.#named(items), ...this.#endOf(told)]
        const calls = callsIn(told)
        this.#hasCalled = calls.length > 0
        const said = this.#named([...blocks.whole(told), ...blocks.end()])
        return [...before, ...said, ...calls, ...this.#endOf(told)]
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
    return [...this.#waiting(), ...this.#calls.end(), ...this.used()]
  }

  used(): readonly JsonObject[] {
    const counts = isSomething(this.#counts) ? this.#counts : this.#unread
    const usage = { ...counts, ...this.#model }
    this.#unread = this.#counts = this.#model = {}
    return isSomething(usage) ? [{ type: 'usage', ...usage }] : []
  }

  /** Calls of other messages may go on, for their pieces may come by turns. */
  #begin(message: JsonValue | undefined, { tool_call_id: toolCallId }: JsonObject): readonly JsonObject[] {
    const isAlone = message === undefined && toolCallId === undefined
    const calls = isAlone ? this.#calls.end() : this.#calls.whole(toolCallId)
    const before = [...this.#waiting(), ...calls, ...this.used()]
    this.#message = undefined
    if (message !== undefined) this.#known.add(this.#held.keep(message))
    this.#hasCalled = false
    if (isAlone) this.#begun.clear()
    return before
  }

  #blocksOf(message: JsonValue | undefined): LangChainBlocks {
    const known = this.#blocks.get(message) ?? new LangChainBlocks()
    this.#blocks.set(message, known)
    // What they wait for is told when another one begins.
    if (this.#blocks.size > mostAtOnce) this.#blocks.delete(this.#blocks.keys().next().value)
    return known
  }

  /** What waits for more in every message. */
  #waiting(): readonly JsonObject[] {
    return [...this.#blocks].flatMap(([message, blocks]) => this.#named(blocks.end(), message))
  }

  /** @returns Whether it is a piece of a call: a tool that its provider runs has pieces without a name. */
  #addPiece(piece: JsonObject, place: number, told: JsonObject): boolean {
    const { index = place, id, name, args } = piece
    const key = JSON.stringify([this.#message ?? null, index])
    const isNamed = textOf(id) !== '' || textOf(name) !== ''
    if (!isNamed && !this.#begun.has(key)) {
      this.#blocksOf(this.#message).addInput(textOf(args))
      return false
    }
    this.#begun.add(this.#held.keep(key))
    this.#calls.add(key, {
      id: textOf(id),
      name: textOf(name),
      args,
      isText: piece['isCustomTool'] === true,
      extras: besideCall(told, piece, -objectsIn(told, 'tool_call_chunks').length + place),
    })
    return true
  }

  /** The words of several must not run together. */
  #named(said: readonly JsonObject[], message = this.#message): readonly JsonObject[] {
    if (said.length > 0) this.#first ??= message
    if (typeof message !== 'string' || message === this.#first) return said
    return said.map((part) =>
      part['type'] === 'text' || part['type'] === 'reasoning' ? { id: message, ...part } : part,
    )
  }

  #endOf(told: JsonObject): JsonObject[] {
    const about = { ...objectIn(told, 'additional_kwargs'), ...objectIn(told, 'response_metadata') }
    this.#model = { ...this.#model, ...modelIn(about, 'model_name', 'model') }
    this.#counts = summed(this.#counts, objectIn(told, 'usage_metadata'))
    const unread = ['usage', 'usageMetadata', 'tokenUsage'].map((name) => objectIn(about, name))
    this.#unread = unread.find(isSomething) ?? this.#unread
    const finishReason = reasonIn(about, this.#hasCalled)
    return finishReason === undefined ? [] : [{ type: 'finish', finishReason }]
  }
}

/** Counts, those in details too, of which a piece may tell some. */
function summed(before: JsonObject, more: JsonObject): JsonObject {
  const sum: Record<string, JsonValue> = { ...before }
  for (const [name, value] of Object.entries(more)) {
    const known = sum[name]
    if (isJsonObject(value)) sum[name] = summed(isJsonObject(known) ? known : {}, value)
    else if (typeof value === 'number') sum[name] = (typeof known === 'number' ? known : 0) + value
  }
  return sum
}

/** What a server says without a role, or a model of somebody else, is in a message of no kind. */
function kindOf(kind: JsonValue | undefined, { role }: JsonObject): string {
  const ofModel = (role ?? 'assistant') === 'assistant'
  return ofModel ? textOf(kind).replace(/^Chat(?=Message)/, 'AI') : textOf(kind)
}

/** What OpenAI's Responses said, item by item: the message has some of it elsewhere, without its place, or not at all. */
function itemsIn(told: JsonObject): readonly JsonObject[] | undefined {
  const response = objectIn(told, 'response_metadata')
  const isWhole = response['object'] === 'response' && objectsIn(response, 'output').length > 0
  if (!isWhole || response['output_version'] === 'v1') return undefined
  const { output } = response
  const parts = new ResponsesReader().read({ object: 'response', output: output! }) ?? []
  const cited = objectsIn(told, 'content').flatMap((block) => objectsIn(block, 'annotations'))
  return [
    ...parts.filter(({ type }) => type !== 'finish' && type !== 'source'),
    // As they are in a stream.
    ...cited.map((source) => ({ ...source, type: 'source' })),
  ]
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

function reasonIn(about: JsonObject, hasCalled: boolean): string | undefined {
  const reason =
    textIn(about, 'finish_reason', 'finishReason', 'stop_reason', 'stopReason', 'done_reason') ??
    textIn(objectIn(about, 'messageStop'), 'stopReason') ??
    (about['object'] === 'response' ? statusOf(about, hasCalled) : undefined)
  // Gemini says the same of an answer that calls.
  return hasCalled && reason === 'STOP' ? 'tool_calls' : reason
}

/** Of OpenAI's Responses. */
function statusOf(about: JsonObject, hasCalled: boolean): string | undefined {
  const status = textIn(about, 'status')
  const calls = hasCalled || objectsIn(about, 'output').some(({ type }) => callTypes.includes(type))
  return (
    textIn(objectIn(about, 'incomplete_details'), 'reason') ??
    (calls && status === 'completed' ? 'tool_calls' : status)
  )
}

const callTypes: readonly unknown[] = ['function_call', 'custom_tool_call']

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : ''
}
