import { SessionError } from '../../errors.js'
import { isJsonObject, type JsonObject, type JsonValue } from '../../json.js'
import { objectIn, textIn } from './fields.js'
import { Held } from './held.js'

// Parts about the stream itself, or whose content comes whole in a later part.
const ignored: ReadonlySet<string> = new Set([
  'start-step',
  'stream-start',
  'step-start',
  'raw',
  'tool-input-start',
  'tool-input-delta',
  'tool-input-end',
])

/**
 * Reads events of `streamText().fullStream`, of a language model's own stream, and of a stream of UI messages.
 *
 * The SDK tells at once that a call cannot run, and goes on with the other calls of the same step. A result ends a step, so
 * it comes with those of the others.
 */
export class AiSdkReader {
  /** Calls of UI messages that have failed by their input. AI SDK 6 says so twice. */
  readonly #failed = new Set<JsonValue | undefined>()
  /** Calls that cannot run, whose error comes next. */
  readonly #invalid = new Set<JsonValue | undefined>()
  #held: JsonObject[] = []
  /** How many texts, and how many thoughts, have begun under an id: answers count theirs anew. */
  readonly #begun = new Map<string, number>()
  readonly #ids = new Held()

  /** The parts of an event; undefined for other events. */
  read(told: JsonObject): readonly JsonObject[] | undefined {
    const event = this.#named(told)
    const { type, toolCallId, errorText } = event
    if (type === 'tool-output-error' && this.#failed.delete(toolCallId)) return []
    if (type === 'tool-call' && event['invalid'] === true) this.#invalid.add(toolCallId)
    if (type === 'tool-error' && this.#invalid.delete(toolCallId)) {
      this.#held.push(...partsOf(event)!)
      return []
    }
    if (type === 'tool-input-error' && errorText !== undefined) {
      this.#failed.add(toolCallId)
      const { input: _, ...failed } = event
      this.#held.push({ ...failed, type: 'tool-result', output: errorText, isError: true })
      return [{ ...without(event, 'errorText'), type: 'tool-call' }]
    }
    // Another call of the same id.
    if (type === 'tool-input-available') this.#failed.delete(toolCallId)
    const parts = partsOf(event)
    return endsCalls(event) ? [...this.end(), ...(parts ?? [event])] : parts
  }

  /** With an id that no earlier text has: the words of two would run together. */
  #named(event: JsonObject): JsonObject {
    const { type, id } = event
    const [, kind, place] =
      (typeof type === 'string' && /^(text|reasoning)-(start|delta|end)$/.exec(type)) || []
    if (kind === undefined || typeof id !== 'string') return event
    const key = `${kind} ${id}`
    const count = (this.#begun.get(key) ?? 0) + (place === 'start' ? 1 : 0)
    if (place === 'start') this.#begun.set(this.#ids.keep(key), count)
    return count > 1 ? { ...event, id: `${id}-${count}` } : event
  }

  /** What is told of calls when their step has ended, or broken off. */
  end(): readonly JsonObject[] {
    const held = this.#held
    this.#held = []
    return held
  }
}

const ends: ReadonlySet<JsonValue | undefined> = new Set(['start-step', 'finish-step', 'finish'])
const results: ReadonlySet<JsonValue | undefined> = new Set([
  'tool-result',
  'tool-error',
  'tool-output-available',
  'tool-output-error',
  'tool-output-denied',
])

/** Whether the calls of a step are over: its tools answer, or it has ended. */
function endsCalls({ type, preliminary, providerExecuted }: JsonObject): boolean {
  return ends.has(type) || (results.has(type) && preliminary !== true && providerExecuted !== true)
}

function partsOf(event: JsonObject): readonly JsonObject[] | undefined {
  const { type } = event
  if (typeof type !== 'string') return undefined
  if (ignored.has(type)) return []
  const { delta: _, text: __, id, ...rest } = event
  switch (type) {
    case 'text-start':
    case 'text-end':
    case 'reasoning-start':
    case 'reasoning-end':
      // An id alone has no text yet; fields that a provider adds to a beginning or an end belong to the part.
      return Object.keys(rest).length === 1 ? [] : [said(type, id, '', rest)]
    case 'text-delta':
    case 'reasoning-delta': {
      const told = textIn(event, 'text', 'delta')
      // Others have events of these types, with their texts in other places.
      if (told === undefined) throw new SessionError('invalid', 'part.text is no text', { path: 'part.text' })
      return [said(type, id, told, rest)]
    }
    case 'tool-result':
      return event['preliminary'] === true ? [] : [resultOf(event)]
    case 'tool-error':
      return [
        { ...without(event, 'error'), type: 'tool-result', output: event['error'] ?? null, isError: true },
      ]
    case 'tool-output-denied':
      return [{ ...event, type: 'tool-result', output: { type: 'execution-denied' }, isError: true }]
    case 'tool-approval-request': {
      // Only a stream of UI messages has the id alone.
      const { toolCall, ...asked } = event
      if (!isJsonObject(toolCall)) return [event]
      return [{ ...asked, toolCallId: toolCall['toolCallId'] ?? null }]
    }
    case 'tool-input-available':
    case 'tool-input-error':
      return [{ ...event, type: 'tool-call' }]
    case 'tool-output-available':
      return event['preliminary'] === true ? [] : [{ ...event, type: 'tool-result' }]
    case 'tool-output-error':
      return [{ ...event, type: 'tool-result', output: event['errorText'] ?? null, isError: true }]
    case 'source-url':
    case 'source-document':
      return [{ ...event, type: 'source' }]
    case 'start':
    case 'message-metadata':
      return metadataOf(event)
    case 'finish': {
      const { messageMetadata: _, ...finish } = event
      return [...metadataOf(event), finish]
    }
    case 'response-metadata':
      return modelOf(event)
    case 'finish-step': {
      const usage = { ...objectIn(event, 'usage'), ...modelFields(objectIn(event, 'response')) }
      return [{ type: 'finish', usage, ...finished(event) }]
    }
    default:
      return undefined
  }
}

function said(type: string, id: JsonValue | undefined, text: string, rest: JsonObject): JsonObject {
  return { ...rest, type: type.slice(0, type.indexOf('-')), ...(id === undefined ? {} : { id }), text }
}

/** A language model's own stream has `result` where the others have `output`. */
function resultOf(event: JsonObject): JsonObject {
  return 'output' in event || !('result' in event)
    ? event
    : { ...without(event, 'result'), output: event['result'] ?? null }
}

/** What the application tells pages of a UI message, as `@sessions/ai-sdk` keeps it. */
function metadataOf({ messageMetadata = null }: JsonObject): readonly JsonObject[] {
  return messageMetadata === null
    ? []
    : [{ type: 'ui-chunk', chunk: { type: 'message-metadata', messageMetadata } }]
}

function modelOf(event: JsonObject): readonly JsonObject[] {
  const fields = modelFields(event)
  return Object.keys(fields).length === 0 ? [] : [{ type: 'usage', ...fields }]
}

function modelFields(response: JsonObject): JsonObject {
  const model = textIn(response, 'modelId')
  return model === undefined ? {} : { model }
}

function finished(event: JsonObject): JsonObject {
  const { finishReason } = event
  return finishReason === undefined ? {} : { finishReason }
}

function without(event: JsonObject, field: string): JsonObject {
  const kept: Record<string, JsonValue> = { ...event }
  delete kept[field]
  return kept
}
