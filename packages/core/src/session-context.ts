import { buildContext, type ContextOptions } from './context/build-context.js'
import type { BuiltContext } from './context/lay-out.js'
import type { CountTokens } from './context/token-count.js'
import type { Message, MessageInput } from './message.js'
import type { SessionBody } from './session-body.js'

export interface SessionContextOptions extends ContextOptions {
  /** Instructions; always in. */
  system?: string
  /** What the user asks now (default: the latest user message). */
  query?: string
  /** Where the conversation stands, for strategies that choose by it. */
  phase?: string
}

/** The context of a session's body and messages, and of what a turn has to add that is not stored yet. */
export function sessionContext(
  body: SessionBody,
  messages: readonly Message[],
  pending: readonly MessageInput[],
  options: SessionContextOptions,
  countTokens: CountTokens,
): BuiltContext {
  const { system, query, phase, ...others } = options
  return buildContext(
    {
      messages: [
        ...messages,
        ...pending.map((input, index) => toPending(input, index, messages, countTokens)),
      ],
      facts: body.facts,
      summaries: body.summaries,
      ...(system === undefined ? {} : { system }),
      ...(query === undefined ? {} : { query }),
      ...(phase === undefined ? {} : { phase }),
    },
    others,
  )
}

/** A message of a turn that is not stored yet, as the last one of the history. */
function toPending(
  input: MessageInput,
  index: number,
  history: readonly Message[],
  countTokens: CountTokens,
): Message {
  const last = history.at(-1)
  const { role, content } = input
  return {
    seq: (last?.seq ?? 0) + index + 1,
    id: `pending-${index}`,
    role,
    content,
    at: last?.at ?? 0,
    tokens: countTokens({ role, content }),
    status: 'complete',
  }
}
