import type { Message } from '../domain/message.js'
import type { MessagePart } from '../domain/part.js'
import type { TurnEvent } from './event.js'
import type { TurnDocument, TurnPart } from './part.js'

/** What a reply was built from, as far as the stored messages show; its end says what it used, and why it ended. */
export function partsOf(replies: readonly Message[]): readonly TurnPart[] {
  const reply = replies.at(-1)!
  const documents = (reply.metadata?.['documents'] ?? []) as unknown as readonly TurnDocument[]
  const sources = (reply.metadata?.['sources'] ?? []) as unknown as readonly Record<string, never>[]
  return [
    ...documents.map((document) => ({ type: 'document' as const, document })),
    ...replies.flatMap(({ content }): readonly MessagePart[] =>
      typeof content === 'string' ? (content === '' ? [] : [{ type: 'text', text: content }]) : content,
    ),
    ...sources.map((source) => ({ ...source, type: 'source' as const })),
  ] as readonly TurnPart[]
}

/** The parts of a stored reply that no event has told, and of a text the rest. */
export function untoldParts(replies: readonly Message[], told: readonly TurnEvent[]): readonly TurnPart[] {
  const left = { text: textTold(told, 'text'), reasoning: textTold(told, 'reasoning') }
  const known = new Set(told.map(nameOf))
  return partsOf(replies).flatMap((part): readonly TurnPart[] => {
    if (part.type !== 'text' && part.type !== 'reasoning') return known.has(nameOf(part)) ? [] : [part]
    const { type, text } = part
    const before = left[type].slice(0, text.length)
    left[type] = left[type].slice(text.length)
    // Of a text that was stored in another way nobody can tell where the rest begins.
    return before !== text && text.startsWith(before) ? [{ ...part, text: text.slice(before.length) }] : []
  })
}

function textTold(told: readonly TurnEvent[], type: 'text' | 'reasoning'): string {
  return told.map((event) => (event.type === type ? event.text : '')).join('')
}

/** The same for a part and the event that told it: a stored document may be shorter, and fields may have another order. */
function nameOf(told: TurnPart | TurnEvent): string {
  if (told.type === 'tool-call' || told.type === 'tool-result') return `${told.type} ${told.toolCallId}`
  if (told.type === 'document') return `document ${told.document.id}`
  const fields = Object.entries({ ...told, n: undefined })
  return JSON.stringify(fields.toSorted(([one], [other]) => (one < other ? -1 : 1)))
}
