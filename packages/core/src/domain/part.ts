import * as z from 'zod/mini'
import { byteLength, isJsonObject, type JsonObject, type JsonValue, toJson } from '../json.js'
import { checkWith } from '../parse.js'
import { fromDialect } from './part-dialects.js'

/**
 * A part of a message. `text`, `reasoning`, `tool-call` and `tool-result` are the same for every SDK. All their other
 * fields, and all other types, are kept word for word, so nothing that a provider sent is lost.
 */
export type MessagePart =
  | { type: 'text'; text: string; [extra: string]: JsonValue }
  | { type: 'reasoning'; text: string; [extra: string]: JsonValue }
  | { type: 'tool-call'; toolCallId: string; toolName: string; input: JsonValue; [extra: string]: JsonValue }
  | { type: 'tool-result'; toolCallId: string; output: JsonValue; [extra: string]: JsonValue }
  | { type: string; [extra: string]: JsonValue }

export type TextPart = Extract<MessagePart, { type: 'text' | 'reasoning'; text: string }>

const name = z.string().check(z.minLength(1), z.maxLength(1000))
// The fields that this package reads; a discriminated union would allow listed types only, but any type is allowed.
const neededByType: Readonly<Record<string, z.core.$ZodType>> = {
  text: z.looseObject({ text: z.string() }),
  reasoning: z.looseObject({ text: z.string() }),
  'tool-call': z.looseObject({ toolCallId: name, toolName: name }),
  'tool-result': z.looseObject({ toolCallId: name }),
}
const anyObject = z.looseObject({})
const anyPart = z.looseObject({ type: name })

/**
 * The parts in an item that an SDK, or a caller, passes: the item itself, or the parts inside it.
 *
 * @throws `invalid` with the path of a missing field.
 */
export function toParts(value: JsonValue, path: string): MessagePart[] {
  return fromDialect(checkWith(anyObject, value, path) as JsonObject).map((part) => {
    const { type } = checkWith(anyPart, part, path)
    const needed = Object.hasOwn(neededByType, type) ? neededByType[type] : undefined
    if (needed !== undefined) checkWith(needed, part, path)
    return completed(part as MessagePart)
  })
}

// A call may have no input, and a result no output. Both must have the field all the same.
function completed(part: MessagePart): MessagePart {
  if (part.type === 'tool-call') return part['input'] === undefined ? { ...part, input: {} } : part
  if (part.type !== 'tool-result') return part
  const { output } = part
  if (output === undefined) return { ...part, output: null }
  if (!isJsonObject(output) || 'value' in output) return part
  const { type } = output
  if (type === 'json' || type === 'error-json') return { ...part, output: { ...output, value: null } }
  return type === 'text' || type === 'error-text' ? { ...part, output: { ...output, value: '' } } : part
}

/**
 * A message with its bytes as base64 and its `URL`s as text, because JSON has neither; itself, when it has none.
 *
 * @param depth AI SDK 7 has the bytes of a file in a result at `content[0].output.value[0].data.data`.
 */
export function withPlainMedia(value: unknown, depth = 8): unknown {
  if (typeof value !== 'object' || value === null || depth === 0) return value
  if (value instanceof URL || value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    return toJson(value, 'content')
  }
  const fields = Object.entries(value)
  const plain = fields.map(([name, field]) => [name, withPlainMedia(field, depth - 1)] as const)
  if (plain.every(([, field], index) => Object.is(field, fields[index]![1]))) return value
  return Array.isArray(value) ? plain.map(([, field]) => field) : Object.fromEntries(plain)
}

export function isTextPart(part: MessagePart): part is TextPart {
  return part.type === 'text' || part.type === 'reasoning'
}

/** Fields of a text or a reasoning other than its text: signatures, references. */
export function extrasOf(part: TextPart): JsonObject {
  const { type: _, text: __, id: ___, ...extras } = part
  return extras
}

/** A text or a reasoning without text and without other fields: no provider needs it back, and some refuse it. */
export function isEmptyPart(part: MessagePart): boolean {
  return isTextPart(part) && part.text === '' && Object.keys(extrasOf(part)).length === 0
}

// Space, and characters that are not visible: format and control characters, and the fillers of scripts.
const visible = /[^\s\p{Cf}\p{Cc}\u115f\u1160\u2800\u3164\uffa0]/u

/** Whether a content has no text and no other part. */
export function isBlank(content: string | readonly MessagePart[]): boolean {
  if (typeof content === 'string') return !visible.test(content)
  return content.every((part) =>
    isTextPart(part) ? !visible.test(part.text) && Object.keys(extrasOf(part)).length === 0 : false,
  )
}

/** UTF-8 bytes that a part takes in a message. */
export function bytesOf(part: JsonValue): number {
  return byteLength(JSON.stringify(part)) + 1
}
