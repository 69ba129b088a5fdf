import type { TurnEvent } from '@sessions/core'
import * as ai from 'ai'
import type { UIMessageChunk } from 'ai'
import { fileOf } from './file-of.js'
import { defined, isObject, type KeptMessage, type KeptPart, known } from './kept-part.js'

const knowsSteering = 'experimental_createSteering' in ai
/** Events that are stored beside the parts of an answer, or not at all. */
const beside: ReadonlySet<string> = new Set(['usage', 'finish', 'source', 'document', 'error'])
const finishReasons: unknown[] = ['stop', 'length', 'content-filter', 'tool-calls', 'error']

/**
 * The chunks of a UI message stream for an answer: of the events of a turn as they come, or of the messages that it has
 * stored. Both lead to the same UI message.
 */
export class AnswerChunks {
  /** The open texts and the ids of their chunks, by type and id. */
  readonly #open = new Map<string, string>()
  /** A text without an id, which goes on until anything else comes, and its other fields. */
  #loose: { readonly key: string; readonly extras: string } | undefined
  /** The calls that wait for a result. */
  readonly #calls = new Set<unknown>()
  /** What a person was asked about, by the id of the question. */
  readonly #approvals = new Map<unknown, unknown>()
  #sources: KeptPart[] = []
  #isInStep = false
  #textsOfStep = 0
  #before: KeptMessage | undefined

