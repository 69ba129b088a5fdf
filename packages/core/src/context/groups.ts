import { type Message, type Role, textOf } from '../domain/message.js'
import type { MessagePart } from '../domain/part.js'
import { noAnswer, noteOf } from './note.js'
import { type CountTokens, stepsOf } from './token-count.js'
import { type MatchedMessage, matchingCalls, type Repair, type ToolCall } from './tool-calls.js'
import { interrupted, shownResult } from './tool-results.js'

/** A message in the form for the model. */
export interface ModelMessage {
  /** Who speaks. */
  readonly role: Role
  /** Text, or parts. */
  readonly content: string | readonly MessagePart[]
  /** The name of the speaker. */
  readonly name?: string
  /** That it takes. */
  readonly tokens: number
  /** The log entry that it comes from; absent when there is none, as for the result of an interrupted call. */
  readonly seq?: number
}

/** Messages that a context contains all or none of: a tool call and all its results, reasoning and its follower. */
export interface MessageGroup {
  /** What must stay together: a call of a tool and its results. */
  readonly messages: readonly ModelMessage[]
  /** The seqs of its log entries, ascending; the first is its place in the conversation. */
  readonly seqs: readonly number[]
  /** Of all of them. */
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

/**
 * The log as atomic groups, oldest first, repaired for all providers: each tool call is followed at once by exactly
 * one result, no user speaks right after a result, no result stands without its call, call ids are unique, no reasoning stands at the end, no text is blank
 * or malformed, no result takes more than `toolResultTokens`, and system messages after the beginning of the log, or
 * after `leadingTo`, are notes. The log itself does not change; `repairs` lists the differences. Made step by step.
 */
export function* grouping(
  messages: readonly Message[],
  countTokens: CountTokens,
  toolResultTokens = Infinity,
  leadingTo = Infinity,
): Generator<void, GroupedMessages> {
  const { matched, repairs } = yield* matchingCalls(messages)
  const groups: MessageGroup[] = []
  // Messages that wait for their follower: reasoning alone, then parallel calls.
  let waiting: ModelMessage[] = []
  let since: Message | undefined
  let previous: MatchedMessage | undefined

  let isHead = true
  for (const entry of matched) {
    yield
    const { message, parts, calls } = entry
    isHead &&= message.role === 'system' && message.seq <= leadingTo
    if (previous !== undefined && !goesOnWith(previous, entry)) close(previous)
    if (message.role === 'system' && !isHead) {
      addNote(message)
      previous = undefined
      continue
    }
    if (parts === undefined && since === undefined) {
      // A message of text is a group of its own, and nearly all messages are text.
      const { seq, tokens, role, at } = message
      groups.push({ messages: [message], seqs: [seq], tokens, role, at })
      previous = undefined
      continue
    }
    since ??= message
    waiting.push(yield* rewriting(message, parts, countTokens))
    if (calls.length > 0) waiting.push(...(yield* resultsOf(calls, message)))
    previous = entry
  }
  if (previous !== undefined) close(previous)
  let made: ModelMessage | undefined
  for (const [index, group] of groups.entries()) {
    const next = groups[index + 1]
    if (group.messages.at(-1)!.role !== 'tool' || next?.messages[0]!.role !== 'user') continue
    repairs.push({ seq: group.seqs.at(-1)!, why: 'no-answer' })
    made ??= { ...noAnswer, tokens: countTokens(noAnswer) }
    groups[index] = groupOf([...group.messages, made], group.at)
  }
  return { groups, repairs }

  function close(last: MatchedMessage): void {
    // Reasoning without a follower: a provider refuses it.
    if (isReasoning(last)) {
      for (const { seq } of waiting) if (seq !== undefined) repairs.push({ seq, why: 'trailing-reasoning' })
    } else if (since !== undefined) groups.push(groupOf(waiting, since.at))
    waiting = []
    since = undefined
  }

  /** A system message in the middle of a log; only its text, because the role takes nothing else. */
  function addNote({ seq, at, role, content }: Message): void {
    const text = textOf({ content })
    repairs.push({ seq, why: text.trim() === '' ? 'blank' : 'note' })
    if (text.trim() === '') return
    const made = noteOf(text)
    const tokens = countTokens(made)
    groups.push({ messages: [{ ...made, tokens, seq }], seqs: [seq], tokens, role, at })
  }

  function* resultsOf(calls: readonly ToolCall[], message: Message): Generator<void, ModelMessage[]> {
    const missing: MessagePart[] = []
    const bySource = new Map<Message, MessagePart[]>()
    for (const call of calls) {
      yield
      const { id, shownAs, toolName, result } = call
      if (result === undefined) {
        repairs.push({ seq: message.seq, why: 'interrupted-call', toolCallId: id })
        missing.push({
          type: 'tool-result',
          toolCallId: shownAs,
          toolName: toolName ?? '',
          output: interrupted,
        })
        continue
      }
      const { tokens } = result.from
      const isAlone = result.from.content.length === 1
      const part = shownResult(result.part, call, {
        tokens,
        isAlone,
        maxTokens: toolResultTokens,
        countTokens,
      })
      if (part['output'] !== result.part['output'])
        repairs.push({ seq: result.from.seq, why: 'shortened-result', toolCallId: id })
      const others = bySource.get(result.from)
      if (others === undefined) bySource.set(result.from, [part])
      else others.push(part)
    }
    const results: ModelMessage[] = []
    for (const [from, parts] of bySource) results.push(yield* rewriting(from, parts, countTokens, 'tool'))
    if (missing.length === 0) return results
    const made = { role: 'tool' as const, content: missing }
    return [...results, { ...made, tokens: yield* stepsOf(countTokens)(made) }]
  }
}

/** Reasoning belongs to the next message of the assistant; calls that are stored right after another are one step. */
function goesOnWith(before: MatchedMessage, next: MatchedMessage): boolean {
  if (next.message.role !== 'assistant' || before.message.role !== 'assistant') return false
  return isReasoning(before) || (before.calls.length > 0 && next.calls.length > 0 && next.adjoins)
}

function isReasoning({ message, parts }: MatchedMessage): boolean {
  return message.role === 'assistant' && parts?.every((part) => part.type === 'reasoning') === true
}

// Counting is expensive; the same parts keep their count.
const counted = new WeakMap<
  Message,
  { readonly parts: readonly MessagePart[]; readonly countTokens: CountTokens; readonly tokens: number }
>()

function* rewriting(
  message: Message,
  parts: readonly MessagePart[] | undefined,
  countTokens: CountTokens,
  role = message.role,
): Generator<void, ModelMessage> {
  const { content, tokens, seq, name } = message
  const whole = name === undefined ? { role, content, tokens, seq } : { role, content, tokens, seq, name }
  if (parts === undefined) return whole
  if (typeof content !== 'string' && isSame(parts, content)) return whole
  const before = counted.get(message)
  if (before?.countTokens === countTokens && isSame(before.parts, parts)) {
    return { ...whole, content: before.parts, tokens: before.tokens }
  }
  const made = yield* stepsOf(countTokens)({ role, content: parts })
  counted.set(message, { parts, countTokens, tokens: made })
  return { ...whole, content: parts, tokens: made }
}

function isSame(parts: readonly MessagePart[], others: readonly MessagePart[]): boolean {
  return parts.length === others.length && parts.every((part, index) => part === others[index])
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
