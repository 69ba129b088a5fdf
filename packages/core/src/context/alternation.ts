import type { Message } from '../domain/message.js'
import type { MessagePart } from '../domain/part.js'
import type { ContextMessage } from './report.js'
import type { Repair } from './tool-calls.js'

/** A message, and whether it is a block of this library instead of a message of the log. */
export interface PlacedMessage {
  readonly message: ContextMessage
  readonly isOurs: boolean
}

// The name of a joined message would otherwise also cover the words of another speaker.
const longestName = 16

/**
 * Joins messages of one role in a row: always a block with its neighbour, and messages of the log with `alternate`.
 * Each keeps its own text parts, so it stays clear who said what.
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
  // The joined message takes its part and seq from a message of the log, and from the question first.
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
