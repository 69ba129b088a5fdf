import type { MessagePart } from '../domain/part.js'
import { shortened } from './shorten.js'
import type { CountTokens } from './token-count.js'

/** What a model is told of a call that nobody answered, as every SDK takes it. */
export const interrupted = { type: 'error-text', value: 'interrupted: the tool did not answer' }

export interface ResultLimits {
  /** Of the message that holds the result. */
  readonly tokens: number
  /** Whether that message holds nothing else. */
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

// A log never changes, so what is made of a result is made once, however many contexts show it.
const known = new WeakMap<MessagePart, Shown>()

/** A result as it is shown: under the id its call goes by, with the name of the tool, and no longer than it may be. */
export function shownResult(
  result: MessagePart,
  call: { readonly shownAs: string; readonly toolName: string | undefined },
  { tokens, isAlone, maxTokens, countTokens }: ResultLimits,
): MessagePart {
  // What a person allows or denies names its call by the approval.
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
