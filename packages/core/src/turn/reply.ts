import { SessionError } from '../errors.js'
import { jsonPrefix, type JsonObject, type JsonValue } from '../json.js'
import type { MessageInput } from '../domain/message.js'
import {
  bytesOf,
  extrasOf,
  isEmptyPart,
  isTextPart,
  type MessagePart,
  type TextPart,
} from '../domain/part.js'
import { CallIds } from './call-ids.js'
import { isTransient, type TurnDocument, type TurnPart } from './part.js'
import { shortenedDocuments } from './shortened-documents.js'
import { shortenedExtras, shortenedPart } from './shortened-part.js'
import { addUsages, noUsage, type TurnUsage } from './usage.js'

/** A tool call without a result. */
export interface OpenCall {
  readonly toolCallId: string
  readonly toolName: string
  readonly input: JsonValue
  /** A person is asked about it, and it waits for the answer. */
  readonly isAsked?: boolean
}

interface ReplyMessage {
  readonly role: 'assistant' | 'tool'
  readonly content: MessagePart[]
  bytes: number
  /** The places of the parts with an id. */
  readonly places: Map<string, number>
  /** It continues the message before, which was full. */
  readonly continues: boolean
}

const maxDocuments = 50
/** UTF-8 bytes that all messages of one reply may take together, and as many all that is told beside them. */
const maxReplyBytes = 16 * 1024 * 1024
// Bytes of a message besides its content: role, count of tokens, how its turn ended.
const envelopeBytes = 1024

/** Joins the pieces of an answer to the messages of the log. Every piece that it accepts can be stored. */
export class TurnReply {
  readonly sources: JsonObject[] = []
  usage: TurnUsage = noUsage
  finishReason: string | undefined
  readonly #room: number
  readonly #messages: ReplyMessage[] = []
  readonly #documents: TurnDocument[] = []
  readonly #calls = new CallIds()
  /** The whole call, though a call that is too long to be stored is kept shortened. */
  readonly #open = new Map<string, OpenCall>()
  #sourceBytes = 0
  #bytes = 0
  /** Of parts that readers are told and that no message has: they are in memory, and in the turn's log. */
  #besideBytes = 0

  /** @param maxMessageBytes UTF-8 bytes of JSON that one message may take. */
  constructor(maxMessageBytes: number) {
    this.#room = Math.max(maxMessageBytes - envelopeBytes, Math.floor(maxMessageBytes / 2))
  }

