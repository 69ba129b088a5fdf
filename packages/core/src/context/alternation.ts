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
 * Joins messages of one role in a row: always a block with its neighbour, and the results of one step, of which some
 * providers want all at once; messages of the log with `alternate`.
 * Each keeps its own text parts, so it stays clear who said what.
 */
export function joined(
  placed: readonly PlacedMessage[],
  alternate: boolean,
  repairs: Repair[],
): ContextMessage[] {
  const messages: ContextMessage[] = []
  let last: PlacedMessage | undefined
  // Of the last message, when it is joined already: thousands in a row are joined into one list.
  let parts: MessagePart[] | undefined
  for (const next of placed) {
    const isNeighbour =
      last !== undefined && last.message.role === next.message.role && next.message.role !== 'system'
    const isResult = next.message.role === 'tool'
    if (!isNeighbour || !(alternate || isResult || last!.isOurs || next.isOurs)) {
      messages.push(next.message)
      last = next
      parts = undefined
      continue
    }
    const { message, isOurs } = last!
    const { seq } = next.message
    // A result that was never given has a repair of its own.
    const isMade = isResult && seq === undefined
    if (!isOurs && !next.isOurs && !isMade) repairs.push({ seq: seq ?? message.seq ?? 0, why: 'joined' })
    parts ??= [...partsOf(message)]
    last = { message: together(message, isOurs, next, parts), isOurs: isOurs && next.isOurs }
    messages[messages.length - 1] = last.message
  }
  return messages
}

/** @param parts Those of the first message, to which it adds those of the next. */
function together(
  first: ContextMessage,
  isFirstOurs: boolean,
  { message, isOurs }: PlacedMessage,
  parts: MessagePart[],
): ContextMessage {
  // The joined message takes its part and seq from a message of the log, and from the question first.
  const main = message.part === 'query' || (isFirstOurs && !isOurs) ? message : first
  const differ = !isFirstOurs && !isOurs && first.name !== message.name
  const { name: _, ...rest } = main
  // Beside results no provider takes anything else.
  const isTold = differ && message.role !== 'tool'
  if (isTold) parts.unshift(...speakerOf(first))
  if (isTold) parts.push(...speakerOf(message))
  for (const part of partsOf(message)) parts.push(part)
  return {
    ...rest,
    content: parts,
    tokens: first.tokens + message.tokens,
    ...(main.name === undefined || differ ? {} : { name: main.name }),
  }
}

function partsOf({ content }: Pick<Message, 'content'>): readonly MessagePart[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content
}

/** A part that says who speaks, if the message has a name. */
function speakerOf({ name }: { readonly name?: string }): readonly MessagePart[] {
  if (name === undefined) return []
  return [{ type: 'text', text: `(${name.replaceAll(/[^\p{L}\p{N} ]/gu, ' ').slice(0, longestName)})` }]
}
