import type { Message } from '../domain/message.js'
import type { MessagePart } from '../domain/part.js'
import type { ContextMessage } from './report.js'
import type { Repair } from './tool-calls.js'

/** A message, and whether it is a block of ours rather than something of the log. */
export interface PlacedMessage {
  readonly message: ContextMessage
  readonly isOurs: boolean
}

// A name at the head of what is joined with the words of somebody else.
const longestName = 16

/**
 * Joins what would stand beside a message of its own role: blocks of ours always, messages of the log when `alternate`.
 * Each keeps its text parts, so whose words are whose stays plain.
 */
export function joined(
  placed: readonly PlacedMessage[],
  alternate: boolean,
  repairs: Repair[],
): ContextMessage[] {
  const messages: ContextMessage[] = []
  let last: PlacedMessage | undefined
  for (const next of placed) {
    const isNeighbour =
      last !== undefined && last.message.role === next.message.role && next.message.role !== 'system'
    if (!isNeighbour || !(alternate || last!.isOurs || next.isOurs)) {
      messages.push(next.message)
      last = next
      continue
    }
    const { message, isOurs } = last!
    if (!isOurs && !next.isOurs) repairs.push({ seq: next.message.seq ?? message.seq ?? 0, why: 'joined' })
    last = { message: together(message, isOurs, next), isOurs: isOurs && next.isOurs }
    messages[messages.length - 1] = last.message
  }
  return messages
}

function together(
  first: ContextMessage,
  isFirstOurs: boolean,
  { message, isOurs }: PlacedMessage,
): ContextMessage {
  // What it is there for, and which entry of the log it is, says the one that is from the log, and the question first.
  const main = message.part === 'query' || (isFirstOurs && !isOurs) ? message : first
  const differ = !isFirstOurs && !isOurs && first.name !== message.name
  const { name: _, ...rest } = main
  return {
    ...rest,
    content: [...partsOf(first, differ), ...partsOf(message, differ)],
    tokens: first.tokens + message.tokens,
    ...(main.name === undefined || differ ? {} : { name: main.name }),
  }
}

function partsOf(
  { content, name }: Pick<Message, 'content'> & { name?: string },
  isNamed: boolean,
): readonly MessagePart[] {
  const parts = typeof content === 'string' ? [{ type: 'text', text: content }] : content
  if (!isNamed || name === undefined) return parts
  return [
    { type: 'text', text: `(${name.replaceAll(/[^\p{L}\p{N} ]/gu, ' ').slice(0, longestName)})` },
    ...parts,
  ]
}