  /** The chunks of what the log has of an answer. */
  messages(group: readonly KeptMessage[]): UIMessageChunk[] {
    return [...group.flatMap((message) => this.#message(message)), ...this.end(group.at(-1)?.status)]
  }

  #message(message: KeptMessage): UIMessageChunk[] {
    const { role, content, metadata } = message
    const before = this.#before
    this.#before = message
    const continues = metadata?.['continues'] === true
    const goesOn = continues || role === 'tool' || before?.role === 'tool'
    const isOver = before !== undefined && (!goesOn || before.metadata?.['turn'] !== undefined)
    const chunks = isOver ? this.end(before.status) : []
    const sources = metadata?.['sources']
    if (Array.isArray(sources)) this.#sources = sources.filter(isObject) as unknown as KeptPart[]
    const parts = typeof content === 'string' ? [{ type: 'text', text: content }] : content
    for (const [index, part] of parts.entries()) {
      // What is stored as two texts is two; only a message that was full goes on with its last one.
      if (!continues || index > 0) this.#loose = undefined
      chunks.push(...this.#part(part))
    }
    return chunks
  }

  /** The chunks of the next event of a turn. */
  event(event: TurnEvent): UIMessageChunk[] {
    switch (event.type) {
      case 'completed': {
        const { finishReason: said } = event
        const finishReason = said === undefined || finishReasons.includes(said) ? said : 'other'
        return [...this.end(), defined({ type: 'finish', finishReason }) as UIMessageChunk]
      }
      case 'aborted':
      case 'failed': {
        const { type, code, message: errorText = 'The model failed.' } = event
        const isError = type === 'failed' || code !== undefined
        return [...this.end(type), isError ? { type: 'error', errorText } : { type: 'abort' }]
      }
      default: {
        const loose = this.#loose
        const chunks = this.#part(event as KeptPart)
        // The log does not have it among the parts, so a text goes on behind it.
        const isBeside = beside.has(event.type) || (event as KeptPart)['transient'] === true
        if (isBeside) this.#loose = loose
        return chunks
      }
    }
  }

  /** Ends an answer, or a turn of it. The texts of one that broke off stay open. */
  end(status: KeptMessage['status'] = 'completed'): UIMessageChunk[] {
    const chunks = [...(status === 'completed' ? this.#close() : []), ...this.#sources.flatMap(sourceChunk)]
    this.#sources = []
    this.#open.clear()
    this.#loose = undefined
    return [...chunks, ...this.#endStep()]
  }

  #part(part: KeptPart): UIMessageChunk[] {
    const { type, toolCallId, approvalId, input = {} } = part
    if (type === 'text' || type === 'reasoning') return this.#text(part as TextPart)
    this.#loose = undefined
    switch (type) {
      case 'source':
        this.#sources.push(part)
        return []
      case 'source-url':
      case 'source-document':
        return sourceChunk(part)
      case 'tool-call':
        this.#calls.add(toolCallId)
        return this.#inStep({ ...known(part), type: 'tool-input-available', input })
      case 'tool-result': {
        if (!this.#calls.delete(toolCallId)) return []
        // What follows the result of a provider's own tool is of the same step.
        const ended = part['providerExecuted'] === true ? [] : this.#endStep()
        return [{ ...known(part), ...outcomeOf(part) } as UIMessageChunk, ...this.#close(), ...ended]
      }
      case 'tool-approval-request': {
        if (!this.#calls.has(toolCallId) || typeof approvalId !== 'string') return []
        this.#approvals.set(approvalId, toolCallId)
        const told = ['inputSchemaInput', 'approvalDescriptor'].filter((field) => field in part)
        const any = Object.fromEntries(told.map((field) => [field, part[field]]))
        return [{ ...known(part), ...any, type } as UIMessageChunk]
      }
      case 'tool-approval-response':
        if (!this.#calls.has(this.#approvals.get(approvalId))) return []
        this.#approvals.delete(approvalId)
        return [
          { approved: false, ...known(part), type } as object as UIMessageChunk,
          ...this.#close(),
          ...this.#endStep(),
        ]
      case 'custom':
        return typeof part['kind'] === 'string' ? this.#inStep({ ...known(part), type }) : []
      case 'steering-message':
        return knowsSteering ? [part as object as UIMessageChunk] : []
      case 'ui-chunk': {
        // A chunk of AI SDK that says nothing to a model: of an input as it is written, of metadata.
        const said = part['chunk']
        // Code of the application may yield one of its own making.
        if (!isObject(said) || typeof said['type'] !== 'string') return []
        const chunk = said as unknown as UIMessageChunk
        // A result so far may come when all of it has come: a model that ends twice has its tools run again.
        if (chunk.type === 'tool-output-available' && !this.#calls.has(chunk.toolCallId)) return []
        if (chunk.type === 'start-step') return this.#inStep()
        return chunk.type === 'tool-input-start' ? this.#inStep(chunk) : [chunk]
      }
      default: {
        const file = fileOf(part)
        if (file !== undefined) return this.#inStep({ ...known(part), ...file })
        if (!type.startsWith('data-')) return []
        const id = typeof part['id'] === 'string' ? part['id'] : undefined
        return [defined({ type, id, data: part['data'] ?? null, ...known(part) }) as UIMessageChunk]
      }
    }
  }

  #text(part: TextPart): UIMessageChunk[] {
    const { type, text, id, state, citations, n: _, ...extras } = part
    const key = JSON.stringify([type, id ?? null])
    const sealed = this.#loose?.key === key ? this.#loose.extras : undefined
    const isSame = sealed === '{}' || sealed === JSON.stringify(extras)
    const goesOn = id === undefined ? isSame : this.#open.has(key)
    const { providerMetadata } = known(part)
    // A text with an id may be told empty, to keep its place until its first line has ended.
    const isPlace = id !== undefined && state === undefined
    if (!goesOn && text === '' && Object.keys(extras).length === 0 && !isPlace) return []
    const chunks: UIMessageChunk[] = []
    if (!goesOn) {
      chunks.push(...this.#close(key))
      this.#open.set(key, typeof id === 'string' ? id : `part-${++this.#textsOfStep}`)
      chunks.push(...this.#inStep({ type: `${type}-start`, id: this.#open.get(key)! }))
    }
    const name = this.#open.get(key)!
    chunks.push(defined({ type: `${type}-delta`, id: name, delta: text, providerMetadata }) as UIMessageChunk)
    this.#loose = id === undefined ? { key, extras: JSON.stringify(extras) } : undefined
    if (state !== 'done') return chunks
    this.#open.delete(key)
    this.#loose = undefined
    const cited = Array.isArray(citations) ? { citations } : {}
    return [...chunks, { type: `${type}-end`, id: name, ...cited }]
  }

  #inStep(...chunks: object[]): UIMessageChunk[] {
    const begun: UIMessageChunk[] = this.#isInStep ? [] : [{ type: 'start-step' }]
    this.#isInStep = true
    return [...begun, ...(chunks as UIMessageChunk[])]
  }

  #endStep(): UIMessageChunk[] {
    const ended: UIMessageChunk[] = this.#isInStep ? [{ type: 'finish-step' }] : []
    this.#isInStep = false
    this.#textsOfStep = 0
    return ended
  }

  /** Ends the open texts, or one of them. */
  #close(only?: string): UIMessageChunk[] {
    const keys = only === undefined ? [...this.#open.keys()] : [only]
    return keys.flatMap((key) => {
      const id = this.#open.get(key)
      this.#open.delete(key)
      return id === undefined ? [] : [{ type: key.startsWith('["text"') ? 'text-end' : 'reasoning-end', id }]
    })
  }
}

type TextPart = KeptPart & { readonly type: 'text' | 'reasoning'; readonly text: string }

/** What a tool gave back: plain, or as messages for models have it, `{ type, value }`. */
function outcomeOf({ output = null, isError }: KeptPart): object {
  const { type, value = null, providerOptions: _, ...others } = isObject(output) ? output : {}
  const isWrapped = Object.keys(others).length === 0 && isObject(output) && 'value' in output
  const isFailed = isWrapped && (type === 'error-text' || type === 'error-json')
  if (type === 'execution-denied') return { type: 'tool-output-denied' }
  if (isFailed || isError === true) {
    const told = isFailed ? value : output
    return { type: 'tool-output-error', errorText: typeof told === 'string' ? told : JSON.stringify(told) }
  }
  const isPlain = !isWrapped || (type !== 'text' && type !== 'json')
  return { type: 'tool-output-available', output: isPlain ? output : value }
}

function sourceChunk(part: KeptPart): UIMessageChunk[] {
  const { url, id = url, sourceId = id } = part
  const { title, mediaType, filename, providerMetadata } = known(part)
  if (typeof sourceId !== 'string') return []
  const about = { sourceId, title, providerMetadata }
  if (typeof url === 'string') return [defined({ type: 'source-url', url, ...about }) as UIMessageChunk]
  if (mediaType === undefined || title === undefined) return []
  return [defined({ type: 'source-document', mediaType, filename, ...about }) as UIMessageChunk]
}
