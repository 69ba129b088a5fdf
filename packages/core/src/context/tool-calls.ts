import type { Message } from '../domain/message.js'
import type { MessagePart } from '../domain/part.js'
import { wellFormedMessage } from './well-formed.js'

/** Where the context differs from the log, and why. */
export interface Repair {
  readonly seq: number
  readonly why:
    | 'corrupt'
    | 'blank'
    /** Half of a surrogate pair, which a provider refuses: the sign for an unreadable character stands in for it. */
    | 'lone-surrogate'
    /** A system message that is not at the head of the log: it is shown as a note. */
    | 'note'
    /** Messages of one role in a row, joined into the first because alternation was asked for. */
    | 'joined'
    /** A result without a call, or a second one. */
    | 'orphan-result'
    /** A part where no provider accepts it, such as a call made by a user. */
    | 'stray-part'
    | 'trailing-reasoning'
    /** A result that took more than its share: its beginning is in. */
    | 'shortened-result'
    /** A call without a result: it got one that says so. */
    | 'interrupted-call'
    /** A call with the id of an earlier one: it and its result go by another. */
    | 'renamed-call'
  readonly toolCallId?: string
}

export interface ToolCall {
  readonly id: string
  /** The id it goes by in the context: ids are unique there, though some models count anew each turn. */
  readonly shownAs: string
  readonly toolName: string | undefined
  result?: { readonly part: MessagePart; readonly from: Message }
}

/** A message that stays, with what is left of its parts; undefined parts: its content is text. */
export interface MatchedMessage {
  readonly message: Message
  readonly parts: readonly MessagePart[] | undefined
  /** Its calls whose results stand in other messages. */
  readonly calls: readonly ToolCall[]
  /** No other message stood between it and the one before in this list, results of tools aside. */
  readonly adjoins: boolean
}

/**
 * Finds the result of each call. A result belongs to the newest step that has an open call of its id, and there to the
 * first such call: some models use one id for several calls, and count anew in each step. What a person allows or denies
 * stands for the result of a call as long as there is none.
 */
export function matchCalls(messages: readonly Message[]): { matched: MatchedMessage[]; repairs: Repair[] } {
  const matched: MatchedMessage[] = []
  const repairs: Repair[] = []
  const usedIds = new Set<string>()
  const timesUsed = new Map<string, number>()
  const open = new Map<string, OpenCall[]>()
  const approvals = new Map<string, ToolCall>()
  // Since the last message that stayed: a tool's answer ends a step, so a later call is no parallel one.
  let answered = false
  let step = 0

  for (const stored of messages) {
    const message = wellFormedMessage(stored)
    const { content, seq } = message
    if (message !== stored && message.status !== 'corrupt') repairs.push({ seq, why: 'lone-surrogate' })
    if (message.status === 'corrupt') {
      repairs.push({ seq, why: 'corrupt' })
    } else if (typeof content === 'string') {
      if (message.role === 'tool') repairs.push({ seq, why: 'orphan-result' })
      else if (isBlank(content)) repairs.push({ seq, why: 'blank' })
      else keep(message, undefined, [])
    } else {
      matchParts(message, content)
    }
  }
  return { matched, repairs }

  function keep(
    message: Message,
    parts: readonly MessagePart[] | undefined,
    calls: readonly ToolCall[],
  ): void {
    matched.push({ message, parts, calls, adjoins: !answered })
    if (answered || message.role !== 'assistant') step++
    answered = false
  }

  function matchParts(message: Message, content: readonly MessagePart[]): void {
    const { seq } = message
    const rest: MessagePart[] = []
    const calls: ToolCall[] = []
    const own = resultsWithin(message, content)
    if (answered) step++
    const requests = approvalsIn(content)
    for (const part of content) {
      const id = idOf(part)
      if (part.type === 'tool-call' && id !== undefined && message.role === 'assistant') {
        const { toolName } = part as { toolName?: unknown }
        const call: ToolCall = {
          id,
          shownAs: unusedId(id),
          toolName: typeof toolName === 'string' ? toolName : undefined,
        }
        if (call.shownAs !== id) repairs.push({ seq, why: 'renamed-call', toolCallId: id })
        rest.push(call.shownAs === id ? part : { ...part, toolCallId: call.shownAs })
        if (!own.has(id)) calls.push(call)
        pushTo(open, id, { call, step })
        const approvalId = requests.get(id)
        if (approvalId !== undefined) approvals.set(approvalId, call)
      } else if (part.type === 'tool-result' && id !== undefined) {
        // One that the message itself answers was made in it, just now.
        const call = own.has(id) ? open.get(id)?.pop()?.call : takeFirstOfNewest(open.get(id))
        if (call === undefined) repairs.push({ seq, why: 'orphan-result', toolCallId: id })
        else if (own.has(id)) rest.push(call.shownAs === id ? part : { ...part, toolCallId: call.shownAs })
        else call.result = { part, from: message }
        answered = true
      } else if (part.type === 'tool-approval-response') {
        const call = approvals.get(String(part['approvalId']))
        if (call === undefined) repairs.push({ seq, why: 'stray-part' })
        else call.result ??= { part, from: message }
        answered = true
      } else if (isStray(part, message)) {
        repairs.push({ seq, why: 'stray-part' })
      } else if (part.type !== 'text' || !isBlank(part['text'])) {
        rest.push(part)
      }
    }
    const end = rest.findLastIndex((part) => part.type !== 'reasoning') + 1
    // Reasoning with nothing after it may have its follower in the next message; with something before, it has none.
    const parts = end === 0 ? rest : rest.slice(0, end)
    if (parts.length > 0) keep(message, parts, calls)
    else if (!content.some(isAnswer)) repairs.push({ seq, why: 'blank' })
  }

  function unusedId(id: string): string {
    let times = timesUsed.get(id) ?? 0
    let shownAs = id
    do {
      times++
      shownAs = times === 1 ? id : `${id}-${times}`
    } while (usedIds.has(shownAs))
    timesUsed.set(id, times)
    usedIds.add(shownAs)
    return shownAs
  }
}

