import type { Message, MessagePart, Role } from '../domain/message.js'
import { shortened } from './shorten.js'
import type { CountTokens } from './token-count.js'
import { matchCalls, type MatchedMessage, type Repair, type ToolCall } from './tool-calls.js'

/** A message as a model is to see it. */
export interface ModelMessage {
  readonly role: Role
  readonly content: string | readonly MessagePart[]
  readonly name?: string
  readonly tokens: number
  /** The log entry it is made from; absent where the log holds none, as for the result of an interrupted call. */
  readonly seq?: number
}

/** Messages that go to a model together or not at all: a tool call and all its results, reasoning and its follower. */
export interface MessageGroup {
  readonly messages: readonly ModelMessage[]
  /** The log entries it holds, ascending; the first is its place in the conversation. */
  readonly seqs: readonly number[]
  readonly tokens: number
  /** The role of its first message. */
  readonly role: Role
  /** When its first message was stored, epoch ms. */
  readonly at: number
}

export interface GroupedMessages {
  readonly groups: readonly MessageGroup[]
  readonly repairs: readonly Repair[]
}

/** What a model is told of a call that nobody answered. */
const interrupted = { error: 'interrupted: the tool did not answer' }

/**
 * The log as atomic groups, oldest first, repaired so that every provider takes it: each tool call is followed at once
 * by exactly one result, no result stands without its call, call ids are unique, no reasoning trails, nothing is
 * blank, no result takes more than `toolResultTokens`. The log itself is not touched; `repairs` says what differs.
 */
export function groupMessages(
  messages: readonly Message[],
  countTokens: CountTokens,
  toolResultTokens = Infinity,
): GroupedMessages {
  const { matched, repairs } = matchCalls(messages)
  const groups: MessageGroup[] = []
  // What still waits for its follower: reasoning that stands alone, then calls made in parallel.
  let waiting: ModelMessage[] = []
  let since: Message | undefined
  let previous: MatchedMessage | undefined

  for (const entry of matched) {
    const { message, parts, calls } = entry
    if (previous !== undefined && !goesOnWith(previous, entry)) close(previous)
    if (parts === undefined && since === undefined) {
      // Text stands for itself, and nearly everything is text.
      const { seq, tokens, role, at } = message
      groups.push({ messages: [message], seqs: [seq], tokens, role, at })
      previous = undefined
      continue
    }
    since ??= message
    waiting.push(rewritten(message, parts, countTokens))
    if (calls.length > 0) waiting.push(...resultsOf(calls, message))
    previous = entry
  }
  if (previous !== undefined) close(previous)
  return { groups, repairs }

  function close(last: MatchedMessage): void {
    // Reasoning that nothing followed: a provider refuses it.
    if (isReasoning(last)) {
      for (const { seq } of waiting) if (seq !== undefined) repairs.push({ seq, why: 'trailing-reasoning' })
    } else if (since !== undefined) groups.push(groupOf(waiting, since.at))
    waiting = []
    since = undefined
  }

  function* resultsOf(calls: readonly ToolCall[], message: Message): Generator<ModelMessage> {
    const missing: MessagePart[] = []
    const bySource = new Map<Message, MessagePart[]>()
    for (const { id, shownAs, result } of calls) {
      if (result === undefined) {
        repairs.push({ seq: message.seq, why: 'interrupted-call', toolCallId: id })
        missing.push({ type: 'tool-result', toolCallId: shownAs, output: interrupted })
        continue
      }
      const named = shownAs === id ? result.part : { ...result.part, toolCallId: shownAs }
      const isLong = result.from.tokens > toolResultTokens
      const part = isLong ? shortened(named, toolResultTokens, countTokens) : named
      if (part !== named) repairs.push({ seq: result.from.seq, why: 'shortened-result', toolCallId: id })
      const others = bySource.get(result.from)
      if (others === undefined) bySource.set(result.from, [part])
      else others.push(part)
    }
    for (const [from, parts] of bySource) yield rewritten({ ...from, role: 'tool' }, parts, countTokens)
    if (missing.length === 0) return
    const made = { role: 'tool' as const, content: missing }
    yield { ...made, tokens: countTokens(made) }
  }
}

/** Reasoning belongs to what the assistant did next; calls stored one by one right after another are one step. */
function goesOnWith(before: MatchedMessage, next: MatchedMessage): boolean {
  if (next.message.role !== 'assistant' || before.message.role !== 'assistant') return false
  return isReasoning(before) || (before.calls.length > 0 && next.calls.length > 0 && next.adjoins)
}

function isReasoning({ message, parts }: MatchedMessage): boolean {
  return message.role === 'assistant' && parts?.every((part) => part.type === 'reasoning') === true
}

function rewritten(
  message: Message,
  parts: readonly MessagePart[] | undefined,
  countTokens: CountTokens,
): ModelMessage {
  const { role, content, tokens, seq, name } = message
  const whole = name === undefined ? { role, content, tokens, seq } : { role, content, tokens, seq, name }
  if (parts === undefined) return whole
  if (parts.length === content.length && parts.every((part, index) => part === content[index])) return whole
  return { ...whole, content: parts, tokens: countTokens({ role, content: parts }) }
}

function groupOf(messages: readonly ModelMessage[], at: number): MessageGroup {
  const { role, seq: first } = messages[0]!
  if (messages.length === 1 && first !== undefined) {
    return { messages, seqs: [first], tokens: messages[0]!.tokens, role, at }
  }
  let tokens = 0
  const seqs = new Set<number>()
  for (const message of messages) {
    tokens += message.tokens
    if (message.seq !== undefined) seqs.add(message.seq)
  }
  return { messages, seqs: [...seqs].sort((a, b) => a - b), tokens, role, at }
}
