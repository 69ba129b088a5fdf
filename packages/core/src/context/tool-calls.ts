import type { Message } from '../domain/message.js'
import type { MessagePart } from '../domain/part.js'
import { isMedia, nameOfMedia } from './media.js'
import { dataOf } from './media-tokens.js'
import { wellFormedMessage } from './well-formed.js'

/** Where the context differs from the log, and why. */
export interface Repair {
  /** The message. */
  readonly seq: number
  /** What was wrong with it. */
  readonly why:
    | 'corrupt'
    | 'blank'
    /** Half of a surrogate pair, which a provider refuses: U+FFFD takes its place. */
    | 'lone-surrogate'
    /** A system message that is not at the beginning of the log: it becomes a note. */
    | 'note'
    /** Messages of one role in a row, joined into the first: the results of one step, and all with `alternate`. */
    | 'joined'
    /** A result without a call, or a second result. */
    | 'orphan-result'
    /** A part that no provider accepts at this place, such as a call made by a user. */
    | 'stray-part'
    | 'trailing-reasoning'
    /** A result that took more than its share: it is cut to its beginning. */
    | 'shortened-result'
    /** A call without a result: it gets one that says so. */
    | 'interrupted-call'
    /** Results of tools that a user's message follows: an answer that says so stands between. */
    | 'no-answer'
    /** A call whose arguments are the beginning of a JSON object: providers refuse it, so it is shown without any. */
    | 'cut-input'
    /** A file, or an image, that was too large to be kept: a text names it. */
    | 'left-out-media'
    /** A call with the id of an earlier one: it and its result get another id. */
    | 'renamed-call'
  /** The call that it is about. */
  readonly toolCallId?: string
}

export interface ToolCall {
  readonly id: string
  /** Its id in the context: ids are unique there, though some models count from 0 again in each turn. */
  readonly shownAs: string
  readonly toolName: string | undefined
  result?: { readonly part: MessagePart; readonly from: Message }
}

/** A message that stays, with its remaining parts; undefined parts: its content is text. */
export interface MatchedMessage {
  readonly message: Message
  readonly parts: readonly MessagePart[] | undefined
  /** Its calls whose results are in other messages. */
  readonly calls: readonly ToolCall[]
  /** No other message stands between it and the one before in this list, except results of tools. */
  readonly adjoins: boolean
}

/**
 * Finds the result of each call. A result belongs to the newest step that has an open call of its id, and there to the
 * first such call: some models use one id for several calls, and count again in each step. While a call of the last
 * step has no result, an approval or denial by a person counts as its result: who asks the model runs the tool, or does
 * not. When the conversation has gone on, a call that was approved was interrupted.
 */
