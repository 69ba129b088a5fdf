import { isJsonObject, type JsonObject, toJson } from '../json.js'
import { AgentsReader, followsAnswer } from './dialects/agents.js'
import { AiSdkReader } from './dialects/ai-sdk.js'
import { AnthropicReader } from './dialects/anthropic.js'
import { BedrockReader } from './dialects/bedrock.js'
import { ChatReader } from './dialects/chat-completions.js'
import { CohereReader } from './dialects/cohere.js'
import { type DialectReader, ModelFailure } from './dialects/fields.js'
import { GeminiReader } from './dialects/gemini.js'
import { InteractionsReader } from './dialects/interactions.js'
import { LangChainReader } from './dialects/langchain.js'
import { fromMastra } from './dialects/mastra.js'
import { OllamaReader } from './dialects/ollama.js'
import { ResponsesReader } from './dialects/responses.js'
import { parseTurnParts, type TurnPart } from './part.js'

/**
 * Reads what `respond` returns: parts of this package, or the streams and responses of the SDKs that docs/turns.md
 * names as they are. One instance reads one answer of a model.
 */
export class ModelStream {
  readonly #readers: readonly DialectReader[] = [
    new AnthropicReader(),
    new ChatReader(),
    new ResponsesReader(),
    new GeminiReader(),
    new InteractionsReader(),
    new OllamaReader(),
    new BedrockReader(),
    new LangChainReader(),
    new CohereReader(),
  ]
  readonly #agents = new AgentsReader()
  readonly #aiSdk = new AiSdkReader()
  #steps = 0

  /** @throws `invalid` with the path of a value that is no part; `ModelFailure` when it is an error. */
  read(value: unknown): TurnPart[] {
    if (value === undefined || value === null || value === '') return []
    if (typeof value === 'string') return [{ type: 'text', text: value }]
    if (typeof value === 'object') throwFailure(value)
    const event = toJson(withFile(value), 'part')
    if (!isJsonObject(event)) return parseTurnParts(value)
    return this.#translate(event).flatMap((part) => parseTurnParts(part))
  }

  /**
   * What is not told yet of an answer that broke off: what the model has used, as far as it said, because it is paid for; and
   * which of its calls cannot run.
   */
  left(): TurnPart[] {
    const used = this.#readers.flatMap((reader) => reader.used())
    return [...this.#aiSdk.end(), ...used].flatMap((part) => parseTurnParts(part))
  }

  /**
   * The remaining parts after the answer has ended.
   *
   * @throws `ModelFailure` when the answer has ended before its provider said so: a proxy has closed the connection.
   */
  end(): TurnPart[] {
    this.#refuseHalf()
    const rest = this.#readers.flatMap((reader) => reader.end())
    return [...this.#aiSdk.end(), ...rest].flatMap((part) => parseTurnParts(part))
  }

  #refuseHalf(): void {
    if (this.#readers.some(({ isOpen }) => isOpen)) {
      throw new ModelFailure('The stream of the model ended before its answer did.')
    }
  }

  #translate(event: JsonObject): readonly JsonObject[] {
    // The AI SDK reports the sum again after all its steps, but for a stream of UI messages, whose steps say nothing.
    if (event['type'] === 'finish-step' && 'finishReason' in event) this.#steps++
    if (event['type'] === 'finish' && this.#steps > 0) return []
    if (followsAnswer(event)) this.#refuseHalf()
    for (const reader of this.#readers) {
      const parts = reader.read(event)
      if (parts !== undefined) return parts
    }
    const told = this.#agents.read(event) ?? fromMastra(event)
    if (told === undefined) return this.#aiSdk.read(event) ?? [event]
    if (!('inner' in told)) return told
    throwFailure(told.inner)
    return this.#translate(told.inner)
  }
}

/** Errors come as parts of a stream; only the message of this package's own `error` part is meant for the caller. */
function throwFailure(value: object): void {
  const { type, object, error, errorText, reason } = value as Record<string, unknown>
  if (type === 'error' && (!('message' in value) || 'sequence_number' in value)) {
    throw new ModelFailure('The model told of an error.', { cause: error ?? errorText ?? value })
  }
  // A provider, or a gateway before it, breaks off a stream with an object that is no event of it.
  if (type === undefined && object !== 'response' && typeof error === 'object' && error !== null) {
    throw new ModelFailure('The model told of an error.', { cause: error })
  }
  if (type === 'abort') throw new ModelFailure('The stream of the model was aborted.', { cause: reason })
}

/** A file that the AI SDK generates is an instance that returns its bytes on request. */
function withFile(value: unknown): unknown {
  const { type, file, ...rest } = value as {
    type?: unknown
    file?: { base64?: unknown; mediaType?: unknown }
  }
  if ((type !== 'file' && type !== 'reasoning-file') || typeof file?.base64 !== 'string') return value
  return { ...rest, type, mediaType: file.mediaType, data: file.base64 }
}
