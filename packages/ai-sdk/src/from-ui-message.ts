import { type JsonObject, type JsonValue, type MessageInput, SessionError } from '@sessions/core'
import type { ModelMessage, UIMessage } from 'ai'

type Part = Record<string, JsonValue | undefined> & { readonly type: string }

/**
 * What `session.append` takes for a message of `useChat`: one message of a user, or the calls, results and texts of an
 * answer, step by step. Pure. A call whose input was not whole yet is left out.
 *
 * @throws `invalid` for what is no message of `useChat`, such as one of AI SDK 4, which has no parts.
 */
export function fromUIMessage(message: UIMessage): MessageInput[] {
  const { id, role, parts, metadata } = (message as Partial<UIMessage> | null | undefined) ?? {}
  if (typeof id !== 'string' || role === undefined || !Array.isArray(parts) || !parts.every(isPart)) {
    throw new SessionError('invalid', 'message is no message of useChat: it needs id, role and parts', {
      path: 'message',
    })
  }
  const said = parts as unknown as readonly Part[]
  if (role !== 'assistant') {
    const kept = metadata === undefined ? {} : { metadata: { ui: metadata as JsonValue } }
    return [{ id, role, content: said as MessageInput['content'], ...kept }]
  }
  const messages: MessageInput[] = []
  const told = { type: 'message-metadata', messageMetadata: metadata as JsonValue }
  let content: Part[] = metadata === undefined ? [] : [{ type: 'ui-chunk', chunk: told }]
  let results: Part[] = []
  const endStep = (): void => {
    for (const [role, step] of [
      ['assistant', content],
      ['tool', results],
    ] as const) {
      const name = messages.length === 0 ? id : `${id}.${messages.length + 1}`
      if (step.length > 0) messages.push({ id: name, role, content: step as MessageInput['content'] })
    }
    content = []
    results = []
  }
  for (const part of said) {
    if (part.type === 'step-start') {
      endStep()
      content.push({ type: 'ui-chunk', chunk: { type: 'start-step' } })
    } else if ('toolCallId' in part) {
      const [asked, answered] = toolParts(part)
      content.push(...asked)
      results.push(...answered)
    } else content.push(part)
  }
  endStep()
  return messages
}

function isPart(part: { readonly type?: unknown } | null): boolean {
  return typeof part === 'object' && typeof part?.type === 'string'
}

/** The call and what was asked about it; then the answers of a person and the tool. */
function toolParts(part: Part): [Part[], Part[]] {
  const { type, toolCallId, state, input, rawInput, output, errorText, approval, ...fields } = part
  const { callProviderMetadata, resultProviderMetadata, ...shown } = fields
  const { toolName = type.slice('tool-'.length), providerExecuted } = shown
  if (state === 'input-streaming') return [[], []]
  const dynamic = type === 'dynamic-tool' ? { dynamic: true } : {}
  const call = {
    ...shown,
    ...dynamic,
    type: 'tool-call',
    toolCallId,
    toolName,
    input: input ?? rawInput ?? {},
  }
  const asked: Part[] = [{ ...call, providerMetadata: callProviderMetadata }]
  const answered: Part[] = []
  if (approval !== undefined) {
    const { id: approvalId, approved, reason, requestReason, descriptor, ...more } = approval as JsonObject
    const about = descriptor === undefined ? {} : { approvalDescriptor: descriptor }
    const request = { ...more, ...about, type: 'tool-approval-request', approvalId, toolCallId }
    asked.push({ ...request, reason: requestReason })
    if (approved !== undefined)
      answered.push({ type: 'tool-approval-response', approvalId, approved, reason })
  }
  const about = { type: 'tool-result', toolCallId, toolName, providerExecuted }
  const result = { ...about, providerMetadata: resultProviderMetadata }
  const to = providerExecuted === true ? asked : answered
  if (state === 'output-available') to.push({ ...result, output: output ?? null })
  if (state === 'output-error') to.push({ ...result, output: errorText, isError: true })
  if (state === 'output-denied') to.push({ ...result, output: { type: 'execution-denied' } })
  return [asked, answered]
}

/**
 * What `session.append` takes for the messages that `generateText` or `streamText` has added. Pure.
 *
 * @throws `invalid` for what is no list.
 */
export function fromResponse(messages: readonly ModelMessage[]): MessageInput[] {
  const isList = Array.isArray(messages) && messages.every((message) => typeof message?.role === 'string')
  if (!isList) {
    throw new SessionError('invalid', 'messages is no list of messages', { path: 'messages' })
  }
  return messages.map(({ role, content }) => ({ role, content: content as MessageInput['content'] }))
}