export function* matchingCalls(
  messages: readonly Message[],
): Generator<void, { matched: MatchedMessage[]; repairs: Repair[] }> {
  const matched: MatchedMessage[] = []
  const repairs: Repair[] = []
  const usedIds = new Set<string>()
  const timesUsed = new Map<string, number>()
  const open = new Map<string, OpenCall[]>()
  const approvals = new Map<string, AskedCall>()
  // Since the last message that stayed: a result of a tool ends a step, so a later call is not parallel.
  let answered = false
  let step = 0

  for (const stored of messages) {
    yield
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
  const lastStep = beginOfLastStep(matched)
  for (const { call, place, isOfProvider } of approvals.values()) {
    yield
    if (place < lastStep && !isOfProvider) settle(call)
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
    const shownIds = new Map<string, string>()
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
        const isCut = part['custom'] !== true && isCutInput(part['input'])
        if (isCut) repairs.push({ seq, why: 'cut-input', toolCallId: id })
        const shown = isCut ? { ...part, input: {} } : part
        rest.push(call.shownAs === id ? shown : { ...shown, toolCallId: call.shownAs })
        shownIds.set(id, call.shownAs)
        if (!own.has(id)) calls.push(call)
        pushTo(open, id, { call, step })
        const approvalId = requests.get(id)
        const isOfProvider = part['providerExecuted'] === true
        if (approvalId !== undefined) approvals.set(approvalId, { call, place: matched.length, isOfProvider })
      } else if (part.type === 'tool-result' && id !== undefined) {
        // A result in the same message belongs to a call of that message.
        const call = own.has(id) ? open.get(id)?.pop()?.call : takeFirstOfNewest(open.get(id))
        if (call === undefined) repairs.push({ seq, why: 'orphan-result', toolCallId: id })
        else if (own.has(id)) rest.push(call.shownAs === id ? part : { ...part, toolCallId: call.shownAs })
        else call.result = { part, from: message }
        answered = true
      } else if (part.type === 'tool-approval-response') {
        const { approvalId } = part
        const asked = typeof approvalId === 'string' ? approvals.get(approvalId) : undefined
        if (asked === undefined) repairs.push({ seq, why: 'stray-part' })
        else asked.call.result ??= { part, from: message }
        answered = true
      } else if (isStray(part, message)) {
        repairs.push({ seq, why: 'stray-part' })
      } else if (isLeftOut(part)) {
        repairs.push({ seq, why: 'left-out-media' })
        rest.push({ type: 'text', text: `[${nameOfMedia(part)}: too large to be kept]` })
      } else if (part.type !== 'text' || !isBlank(part['text'])) {
        const shownAs = id === undefined ? undefined : shownIds.get(id)
        rest.push(shownAs === undefined || shownAs === id ? part : { ...part, toolCallId: shownAs })
      }
    }
    const end = rest.findLastIndex((part) => part.type !== 'reasoning') + 1
    // Reasoning at the end of a message may have its follower in the next message; reasoning after other parts has
    // none.
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

/** A call that a person is asked about. */
interface AskedCall {
  readonly call: ToolCall
  /** The place of its message among those that stay. */
  readonly place: number
  /** Its provider runs it, and wants back what the person has said. */
  readonly isOfProvider: boolean
}

interface OpenCall {
  readonly call: ToolCall
  /** Calls of one step are parallel. */
  readonly step: number
}

/** The place of the first message of the step that the conversation ends with; past the end where it ends otherwise. */
function beginOfLastStep(matched: readonly MatchedMessage[]): number {
  const isOfAssistant = (place: number): boolean => matched[place]?.message.role === 'assistant'
  let place = matched.length - 1
  if (!isOfAssistant(place)) return matched.length
  while (matched[place]!.adjoins && isOfAssistant(place - 1)) place--
  return place
}

/** The conversation went on without the tool: what a person has said of the call is no result of it any more. */
function settle(call: ToolCall): void {
  const { part, from } = call.result ?? {}
  if (part?.type !== 'tool-approval-response' || from === undefined) return
  delete call.result
  if (part['approved'] !== true) call.result = { part: denied(call, part), from }
}

function denied({ shownAs, toolName = '' }: ToolCall, { reason }: MessagePart): MessagePart {
  const why = typeof reason === 'string' ? { reason } : {}
  return {
    type: 'tool-result',
    toolCallId: shownAs,
    toolName,
    output: { type: 'execution-denied', ...why },
  }
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

/** The approvals that calls wait for: approval ids by call. */
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

/**
 * Ids of calls with their result in the same message, as of tools that a provider runs itself: those stay as they are.
 */
function resultsWithin(message: Message, content: readonly MessagePart[]): ReadonlySet<string> {
  const called = new Map<string, number>()
  const settled = new Set<string>()
  if (message.role !== 'assistant') return settled
  for (const part of content) {
    const id = idOf(part)
    if (id === undefined) continue
    if (part.type === 'tool-call') {
      called.set(id, (called.get(id) ?? 0) + 1)
      // The same id twice in one message cannot be told apart; such calls are matched like all others.
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

/** Texts are the input of some tools; one that begins as an object was to be one. */
function isCutInput(input: unknown): boolean {
  return typeof input === 'string' && /^\s*\{/.test(input)
}

/** Whether a turn stored it without its bytes: providers refuse it. */
function isLeftOut(part: MessagePart): boolean {
  return Array.isArray(part['omitted']) && isMedia(part) && dataOf(part) === undefined
}

function isBlank(text: unknown): boolean {
  return typeof text !== 'string' || !/\S/.test(text)
}

function pushTo<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}
