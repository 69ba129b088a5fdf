import type { JsonObject, JsonValue } from '../../json.js'
import { type DialectReader, modelIn, objectIn, objectsIn, saying, textIn } from './fields.js'

/** Reads what Ollama gives: answers of its chat, or of a prompt, whole or piece by piece. */
export class OllamaReader implements DialectReader {
  #hasCalled = false
  #isOpen = false

  get isOpen(): boolean {
    return this.#isOpen
  }

  read(event: JsonObject): readonly JsonObject[] | undefined {
    const { type, done } = event
    const isOurs = 'message' in event || 'response' in event
    if (type !== undefined || typeof done !== 'boolean' || !isOurs) return undefined
    const message = 'message' in event ? objectIn(event, 'message') : event
    const calls = objectsIn(message, 'tool_calls').map(callOf)
    this.#hasCalled ||= calls.length > 0
    const said = [
      ...saying('reasoning', textIn(message, 'thinking')),
      ...saying('text', textIn(message, 'content', 'response')),
      ...imagesIn(message).map((data) => ({ type: 'file', mediaType: 'image/png', data })),
      ...calls,
    ]
    this.#isOpen = !done
    if (!done) return said
    const { prompt_eval_count: inputTokens = null, eval_count: outputTokens = null } = event
    const usage = { inputTokens, outputTokens, provider: 'ollama', ...modelIn(event, 'model') }
    const told = event['done_reason'] ?? null
    const finishReason = told === 'stop' && this.#hasCalled ? 'tool_calls' : told
    this.#hasCalled = false
    return [...said, { type: 'finish', usage, finishReason }]
  }

  end(): readonly JsonObject[] {
    return []
  }

  used(): readonly JsonObject[] {
    return []
  }
}

/** Of a chat, and of a model that draws. */
function imagesIn({ images = [], image = null }: JsonObject): JsonValue[] {
  const all = Array.isArray(images) ? [...images, image] : [image]
  return all.filter((data) => typeof data === 'string' && data !== '')
}

/** Its calls have no ids, or have had none for long. */
function callOf(call: JsonObject): JsonObject {
  const { name = null, arguments: input = {} } = objectIn(call, 'function')
  return { type: 'tool-call', toolCallId: call['id'] ?? name, toolName: name, input }
}
