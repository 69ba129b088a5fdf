import { z } from 'zod'
import { SessionError } from '../errors.js'
import { newId, parseId } from '../ids.js'
import { byteLength, type JsonObject, type JsonValue, parseJson } from '../json.js'
import { isBlank, isEmptyPart, type MessagePart, toParts, withPlainMedia } from './part.js'
import { checkWith } from '../parse.js'
import type { NewMessage, StoredMessage } from '../contract/session-store.js'

/** Who speaks. `system` is the application, `tool` is the result of a call. */
export type Role = 'system' | 'user' | 'assistant' | 'tool'

/**
 * `completed` is whole; `failed` and `aborted` hold what was said before the model broke off or was stopped;
 * `corrupt` could not be read and has no content.
 */
export type MessageStatus = 'completed' | 'failed' | 'aborted' | 'corrupt'

/** What a caller gives to append. */
export interface MessageInput {
  role: Role
  /** Text, or a list of parts. */
  content: string | readonly MessagePart[]
  /**
   * Stored once per session, so it is what makes a retry safe: the same id with the same message again changes
   * nothing, with another message is a `conflict` (default: a new random id).
   */
  id?: string
  /** Who speaks, where several share a role. */
  name?: string
  /** Anything JSON that belongs to the message; never shown to the model. */
  metadata?: JsonObject
  /** Default `completed`. */
  status?: 'completed' | 'failed' | 'aborted'
}

/** One entry of a session's log. */
export interface Message {
  /** Place in the log, given by the store. */
  readonly seq: number
  readonly id: string
  readonly role: Role
  readonly content: string | readonly MessagePart[]
  /** When it was stored, by the store's clock, epoch ms. */
  readonly at: number
  /** How many tokens the model pays for it, counted once, when it was written. */
  readonly tokens: number
  readonly status: MessageStatus
  readonly name?: string
  readonly metadata?: JsonObject
}

/** The shape of a `MessageInput` from outside; unknown fields are refused. */
export const messageInputSchema = z.strictObject({
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content: z.union([z.string(), z.array(z.unknown())]),
  id: z.string().optional(),
  name: z.string().min(1).max(200).optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  status: z.enum(['completed', 'failed', 'aborted']).optional(),
})

/** How a payload is laid out in the store. Short-lived formats cost upcasters: change it with care. */
interface Payload {
  role: Role
  content: string | readonly MessagePart[]
  tokens: number
  name?: string
  metadata?: JsonObject
  status?: 'failed' | 'aborted'
  /** When it was first said, epoch ms; only in a copy, whose own time is when it was copied. */
  at?: number
  /** What callers know it by, where the store knows it by another id: another branch has a message of the same id. */
  id?: string
}

export interface EncodeMessageOptions {
  /** Where the message stands in the caller's input, for errors (default `message`). */
  path?: string
  /** UTF-8 bytes of JSON a message may take. */
  maxLength: number
  countTokens: (message: Pick<Message, 'role' | 'content'>) => number
}

// A page of rows that a tool gave back is many small values.
const maxNodes = 100_000

/**
 * A caller's message, in the form in which it is stored.
 *
 * @throws `invalid` with the path of what is wrong: what JSON cannot hold, a part that lacks a field, nothing said.
 */
export function parseMessage(input: MessageInput, path = 'message'): MessageInput {
  const content: unknown = (input as Partial<MessageInput> | null)?.content
  const given = Array.isArray(content) ? { ...input, content: content.map(withPlainMedia) } : input
  const { content: json, ...message } = checkWith(
    messageInputSchema,
    parseJson(given, path, { maxNodes }),
    path,
  )
  const parsed = {
    ...message,
    content: toContent(json as string | readonly JsonValue[], `${path}.content`),
  } as MessageInput
  if (parsed.id !== undefined) parseId(parsed.id, `${path}.id`)
  // What was broken off may have broken off before a word.
  const isWhole = parsed.status === undefined || parsed.status === 'completed'
  if (isWhole && isBlank(parsed.content)) {
    throw new SessionError('invalid', `${path}.content is empty`, { path: `${path}.content` })
  }
  return parsed
}

