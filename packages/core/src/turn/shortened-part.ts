import { isJsonObject, type JsonValue } from '../json.js'
import { bytesOf, type MessagePart, type TextPart } from '../domain/part.js'

/**
 * A part that takes at most `maxBytes`, marked when it had to be shortened: of a result or a call, the beginning of
 * its output or input stays; of others, the fields that fit. One long result of a tool must not fail the turn.
 */
export function shortenedPart(part: MessagePart, maxBytes: number): MessagePart {
  const { output } = part
  // A part that is far too long is not encoded as a whole to find out.
  const isLong = typeof output === 'string' && output.length > maxBytes
  if (!isLong && bytesOf(part) <= maxBytes) return part
  if (part.type === 'tool-result') return withBeginning(part, 'output', maxBytes)
  if (part.type === 'tool-call') return withBeginning(part, 'input', maxBytes)
  return withoutLongest(part, maxBytes)
}

// The forms in which the AI SDK writes outputs.
const formsOfAiSdk: ReadonlySet<JsonValue> = new Set(['text', 'json', 'content', 'error-text', 'error-json'])

function withBeginning(part: MessagePart, field: 'output' | 'input', maxBytes: number): MessagePart {
  const value = part[field] ?? null
  const isWrapped = isJsonObject(value) && formsOfAiSdk.has(value['type']!) && 'value' in value
  const inner = isWrapped ? value['value']! : value
  const text = typeof inner === 'string' ? inner : JSON.stringify(inner)
  const rest = withoutLongest({ ...part, [field]: null }, Math.floor(maxBytes / 2))
  const made = (length: number): MessagePart => {
    const begin = text.slice(0, length).replace(/[\ud800-\udbff]$/, '')
    const cut = `${begin}… [${text.length - begin.length} more characters left out]`
    const isError = isWrapped && (value['type'] as string).startsWith('error')
    const wrapped = isWrapped ? { type: isError ? 'error-text' : 'text', value: cut } : cut
    return { ...rest, [field]: wrapped, shortened: true }
  }
  // A character takes at most six bytes, so the loop ends soon.
  for (let length = Math.min(text.length, maxBytes); ; length = Math.floor(length * 0.8)) {
    const shorter = made(length)
    if (length === 0 || bytesOf(shorter) <= maxBytes) return shorter
  }
}

/** A text or a reasoning whose extra fields take at most `maxBytes`; its text stays. */
export function shortenedExtras(part: TextPart, maxBytes: number): TextPart {
  const bare = { ...part, text: '' }
  if (bytesOf(bare) <= maxBytes) return part
  return { ...withoutLongest(bare, maxBytes), text: part.text } as TextPart
}

const keptFields: ReadonlySet<string> = new Set(['type', 'toolCallId', 'toolName', 'output', 'input'])

function withoutLongest(part: MessagePart, maxBytes: number): MessagePart {
  const kept: Record<string, JsonValue> = { ...part }
  const fields = Object.entries(part)
    .filter(([name]) => !keptFields.has(name))
    .map(([name, value]) => ({ name, bytes: bytesOf(value) + name.length + 4 }))
    .sort((a, b) => b.bytes - a.bytes)
  let bytes = bytesOf(part)
  const omitted: string[] = []
  for (const field of fields) {
    if (bytes <= maxBytes) break
    bytes -= field.bytes
    delete kept[field.name]
    if (omitted.length < 20) omitted.push(field.name.slice(0, 100))
  }
  return omitted.length === 0 ? part : { ...kept, type: part.type, omitted }
}
