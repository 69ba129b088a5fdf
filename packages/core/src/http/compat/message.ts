import type { Message } from '../../domain/message.js'
import type { TurnUsage } from '../../turn/usage.js'
import { type Part, toSeedPart } from './parts.js'

type Content = string | readonly { readonly type: string }[]

/** A message as `unified-llm-client` has it: results of tools come from the user, and pinned is no metadata. */
export function seedMessage<View extends Pick<Message, 'role' | 'metadata'> & { readonly content: Content }>({
  role,
  content,
  ...message
}: View) {
  return {
    ...message,
    role: role === 'tool' ? ('user' as const) : role,
    content: typeof content === 'string' ? content : content.map(toSeedPart),
    ...(message.metadata?.['pinned'] === true ? { pinned: true } : {}),
  }
}

/** The usage of a turn in the names of `unified-llm-client`. */
export function seedUsage({ costMicros, cachedInputTokens, cacheWriteTokens }: TurnUsage) {
  const costUSD = costMicros / 1_000_000
  return {
    cachedTokens: cachedInputTokens ?? 0,
    ...(cachedInputTokens === undefined ? {} : { cachedReadTokens: cachedInputTokens }),
    ...(cacheWriteTokens === undefined ? {} : { cachedWriteTokens: cacheWriteTokens }),
    cost: `$${costUSD.toFixed(Number.isInteger(costMicros / 10_000) ? 2 : 6)}`,
    costUSD,
  }
}

/** The fields of an answer in addition to those that are called the same there. @param shown Its content, translated. */
export function seedResponse(shown: Content, { model, provider }: TurnUsage, finishReason: string) {
  const content = (typeof shown === 'string' ? [{ type: 'text', text: shown }] : shown) as readonly Part[]
  const calls = content.filter(({ type }) => type === 'tool_call')
  return {
    content,
    toolCalls: calls.map(({ id, name, args }) => ({ id, name, args })),
    finishReason: seedFinishReason(finishReason),
    ...(model === undefined ? {} : { model }),
    ...(provider === undefined ? {} : { provider }),
    raw: null,
  }
}

/** `tool_call` and `content_filter` are written with an underscore there. */
export function seedFinishReason(reason: string): string {
  return reason === 'tool-calls' ? 'tool_call' : reason.replaceAll('-', '_')
}
