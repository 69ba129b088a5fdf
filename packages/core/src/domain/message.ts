import * as z from 'zod/mini'
import { isSessionError, SessionError } from '../errors.js'
import { newId, parseId } from '../ids.js'
import { byteLength, type JsonObject, type JsonValue, parseJson } from '../json.js'
import { isBlank, isEmptyPart, type MessagePart, toParts, withPlainMedia } from './part.js'
import { checkWith } from '../parse.js'
import { mapInSlices } from '../async/slices.js'
import type { NewMessage, StoredMessage } from '../contract/session-store.js'

/** Who speaks. `system` is the application, `tool` stands for the result of a call. */
export type Role = 'system' | 'user' | 'assistant' | 'tool'

/**
 * `completed` is a whole message; `failed` and `aborted` are messages of a turn that failed or was stopped, as far as
 * it got; `corrupt` could not be read and has no content.
 */
export type MessageStatus = 'completed' | 'failed' | 'aborted' | 'corrupt'

/** A message that a caller passes to `append`. */
export interface MessageInput {
  /** Who speaks. */
  role: Role
  /** Text, or a list of parts. */
  content: string | readonly MessagePart[]
  /**
   * Stored once per session, which makes a retry safe: the same id with the same message again changes nothing, with
   * another message it is a `conflict` (default: a new random id).
   */
  id?: string
  /** The name of the speaker, if several speakers share a role. */
  name?: string
  /** Any JSON that belongs to the message; the model never gets it. */
  metadata?: JsonObject
  /** Default `completed`. */
  status?: 'completed' | 'failed' | 'aborted'
}

/** One entry of a session's log. */
export interface Message {
  /** Place in the log, given by the store. */
  readonly seq: number
  /** Its own, or the one that the caller of `append` gave. */
  readonly id: string
  /** Who speaks. */
  readonly role: Role
  /** Text, or a list of parts. */
  readonly content: string | readonly MessagePart[]
  /** When it was stored, by the store's clock, epoch ms. */
  readonly at: number
  /** Tokens that the model needs for it, counted once, when it was written. */
  readonly tokens: number
  /** Whether it is whole. */
  readonly status: MessageStatus
  /** The name of the speaker, if several speakers share a role. */
  readonly name?: string
  /** Any JSON that belongs to the message; the model never gets it. */
  readonly metadata?: JsonObject
}

/** The shape of a `MessageInput` from outside; unknown fields are refused. */
export const messageInputSchema = z.strictObject({
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content: z.union([z.string(), z.array(z.unknown())]),
  id: z.optional(z.string()),
  name: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
  metadata: z.optional(z.record(z.string(), z.unknown())),
  status: z.optional(z.enum(['completed', 'failed', 'aborted'])),
})

/**
 * The layout of a payload in the store. Stored payloads live long, so an old layout must stay readable: change it with
 * care.
 */
interface Payload {
  role: Role
  content: string | readonly MessagePart[]
  tokens: number
  name?: string
  metadata?: JsonObject
  status?: 'failed' | 'aborted'
  /** When the original was stored, epoch ms; only in a copy, whose own time is the time of copying. */
  at?: number
  /** The id that callers see, when the store has another: another branch has a message of the same id. */
  id?: string
}

export interface EncodeMessageOptions {
  /** Where the message stands in the caller's input, for errors (default `message`). */
  path?: string
  /** UTF-8 bytes of JSON a message may take. */
  maxLength: number
  /** Counts the tokens of a message, step by step. */
  counting: (message: Pick<Message, 'role' | 'content'>) => Generator<void, number>
}

// One page of rows from a tool has many small values.
const maxNodes = 100_000

/**
 * A caller's message, in the form in which it is stored.
 *
 * @throws `invalid` with the path of what is wrong: a value that JSON cannot hold, a part that lacks a field, an empty
 * content.
 */
export function parseMessage(input: MessageInput, path = 'message'): MessageInput {
  const { content: json, ...message } = checkWith(messageInputSchema, jsonOf(input, path), path)
  const parsed = {
    ...message,
    content: toContent(json as string | readonly JsonValue[], `${path}.content`),
  } as MessageInput
  if (parsed.id !== undefined) parseId(parsed.id, `${path}.id`)
  // A broken-off message may have no text yet.
  const isWhole = parsed.status === undefined || parsed.status === 'completed'
  if (isWhole && isBlank(parsed.content)) {
    throw new SessionError('invalid', `${path}.content is empty`, { path: `${path}.content` })
  }
  return parsed
}

