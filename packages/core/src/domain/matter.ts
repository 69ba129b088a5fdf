import type { JsonValue } from '../json.js'

interface Part {
  readonly type: string
  readonly toolCallId?: JsonValue
  readonly approvalId?: JsonValue
}

/** The call or the request for approval that a part answers, or asks to be answered. */
export function matterOf({ type, toolCallId = null, approvalId = null }: Part): {
  readonly answers?: string
  readonly asks?: string
} {
  const call = callKey(toolCallId)
  if (type === 'tool-result') return { answers: call }
  if (type === 'tool-call') return { asks: call }
  // Of no other type the ids are checked: without one, nobody knows what is answered.
  if (approvalId === null) return {}
  const approval = JSON.stringify(['approval', approvalId])
  if (type === 'tool-approval-response') return { answers: approval }
  return type === 'tool-approval-request' ? { asks: approval } : {}
}

/** Names a call among what may be answered. */
export function callKey(toolCallId: JsonValue = null): string {
  return JSON.stringify(['call', toolCallId])
}