interface OpenCall {
  readonly call: ToolCall
  /** Calls of one step are parallel. */
  readonly step: number
}

function takeFirstOfNewest(waiting: OpenCall[] | undefined): ToolCall | undefined {
  const newest = waiting?.at(-1)?.step
  if (waiting === undefined || newest === undefined) return undefined
  const [first] = waiting.splice(
    waiting.findIndex(({ step }) => step === newest),
    1,
  )
  return first?.call
}

/** Which call waits for which approval: approvals by call. */
function approvalsIn(content: readonly MessagePart[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const part of content) {
    const { approvalId } = part
    const id = idOf(part)
    if (part.type === 'tool-approval-request' && id !== undefined && typeof approvalId === 'string') {
      found.set(id, approvalId)
    }
  }
  return found
}

function isAnswer({ type }: MessagePart): boolean {
  return type === 'tool-result' || type === 'tool-approval-response'
}

/** Ids of calls answered in the message that made them, as tools are that a provider runs itself: those stay as they are. */
function resultsWithin(message: Message, content: readonly MessagePart[]): ReadonlySet<string> {
  const called = new Map<string, number>()
  const settled = new Set<string>()
  if (message.role !== 'assistant') return settled
  for (const part of content) {
    const id = idOf(part)
    if (id === undefined) continue
    if (part.type === 'tool-call') {
      called.set(id, (called.get(id) ?? 0) + 1)
      // The same id twice in one message cannot be told apart; such calls are matched like any other.
      if (called.get(id) !== 1) settled.delete(id)
    } else if (part.type === 'tool-result' && called.get(id) === 1) {
      settled.add(id)
    }
  }
  return settled
}

function isStray(part: MessagePart, { role }: Message): boolean {
  if (part.type === 'tool-call' || part.type === 'tool-result' || role === 'tool') return true
  return part.type === 'reasoning' && role !== 'assistant'
}

function idOf(part: MessagePart): string | undefined {
  const id = (part as { toolCallId?: unknown }).toolCallId
  return typeof id === 'string' && id !== '' ? id : undefined
}

function isBlank(text: unknown): boolean {
  return typeof text !== 'string' || !/\S/.test(text)
}

function pushTo<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}
