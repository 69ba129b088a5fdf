import { SessionError } from '../errors.js'
import { byteLength, isJsonObject, type JsonObject, type JsonValue, mergePatch } from '../json.js'
import type { ChangedMessage, Message } from './message.js'
import type { MessagePart } from './part.js'
import type { SessionBody } from './session-body.js'

/** What stands where a message, or a part of one, was redacted. */
export const redactedText = '[redacted]'

const mostAnnotations = 4096
const usageText = ['model', 'provider']
const keptOfTurn = ['costBy', 'incarnation']

/** A message without anything that it said; calls and results of tools still belong together. */
export function redactedMessage({ role, content, metadata }: Message, at: number): ChangedMessage {
  const turn = role === 'user' ? undefined : bareTurn(metadata?.['turn'])
  return {
    content: typeof content === 'string' ? redactedText : redactedParts(content, role === 'tool'),
    metadata: {
      ...(turn === undefined ? {} : { turn }),
      // Of an answer that is several messages long.
      ...(metadata?.['continues'] === true ? { continues: true } : {}),
      redacted: { at },
    },
  }
}

/** When a message was redacted, epoch ms; undefined when it was not. */
export function redactedAt({ metadata }: Pick<Message, 'metadata'>): number | undefined {
  const redacted = metadata?.['redacted']
  if (!isJsonObject(redacted)) return undefined
  return typeof redacted['at'] === 'number' ? redacted['at'] : undefined
}

function redactedParts(parts: readonly MessagePart[], isTool: boolean): Message['content'] {
  const kept: MessagePart[] = []
  let isTold = false
  for (const part of parts) {
    const bare = bareToolPart(part)
    if (bare !== undefined) kept.push(bare)
    // A tool says nothing but results, and of reasoning nothing has to be left.
    else if (part.type !== 'reasoning' && !isTool && !isTold) {
      kept.push({ type: 'text', text: redactedText })
      isTold = true
    }
  }
  return kept.length === 0 ? redactedText : kept
}

/** A part that another one refers to, with nothing but what ties them together. */
function bareToolPart(part: MessagePart): MessagePart | undefined {
  switch (part.type) {
    case 'tool-call':
      return { ...only(part, 'type', 'toolCallId', 'toolName', 'providerExecuted'), input: {} }
    case 'tool-result':
      return {
        ...only(part, 'type', 'toolCallId', 'toolName', 'providerExecuted', 'isError'),
        output: redactedOutput(part['output']),
      }
    case 'tool-approval-request':
      return only(part, 'type', 'approvalId', 'toolCallId')
    case 'tool-approval-response':
      return only(part, 'type', 'approvalId', 'approved')
    default:
      return undefined
  }
}

/** In the form of the AI SDK where it had one. */
function redactedOutput(output: JsonValue | undefined): JsonValue {
  const isTyped = isJsonObject(output) && typeof output['type'] === 'string'
  return isTyped ? { type: 'text', value: redactedText } : redactedText
}

function only(part: MessagePart, ...names: readonly string[]): MessagePart {
  const kept = names.flatMap((name) => {
    const value = part[name]
    return typeof value === 'string' || typeof value === 'boolean' ? [[name, value]] : []
  })
  return Object.fromEntries(kept) as MessagePart
}

/** Which turn made a message, and what it used: no error, for that may quote what was said. */
function bareTurn(turn: JsonValue | undefined): JsonObject | undefined {
  if (!isJsonObject(turn) || typeof turn['id'] !== 'string') return undefined
  const { id, usage } = turn
  const kept = keptOfTurn.flatMap((name) => (typeof turn[name] === 'string' ? [[name, turn[name]]] : []))
  const used = isJsonObject(usage) ? Object.entries(usage) : []
  const counts = used.filter(([name, value]) => typeof value === 'number' || usageText.includes(name))
  return { id, usage: Object.fromEntries(counts), ...Object.fromEntries(kept) }
}

/** A message that says something else. @throws `invalid` where calls or results of tools would lose their other half. */
export function amendedMessage(message: Message, content: Message['content'], at: number): ChangedMessage {
  if (redactedAt(message) !== undefined) {
    throw new SessionError('invalid', `Message ${message.seq} is redacted.`, { path: 'seq' })
  }
  if (JSON.stringify(toolIds(content)) !== JSON.stringify(toolIds(message.content))) {
    throw new SessionError('invalid', 'content must have the same calls and results of tools as before.', {
      path: 'content',
    })
  }
  const amended = message.metadata?.['amended']
  const before = isJsonObject(amended) && typeof amended['count'] === 'number' ? amended['count'] : 0
  return { ...message, content, metadata: { ...message.metadata, amended: { at, count: before + 1 } } }
}

function toolIds(content: Message['content']): string[] {
  if (typeof content === 'string') return []
  return content
    .filter(({ toolCallId, approvalId }) => toolCallId !== undefined || approvalId !== undefined)
    .map(({ type, toolCallId, approvalId }) => JSON.stringify([type, toolCallId, approvalId]))
    .toSorted()
}

/** A message with its annotations merged as RFC 7396 says. @throws `too_large` for more than 4 KiB of them */
export function annotatedMessage(message: Message, patch: JsonObject): ChangedMessage {
  const { annotations: before, ...others } = message.metadata ?? {}
  const annotations = mergePatch(isJsonObject(before) ? before : {}, patch)
  const bytes = byteLength(JSON.stringify(annotations))
  if (bytes > mostAnnotations) {
    throw new SessionError('too_large', `Annotations take ${bytes} bytes; the limit is ${mostAnnotations}.`, {
      path: 'annotations',
    })
  }
  const isEmpty = Object.keys(annotations).length === 0
  return { ...message, metadata: isEmpty ? others : { ...others, annotations } }
}

/** Whether the words of a message are others than those it was stored with. */
export function isChanged({ metadata }: Pick<Message, 'metadata'>): boolean {
  return metadata?.['redacted'] !== undefined || metadata?.['amended'] !== undefined
}

/** The body without what was made of a message: whatever was remembered of the log is old. */
export function withoutDerived(body: SessionBody, seq: number): SessionBody {
  const { answers: _, stats: __, ...kept } = body
  return {
    ...kept,
    // A later summary goes on with what the one before it says.
    summaries: body.summaries.filter(({ to }) => to < seq),
    facts: body.facts.filter((fact) => fact.seq !== seq),
    edits: (body.edits ?? 0) + 1,
  }
}