function toContent(content: string | readonly JsonValue[], path: string): MessageInput['content'] {
  if (typeof content === 'string') return content
  return content
    .flatMap((part, index) => toParts(part, `${path}[${index}]`))
    .filter((part) => !isEmptyPart(part))
}

/**
 * A message as a store keeps it.
 *
 * @throws as `parseMessage`; `too_large` when it is longer than `maxLength`.
 */
export function encodeMessage(input: MessageInput, options: EncodeMessageOptions): NewMessage {
  const path = options.path ?? 'message'
  const parsed = parseMessage(input, path)
  const encoded = encodeParsed({ ...parsed, id: parsed.id ?? newId() }, options.countTokens)
  const bytes = byteLength(encoded.payload)
  if (bytes > options.maxLength) {
    throw new SessionError('too_large', `${path} takes ${bytes} bytes; the limit is ${options.maxLength}`, {
      path,
    })
  }
  return encoded
}

/**
 * As `encodeMessage`, for a message that is known to be good.
 *
 * @param others How many messages of this id there are on other branches: the store knows it by another id then.
 */
export function encodeParsed(
  message: MessageInput & { id: string },
  countTokens: EncodeMessageOptions['countTokens'],
  others = 0,
): NewMessage {
  const payload = toPayload(message, countTokens(message))
  if (others === 0) return { id: message.id, payload: JSON.stringify(payload) }
  const named: Payload = { ...payload, id: message.id }
  return { id: parseId(`${message.id}~${others + 1}`, 'id'), payload: JSON.stringify(named) }
}

/** A message as another session keeps a copy of it: with its id and the time it was first said. */
export function encodeCopy(message: Message): NewMessage {
  const payload: Payload = { ...toPayload(message, message.tokens), at: message.at }
  return { id: message.id, payload: JSON.stringify(payload) }
}

function toPayload(message: MessageInput | Message, tokens: number): Payload {
  const { role, content, name, metadata, status } = message
  return {
    role,
    content,
    tokens,
    ...(name === undefined ? {} : { name }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(status === 'failed' || status === 'aborted' ? { status } : {}),
  }
}

/** A stored message as a caller sees it. One that cannot be read has status `corrupt`; the others stay readable. */
export function decodeMessage(stored: StoredMessage): Message {
  const { seq, at } = stored
  const payload = readPayload(stored.payload)
  const messageId = payload?.id ?? stored.id
  if (payload === undefined) {
    return { seq, id: messageId, role: 'system', content: '', at, tokens: 0, status: 'corrupt' }
  }
  return {
    seq,
    id: messageId,
    role: payload.role,
    content: payload.content,
    at: payload.at ?? at,
    tokens: payload.tokens,
    status: payload.status ?? 'completed',
    ...(payload.name === undefined ? {} : { name: payload.name }),
    ...(payload.metadata === undefined ? {} : { metadata: payload.metadata }),
  }
}

function readPayload(text: string): Payload | undefined {
  try {
    const value = JSON.parse(text) as Payload | null
    const readable =
      typeof value === 'object' &&
      value !== null &&
      typeof value.role === 'string' &&
      typeof value.tokens === 'number' &&
      (value.id === undefined || typeof value.id === 'string') &&
      (typeof value.content === 'string' || Array.isArray(value.content))
    return readable ? value : undefined
  } catch {
    return undefined
  }
}

/** The text of a message; other parts have none. */
export function textOf(message: Pick<Message, 'content'>): string {
  if (typeof message.content === 'string') return message.content
  return message.content
    .map((part) => (part.type === 'text' && typeof part['text'] === 'string' ? part['text'] : ''))
    .join('')
}
