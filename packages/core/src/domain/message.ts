import { z } from 'zod'
import { SessionError } from '../errors.js'
import { newId, parseId } from '../ids.js'
import type { JsonObject, JsonValue } from '../json.js'
import { parseWith } from '../parse.js'
import type { NewMessage, StoredMessage } from '../contract/session-store.js'

/** Who speaks. `system` is the application, `tool` is the result of a call. */
export type Role = 'system' | 'user' | 'assistant' | 'tool'

/**
 * `completed` is whole; `failed` and `aborted` hold what was said before the model broke off or was stopped;
 * `corrupt` could not be read and has no content.
 */
export type MessageStatus = 'completed' | 'failed' | 'aborted' | 'corrupt'

/** A piece of a message. Types that are not listed are kept word for word, so nothing a provider sent is lost. */
export type MessagePart =
  | { type: 'text'; text: string; [extra: string]: JsonValue }
  | { type: 'reasoning'; text: string; [extra: string]: JsonValue }
  | { type: 'tool-call'; toolCallId: string; toolName: string; input: JsonValue; [extra: string]: JsonValue }
  | { type: 'tool-result'; toolCallId: string; output: JsonValue; [extra: string]: JsonValue }
  | { type: string; [extra: string]: JsonValue }

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

// What the parts that we look into must have; a discriminated union would close the list, and it is open.
const neededByType: Record<string, z.ZodObject> = {
  text: z.object({ text: z.string() }),
  reasoning: z.object({ text: z.string() }),
  'tool-call': z.object({ toolCallId: z.string().min(1), toolName: z.string().min(1), input: z.json() }),
  'tool-result': z.object({ toolCallId: z.string().min(1), output: z.json() }),
}
const partSchema = z.looseObject({ type: z.string().min(1) }).superRefine((part, context) => {
  const needed = Object.hasOwn(neededByType, part.type) ? neededByType[part.type]! : undefined
  const result = needed?.safeParse(part)
  for (const issue of result?.error?.issues ?? []) {
    context.addIssue({ code: 'custom', message: issue.message, path: issue.path })
  }
})

/** The shape of a `MessageInput` from outside; unknown fields are refused. */
export const messageInputSchema = z.strictObject({
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content: z.union([z.string(), z.array(partSchema).min(1)]),
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
}

export interface EncodeMessageOptions {
  /** Where the message stands in the caller's input, for errors (default `message`). */
  path?: string
  /** UTF-16 units of JSON a message may take. */
  maxLength: number
  countTokens: (message: Pick<Message, 'role' | 'content'>) => number
}

/**
 * A message as a store keeps it.
 *
 * @throws `invalid` with the path of what is wrong; `too_large` when it is longer than `maxLength`.
 */
export function encodeMessage(input: MessageInput, options: EncodeMessageOptions): NewMessage {
  const path = options.path ?? 'message'
  const parsed = parseWith(messageInputSchema, input, path) as MessageInput
  const text = JSON.stringify(toPayload(parsed, options.countTokens(parsed)))
  if (text.length > options.maxLength) {
    throw new SessionError(
      'too_large',
      `${path} takes ${text.length} characters; the limit is ${options.maxLength}`,
      {
        path,
      },
    )
  }
  return { id: parsed.id === undefined ? newId() : parseId(parsed.id, `${path}.id`), payload: text }
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
  const { seq, id: messageId, at } = stored
  const payload = readPayload(stored.payload)
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
