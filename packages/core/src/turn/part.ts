import { z } from 'zod'
import { SessionError } from '../errors.js'
import type { JsonObject, JsonValue } from '../json.js'
import type { MessageInput, MessagePart } from '../domain/message.js'
import { parseWith } from '../parse.js'

/** What a turn used, as the model's provider counts it. */
export interface TurnUsage {
  readonly inputTokens: number
  readonly outputTokens: number
  /** In millionths of the currency the team accounts in. */
  readonly costMicros: number
  readonly model?: string | undefined
}

/** Something a turn retrieved to answer from. It stays with the turn's reply and is offered to the turns after it. */
export interface TurnDocument {
  readonly id: string
  readonly title?: string
  readonly text?: string
  readonly url?: string
  readonly [extra: string]: JsonValue | undefined
}

/** A piece of an answer, in the order the model gives it. Texts and reasonings are what comes next, not the whole. */
export type TurnPart =
  | { type: 'text'; text: string }
  | { type: 'reasoning'; text: string; [extra: string]: JsonValue }
  | { type: 'tool-call'; toolCallId: string; toolName: string; input: JsonValue; [extra: string]: JsonValue }
  | {
      type: 'tool-result'
      toolCallId: string
      output: JsonValue
      toolName?: string
      isError?: boolean
    }
  /** Where something in the answer comes from; any fields. */
  | { type: 'source'; [extra: string]: JsonValue }
  | { type: 'document'; document: TurnDocument }
  /** Added up when it comes more than once. */
  | { type: 'usage'; inputTokens?: number; outputTokens?: number; costMicros?: number; model?: string }
  /** The model gave up: the turn ends as `failed`. The message is shown to the caller. */
  | { type: 'error'; message: string }

const count = z.int().min(0).optional()
const callId = z.string().min(1)
const partSchemas: Record<string, z.ZodType> = {
  text: z.strictObject({ type: z.literal('text'), text: z.string() }),
  reasoning: z.looseObject({ text: z.string() }),
  'tool-call': z.looseObject({ toolCallId: callId, toolName: callId, input: z.json() }),
  'tool-result': z.looseObject({ toolCallId: callId, output: z.json() }),
  document: z.looseObject({ document: z.looseObject({ id: z.string().min(1).max(200) }) }),
  usage: z.looseObject({ inputTokens: count, outputTokens: count, costMicros: count }),
  error: z.looseObject({ message: z.string() }),
}
const anyPart = z.looseObject({ type: z.string().min(1) })

/** What a `respond` hook yields, as a part: a text stands for a piece of text. @throws `invalid` with the path. */
export function parseTurnPart(value: unknown): TurnPart {
  if (typeof value === 'string') return { type: 'text', text: value }
  const { type } = parseWith(anyPart, value, 'part')
  const schema = Object.hasOwn(partSchemas, type) ? partSchemas[type]! : anyPart
  return parseWith(schema, value, 'part') as TurnPart
}

const maxDocuments = 50

/** Puts the pieces of an answer together into the messages that history keeps. */
export class TurnReply {
  readonly sources: JsonObject[] = []
  readonly documents: TurnDocument[] = []
  usage: TurnUsage = { inputTokens: 0, outputTokens: 0, costMicros: 0 }
  readonly #maxLength: number
  readonly #messages: { role: 'assistant' | 'tool'; content: MessagePart[]; length: number }[] = []
  #extraLength = 0

  /** @param maxMessageLength UTF-16 units of JSON that one message may take. */
  constructor(maxMessageLength: number) {
    this.#maxLength = maxMessageLength
  }

  /** @throws `too_large` when a message would be too long to store; the piece is left out. */
  add(part: TurnPart): void {
    switch (part.type) {
      case 'usage': {
        const { inputTokens = 0, outputTokens = 0, costMicros = 0, model = this.usage.model } = part
        this.usage = {
          inputTokens: this.usage.inputTokens + inputTokens,
          outputTokens: this.usage.outputTokens + outputTokens,
          costMicros: this.usage.costMicros + costMicros,
          ...(model === undefined ? {} : { model }),
        }
        return
      }
      case 'source': {
        const { type: _, ...source } = part
        this.#keepExtra(source, () => this.sources.push(source))
        return
      }
      case 'document':
        if (this.documents.length < maxDocuments) {
          this.#keepExtra(part.document, () => this.documents.push(part.document))
        }
        return
      case 'tool-result':
        this.#addTo('tool', part)
        return
      case 'error':
        return
      default:
        this.#addTo('assistant', part)
    }
  }

  /** Tool calls that no result has come for. */
  openCalls(): Extract<TurnPart, { type: 'tool-call' }>[] {
    const answered = new Set<unknown>()
    const calls: MessagePart[] = []
    for (const { content } of this.#messages) {
      for (const part of content) {
        if (part.type === 'tool-result') answered.add(part['toolCallId'])
        if (part.type === 'tool-call') calls.push(part)
      }
    }
    return calls.filter((call) => !answered.has(call['toolCallId'])) as Extract<
      TurnPart,
      { type: 'tool-call' }
    >[]
  }

  /** What there is so far. With `status`, as it ends: the last message is the assistant's and carries it. */
  messages(status?: 'completed' | 'failed' | 'aborted'): MessageInput[] {
    const messages: MessageInput[] = this.#messages.map(({ role, content }) => ({
      role,
      content: plain(content),
    }))
    if (status === undefined) return messages
    // Whatever broke off when, a turn ends in a word of the assistant that says how it ended.
    if (messages.at(-1)?.role !== 'assistant') messages.push({ role: 'assistant', content: '' })
    messages.at(-1)!.status = status
    return messages
  }

  #addTo(role: 'assistant' | 'tool', part: MessagePart): void {
    const last = this.#messages.at(-1)
    const length = JSON.stringify(part).length + 1
    if (last?.role !== role) {
      this.#checkLength(length)
      this.#messages.push({ role, content: [part], length })
      return
    }
    this.#checkLength(last.length + length)
    last.length += length
    const before = last.content.at(-1)
    if (before !== undefined && isBareText(before) && isBareText(part) && before.type === part.type) {
      last.content[last.content.length - 1] = { ...before, text: before.text + part.text }
      last.length -= length - JSON.stringify(part.text).length + 2
    } else {
      last.content.push(part)
    }
  }

  #keepExtra(extra: object, keep: () => void): void {
    const length = JSON.stringify(extra).length + 1
    this.#checkLength(this.#extraLength + length)
    this.#extraLength += length
    keep()
  }

  #checkLength(length: number): void {
    // Sources and documents go along with the last message, so they share its room.
    if (length + this.#extraLength <= this.#maxLength) return
    throw new SessionError('too_large', 'The answer is longer than a message may be.', { path: 'reply' })
  }
}

function isBareText(part: MessagePart): part is { type: 'text' | 'reasoning'; text: string } {
  return (part.type === 'text' || part.type === 'reasoning') && Object.keys(part).length === 2
}

function plain(content: readonly MessagePart[]): string | readonly MessagePart[] {
  const [first] = content
  if (content.length === 1 && first?.type === 'text' && isBareText(first)) return first.text
  return content
}