  /**
   * Adds the next piece.
   *
   * @param asked The call as the model made it, for the tool, when another form of it is stored.
   * @returns The piece in its stored form: calls with ids of their own, a piece that is too long for a message
   * shortened.
   * @throws `too_large` when the reply would be too long to store; the piece is left out.
   */
  add(part: TurnPart, asked: TurnPart = part): TurnPart {
    if (isTransient(part)) {
      this.#spendBeside(part)
      return part
    }
    switch (part.type) {
      case 'usage':
        this.usage = addUsages(this.usage, part)
        return part
      case 'finish':
        this.finishReason = (part as { finishReason: string }).finishReason
        return part
      case 'source': {
        this.#spendBeside(part)
        const { type: _, ...source } = part as JsonObject
        this.#keepSource(source)
        return part
      }
      case 'document': {
        this.#spendBeside(part)
        const { document } = part as { document: TurnDocument }
        if (this.#documents.length < maxDocuments) this.#documents.push(document)
        return part
      }
      case 'error':
        return part
      case 'tool-call': {
        const call = this.#calls.call(part)
        const kept = this.#addPart('assistant', call as unknown as MessagePart)
        if (call.providerExecuted !== true) {
          const { input } = asked as unknown as OpenCall
          this.#open.set(call.toolCallId, { ...call, input })
        }
        return kept as TurnPart
      }
      case 'tool-result': {
        const result = this.#calls.result(part)
        const kept = this.#addPart('tool', result as unknown as MessagePart)
        this.#open.delete(result.toolCallId)
        return kept as TurnPart
      }
      default: {
        const { type, toolCallId } = part as { type: string; toolCallId?: unknown }
        if (type === 'tool-approval-request' && typeof toolCallId === 'string') {
          const asked = this.#calls.about({ ...(part as MessagePart), toolCallId })
          const call = this.#open.get(asked.toolCallId)
          if (call !== undefined) this.#open.set(asked.toolCallId, { ...call, isAsked: true })
          return this.#addPart('assistant', asked) as TurnPart
        }
        return (
          isTextPart(part as MessagePart)
            ? this.#addText(part as TextPart)
            : this.#addPart('assistant', part as MessagePart)
        ) as TurnPart
      }
    }
  }

  /** The documents that are stored with the last message, as long as there is room beside its sources. */
  documents(): readonly TurnDocument[] {
    return shortenedDocuments(this.#documents, this.#room / 2 - this.#sourceBytes)
  }

  /** Tool calls without a result. */
  openCalls(): OpenCall[] {
    return [...this.#open.values()]
  }

  /** The messages so far. With `status`, the final ones: the last message is the assistant's and has the status. */
  messages(status?: 'completed' | 'failed' | 'aborted'): MessageInput[] {
    const messages: MessageInput[] = []
    for (const { role, content, continues } of this.#messages) {
      const kept = content.filter((part) => !isEmptyPart(part))
      if (kept.length === 0) continue
      messages.push({ role, content: plain(kept), ...(continues ? { metadata: { continues } } : {}) })
    }
    if (status === undefined) return messages
    // At any moment of breaking off, a turn ends in a message of the assistant that says how it ended.
    if (messages.at(-1)?.role !== 'assistant') messages.push({ role: 'assistant', content: '' })
    messages.at(-1)!.status = status
    return messages
  }

  #addPart(role: 'assistant' | 'tool', part: MessagePart): MessagePart {
    const kept = shortenedPart(part, this.#room)
    const bytes = bytesOf(kept)
    this.#spend(bytes)
    const last = this.#messages.at(-1)
    const isFull = last?.role === role && last.bytes + bytes > this.#room
    const message = last?.role === role && !isFull ? last : this.#begin(role, isFull && role === 'assistant')
    message.content.push(kept)
    message.bytes += bytes
    return kept
  }

  #addText(given: TextPart): TextPart {
    const part = shortenedExtras(given, this.#room / 2)
    const bytes = bytesOf(part)
    this.#spend(bytes)
    let { text } = part
    for (;;) {
      const last = this.#messages.at(-1)
      const message = last?.role === 'assistant' ? last : this.#begin('assistant', false)
      const place = placeOf(message, part)
      const before = place === undefined ? undefined : (message.content[place] as TextPart)
      const extras = extrasOf(part)
      const overhead = before === undefined ? bytesOf({ ...part, text: '' }) : growthOf(before, extras)
      const room = this.#room - message.bytes - overhead
      const { length: fits, bytes: taken } = jsonPrefix(text, room)
      const isFull = room < 0 || fits < text.length
      if (isFull && message.content.length > 0 && (fits === 0 || before === undefined)) {
        this.#begin('assistant', true)
        continue
      }
      const said = text.slice(0, fits)
      if (before !== undefined) Object.assign(before, { ...extras, text: before.text + said })
      else {
        if (part['id'] !== undefined) message.places.set(keyOf(part), message.content.length)
        message.content.push({ ...part, text: said })
      }
      message.bytes += overhead + taken
      if (fits === text.length) return part
      text = text.slice(fits)
      this.#begin('assistant', true)
    }
  }

  #begin(role: 'assistant' | 'tool', continues: boolean): ReplyMessage {
    const message = { role, content: [], bytes: 2, places: new Map<string, number>(), continues }
    this.#messages.push(message)
    return message
  }

  /** Sources are stored with the last message; those that do not fit are left out. */
  #keepSource(source: JsonObject): void {
    const bytes = bytesOf(source)
    if (this.#sourceBytes + bytes > this.#room / 2) return
    this.#sourceBytes += bytes
    this.sources.push(source)
  }

  #spend(bytes: number): void {
    if (this.#bytes + bytes > maxReplyBytes) throw tooLong()
    this.#bytes += bytes
  }

  #spendBeside(part: TurnPart): void {
    const bytes = bytesOf(part as MessagePart)
    if (this.#besideBytes + bytes > maxReplyBytes) throw tooLong()
    this.#besideBytes += bytes
  }
}

function tooLong(): SessionError {
  return new SessionError('too_large', `The answer is longer than ${maxReplyBytes} bytes.`, { path: 'reply' })
}

function keyOf(part: TextPart): string {
  return JSON.stringify([part.type, part['id']])
}

/** The index of the part that a piece continues; undefined for a new part. */
function placeOf({ content, places }: ReplyMessage, part: TextPart): number | undefined {
  if (part['id'] !== undefined) return places.get(keyOf(part))
  const before = content.at(-1)
  if (
    before === undefined ||
    !isTextPart(before) ||
    before.type !== part.type ||
    before['id'] !== undefined
  ) {
    return undefined
  }
  const sealed = extrasOf(before)
  // What was said before a refusal is none.
  if (part['refusal'] !== before['refusal']) return undefined
  // A signature, or another field of the end of a part, belongs to that part alone.
  const goesOn = Object.keys(sealed).length === 0 || JSON.stringify(sealed) === JSON.stringify(extrasOf(part))
  return goesOn ? content.length - 1 : undefined
}

/** How many more bytes a part takes with `extras` in place of its present ones. */
function growthOf(before: TextPart, extras: JsonObject): number {
  let bytes = 0
  for (const [name, value] of Object.entries(extras)) {
    const replaced = Object.hasOwn(before, name) ? bytesOf({ [name]: before[name]! }) : 2
    bytes += bytesOf({ [name]: value }) - replaced
  }
  return bytes
}

function plain(content: readonly MessagePart[]): string | readonly MessagePart[] {
  const [first] = content
  if (content.length === 1 && first?.type === 'text' && Object.keys(first).length === 2) {
    return (first as TextPart).text
  }
  return content
}
