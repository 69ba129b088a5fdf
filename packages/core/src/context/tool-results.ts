import type { MessagePart } from '../domain/part.js'
import { shortened } from './shorten.js'
import type { CountTokens } from './token-count.js'

/** The result that the model gets for a call without one, in the form that every SDK takes. */
export const interrupted = { type: 'error-text', value: 'interrupted: the tool did not answer' }

export interface ResultLimits {
  /** The seq of the message with the result. */
  readonly tokens: number
  /** Whether that message has no other part. */
  readonly isAlone: boolean
  readonly maxTokens: number
  readonly countTokens: CountTokens
}

interface Shown {
  readonly toolCallId: string
  readonly toolName: string | undefined
  readonly maxTokens: number
  readonly countTokens: CountTokens
  readonly part: MessagePart
}

// A log never changes, so the shown form of a result is made once for all contexts.
const known = new WeakMap<MessagePart, Shown>()

/** The shown form of a result: with the id of its call, the name of the tool, and cut to its bound. */
export function shownResult(
  result: MessagePart,
  call: { readonly shownAs: string; readonly toolName: string | undefined },
  { tokens, isAlone, maxTokens, countTokens }: ResultLimits,
): MessagePart {
  // An approval or denial names its call by the approval id.
  if (result.type !== 'tool-result') return result
  const { shownAs: toolCallId } = call
  const own = result as { toolCallId?: unknown; toolName?: unknown }
  const toolName = typeof own.toolName === 'string' && own.toolName !== '' ? undefined : call.toolName
  const isLong = tokens > maxTokens
  if (own.toolCallId === toolCallId && toolName === undefined && !isLong) return result
  const before = known.get(result)
  if (
    before?.toolCallId === toolCallId &&
    before.toolName === toolName &&
    before.countTokens === countTokens &&
    before.maxTokens === (isLong ? maxTokens : Infinity)
  ) {
    return before.part
  }
  const named = { ...result, toolCallId, ...(toolName === undefined ? {} : { toolName }) } as MessagePart
  const part = isLong ? shortened(named, maxTokens, countTokens, isAlone ? tokens : undefined) : named
  known.set(result, { toolCallId, toolName, maxTokens: isLong ? maxTokens : Infinity, countTokens, part })
  return part
}