function jsonOf(input: MessageInput, path: string): JsonValue {
  try {
    return parseJson(input, path, { maxNodes })
  } catch (error) {
    // Most messages have no media, and are looked through once.
    const plain = isSessionError(error, 'invalid') ? withPlainMedia(input) : input
    if (plain === input) throw error
    return parseJson(plain, path, { maxNodes })
  }
}

function toContent(content: string | readonly JsonValue[], path: string): MessageInput['content'] {
  if (typeof content === 'string') return content
  return content
    .flatMap((part, index) => toParts(part, `${path}[${index}]`))
    .filter((part) => !isEmptyPart(part))
}

/**
 * A message as a store keeps it, made step by step.
 *
 * @throws as `parseMessage`; `too_large` when it is longer than `maxLength`.
 */
export function* encodingMessage(
  input: MessageInput,
  { path = 'message', maxLength, counting }: EncodeMessageOptions,
): Generator<void, NewMessage> {
  const parsed = parseMessage(input, path)
  yield
  const encoded = encodeParsed({ ...parsed, id: parsed.id ?? newId() }, yield* counting(parsed))
  checkLength(encoded, maxLength, path)
  return encoded
}

/** @throws `too_large` */
export function checkLength({ payload }: NewMessage, maxLength: number, path: string): void {
  const bytes = byteLength(payload)
  if (bytes <= maxLength) return
  throw new SessionError('too_large', `${path} takes ${bytes} bytes; the limit is ${maxLength}`, { path })
}

/**
 * A message that has been checked and counted, as a store keeps it.
 *
 * @param others How many messages on other branches have this id: if any, the store gets another id for this one.
 */
export function encodeParsed(message: MessageInput & { id: string }, tokens: number, others = 0): NewMessage {
  const payload = toPayload(message, tokens)
  if (others === 0) return { id: message.id, payload: JSON.stringify(payload) }
  const named: Payload = { ...payload, id: message.id }
  return { id: parseId(`${message.id}~${others + 1}`, 'id'), payload: JSON.stringify(named) }
}

/** A message as another session stores a copy of it: with its id and the time of the original. */
export function encodeCopy(message: Message): NewMessage {
  const payload: Payload = { ...toPayload(message, message.tokens), at: message.at }
  return { id: message.id, payload: JSON.stringify(payload) }
}

/**
 * A message at a place of its own, as it is imported.
 *
 * @param at When the original was stored, epoch ms.
 * @throws `too_large`
 */
export function encodeStored(
  message: MessageInput & { id: string },
  tokens: number,
  place: Pick<StoredMessage, 'seq' | 'id' | 'at'>,
  maxLength: number,
  at: number,
): StoredMessage {
  const payload: Payload = {
    ...toPayload(message, tokens),
    ...(place.at === at ? {} : { at }),
    ...(place.id === message.id ? {} : { id: message.id }),
  }
  const stored = { ...place, payload: JSON.stringify(payload) }
  checkLength(stored, maxLength, 'message')
  return stored
}

/** What may become another in a message that is stored; role, status, id and times stay. */
export type ChangedMessage = Pick<Message, 'content' | 'name' | 'metadata'>

/** The payload that takes the place of a stored one. @param tokens Those of the new content. */
export function encodeChanged(stored: StoredMessage, changed: ChangedMessage, tokens: number): string {
  const before = readPayload(stored.payload)
  // What nobody can read is not to become an instruction: nobody can read what takes its place.
  if (before === undefined) return '{}'
  const { role, status, at, id } = before
  const { content, name, metadata } = changed
  const isEmpty = metadata === undefined || Object.keys(metadata).length === 0
  const payload: Payload = {
    role,
    content,
    tokens,
    ...(name === undefined ? {} : { name }),
    ...(isEmpty ? {} : { metadata }),
    ...(status === undefined ? {} : { status }),
    ...(at === undefined ? {} : { at }),
    ...(id === undefined ? {} : { id }),
  }
  return JSON.stringify(payload)
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

/** As `decodeMessage`, for many. */
export async function decodeMessages(stored: readonly StoredMessage[]): Promise<Message[]> {
  return mapInSlices(stored, decodeMessage)
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

/** The text of a message; parts of other types have none. */
export function textOf(message: Pick<Message, 'content'>): string {
  if (typeof message.content === 'string') return message.content
  return message.content
    .map((part) => (part.type === 'text' && typeof part['text'] === 'string' ? part['text'] : ''))
    .join('')
}
