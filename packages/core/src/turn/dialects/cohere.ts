import { isJsonObject, type JsonObject } from '../../json.js'
import { type DialectReader, ModelFailure, objectIn, objectsIn, saying, textIn } from './fields.js'
import { PartialCalls } from './partial-calls.js'

// With the message, a part of it or its end; the ends of its parts say nothing.
const types: ReadonlySet<string> = new Set([
  'message-start',
  'content-start',
  'content-delta',
  'tool-plan-delta',
  'tool-call-start',
  'tool-call-delta',
  'citation-start',
  'message-end',
])
const ends: ReadonlySet<string> = new Set(['content-end', 'tool-call-end', 'citation-end'])

/** Reads events and answers of Cohere's chat, version 2, with the names of its SDK or of its server. */
export class CohereReader implements DialectReader {
  readonly #calls = new PartialCalls()
  /** What an answer that failed has used. */
  #usage: JsonObject | undefined
  #isOpen = false

  get isOpen(): boolean {
    return this.#isOpen
  }

  read(event: JsonObject): readonly JsonObject[] | undefined {
    const { type } = event
    const delta = objectIn(event, 'delta')
    const message = objectIn(type === undefined ? event : delta, 'message')
    if (type === undefined) {
      // One that only calls tools has no content. Genkit's answers look like it, with calls and counts of another form.
      const isWhole = ['content', 'toolCalls', 'tool_calls'].some((name) => Array.isArray(message[name]))
      if (
        !isWhole ||
        message['role'] !== 'assistant' ||
        textIn(event, 'finishReason', 'finish_reason') === undefined
      )
        return undefined
      const calls = objectsIn(message, 'toolCalls', 'tool_calls')
      for (const [index, call] of calls.entries()) this.#call(index, call)
      const said = objectsIn(message, 'content').flatMap(saidIn)
      return [...plan(message), ...said, ...citedIn(objectsIn(message, 'citations')), ...this.#ended(event)]
    }
    if (typeof type !== 'string') return undefined
    // The prompt as the model has it, which is for those who build the application.
    if (ends.has(type) || (type === 'debug' && this.#isOpen)) return []
    if (!types.has(type) || !isJsonObject(event['delta'])) return undefined
    this.#isOpen = true
    switch (type) {
      case 'content-start':
      case 'content-delta':
        return saidIn(objectIn(message, 'content'))
      case 'tool-plan-delta':
        return plan(message)
      case 'tool-call-start':
      case 'tool-call-delta':
        this.#call(event['index'], objectIn(message, 'toolCalls', 'tool_calls'))
        return []
      case 'citation-start':
        return citedIn([objectIn(message, 'citations')])
      case 'message-end':
        return this.#ended(delta)
      default:
        return []
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

  #call(index: JsonObject[string] | undefined, call: JsonObject): void {
    const called = objectIn(call, 'function')
    this.#calls.add(index, {
      id: textIn(call, 'id') ?? '',
      name: textIn(called, 'name') ?? '',
      args: called['arguments'],
    })
  }

  #ended(told: JsonObject): JsonObject[] {
    this.#isOpen = false
    const finishReason = textIn(told, 'finishReason', 'finish_reason') ?? ''
    const used = objectIn(told, 'usage')
    const { cachedTokens, cached_tokens: cached = cachedTokens } = used
    const counted = cached === undefined ? {} : { cached_tokens: cached }
    const usage = { ...objectIn(used, 'tokens'), ...counted, provider: 'cohere' }
    if (finishReason === 'ERROR') {
      this.#usage = usage
      throw new ModelFailure('The model told of an error.', { cause: told })
    }
    return [...this.#calls.end(), { type: 'finish', usage, finishReason }]
  }
}

function saidIn(content: JsonObject): JsonObject[] {
  return [...saying('reasoning', textIn(content, 'thinking')), ...saying('text', textIn(content, 'text'))]
}

function plan(message: JsonObject): JsonObject[] {
  return saying('reasoning', textIn(message, 'toolPlan', 'tool_plan'))
}

function citedIn(cited: readonly JsonObject[]): JsonObject[] {
  return cited.map((source) => ({ ...source, type: 'source' }))
}
