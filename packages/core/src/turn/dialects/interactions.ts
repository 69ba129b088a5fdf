import type { JsonObject, JsonValue } from '../../json.js'
import { fromText } from '../../domain/part-dialects.js'
import {
  type DialectReader,
  isSomething,
  ModelFailure,
  modelIn,
  objectIn,
  objectsIn,
  saying,
  Sources,
  textIn,
} from './fields.js'
import { Held } from './held.js'

const finishReasons: Readonly<Record<string, string>> = {
  requires_action: 'tool_calls',
  incomplete: 'length',
}
const media: readonly JsonValue[] = ['image', 'audio', 'video', 'document']

/** Reads events and answers of Gemini's Interactions. */
export class InteractionsReader implements DialectReader {
  readonly #held = new Held()
  readonly #sources = new Sources()
  /** Steps whose fields are not complete yet, by index. */
  readonly #steps = new Map<JsonValue | undefined, { step: Record<string, JsonValue>; json: string }>()
  #usage: JsonObject | undefined
  #isOpen = false

  get isOpen(): boolean {
    return this.#isOpen
  }

  read(event: JsonObject): readonly JsonObject[] | undefined {
    const told = event['event_type']
    if (event['type'] !== undefined) return undefined
    if (event['object'] === 'interaction') {
      return [...objectsIn(event, 'steps').flatMap((step) => this.#step(step)), ...this.#ended(event)]
    }
    if (typeof told !== 'string') return undefined
    const usage = objectIn(event, 'metadata')['total_usage']
    // Each has the counts from the beginning.
    if (usage !== undefined) this.#usage = usageOf({ usage })
    switch (told) {
      case 'interaction.created':
        this.#isOpen = true
        return []
      case 'step.start':
        this.#isOpen = true
        return this.#begin(event['index'], objectIn(event, 'step'))
      case 'step.delta':
        return this.#delta(event['index'], objectIn(event, 'delta'))
      case 'step.stop': {
        const { step, json } = this.#steps.get(event['index']) ?? { step: {}, json: '' }
        this.#steps.delete(event['index'])
        return this.#step(json === '' ? step : { ...step, arguments: fromText(json) ?? {} })
      }
      case 'interaction.completed':
        return this.#ended(objectIn(event, 'interaction'))
      case 'error':
        throw new ModelFailure('The model told of an error.', { cause: event })
      default:
        return told.startsWith('interaction.') ? [] : undefined
    }
  }

  end(): readonly JsonObject[] {
    return []
  }

  used(): readonly JsonObject[] {
    const usage = this.#usage
    this.#usage = undefined
    return usage === undefined ? [] : [{ type: 'usage', ...usage }]
  }

  #begin(index: JsonValue | undefined, step: JsonObject): JsonObject[] {
    const { type = '' } = step
    if (type === 'thought' || type === 'model_output') return this.#step(step)
    this.#steps.set(index, { step: { ...this.#held.keep(step) }, json: '' })
    return []
  }

  /** A piece of a step. What is said is told at once. */
  #delta(index: JsonValue | undefined, { type = '', ...delta }: JsonObject): JsonObject[] {
    const open = this.#steps.get(index)
    if (open === undefined) {
      if (type === 'thought_summary')
        return this.#step({ type: 'thought', summary: [delta['content'] ?? {}] })
      if (type === 'thought_signature') return this.#step({ type: 'thought', ...delta })
      return this.#content({ ...delta, type: type === 'text_annotation_delta' ? 'text' : type })
    }
    this.#held.keep(delta)
    if (type === 'arguments_delta') {
      open.json += textIn(delta, 'arguments') ?? ''
      return []
    }
    for (const [name, value] of Object.entries(delta)) {
      const before = open.step[name]
      if (Array.isArray(before) && Array.isArray(value)) for (const item of value) before.push(item)
      else open.step[name] = value
    }
    return []
  }

  #step({ type = '', ...step }: JsonObject): JsonObject[] {
    switch (type) {
      case 'user_input':
      case '':
        return []
      case 'thought': {
        const { summary: _, ...fields } = step
        const text = objectsIn(step, 'summary')
          .map((piece) => textIn(piece, 'text') ?? '')
          .join('')
        return text === '' && Object.keys(fields).length === 0 ? [] : [{ ...fields, type: 'reasoning', text }]
      }
      case 'model_output':
        if (step['error'] !== undefined) {
          throw new ModelFailure('The model told of an error.', { cause: step['error'] })
        }
        return objectsIn(step, 'content').flatMap((content) => this.#content(content))
      case 'function_call': {
        const { id = null, name = null, arguments: input = {}, ...fields } = step
        return [{ ...fields, type: 'tool-call', toolCallId: id, toolName: name, input }]
      }
      case 'function_result': {
        const { call_id = null, name, result: output = null, is_error, ...fields } = step
        const told = {
          ...(name === undefined ? {} : { toolName: name }),
          ...(is_error === true ? { isError: true } : {}),
        }
        return [{ ...fields, ...told, type: 'tool-result', toolCallId: call_id, output }]
      }
      default:
        // The provider's own tools.
        return [{ ...step, type }]
    }
  }

  #content(content: JsonObject): JsonObject[] {
    const { type = '', mime_type: mediaType, data, uri, ...fields } = content
    if (type === 'text') {
      const cited = objectsIn(content, 'annotations').map(sourceOf)
      return [...saying('text', textIn(content, 'text')), ...this.#sources.parts(cited)]
    }
    const source = data ?? uri
    if (!media.includes(type) || source === undefined) return type === '' ? [] : [content]
    const kind = mediaType === undefined ? {} : { mediaType }
    return [{ ...fields, ...kind, type: 'file', data: source }]
  }

  #ended(interaction: JsonObject): readonly JsonObject[] {
    const status = textIn(interaction, 'status') ?? ''
    this.#isOpen = false
    const usage = usageOf(interaction)
    if (status === 'failed' || status === 'in_progress') {
      this.#usage = usage
      const what = status === 'failed' ? 'The model told of an error.' : 'The interaction has not ended yet.'
      throw new ModelFailure(what, { cause: interaction })
    }
    this.#usage = undefined
    return [{ type: 'finish', usage, finishReason: finishReasons[status] ?? status }]
  }
}

function sourceOf(cited: JsonObject): JsonObject {
  const url = textIn(cited, 'url', 'document_uri')
  return { ...cited, ...(url === undefined ? {} : { url }) }
}

/** Thoughts, and what its own tools found, are counted beside the answer and the prompt. */
function usageOf(interaction: JsonObject): JsonObject {
  const told = objectIn(interaction, 'usage')
  const sum = (...names: readonly string[]) =>
    names.reduce((total, name) => total + (typeof told[name] === 'number' ? told[name] : 0), 0)
  const about = { provider: 'google', ...modelIn(interaction, 'model', 'agent') }
  if (!isSomething(told)) return about
  return {
    inputTokens: sum('total_input_tokens', 'total_tool_use_tokens'),
    outputTokens: sum('total_output_tokens', 'total_thought_tokens'),
    cachedInputTokens: sum('total_cached_tokens'),
    reasoningTokens: sum('total_thought_tokens'),
    ...about,
  }
}
