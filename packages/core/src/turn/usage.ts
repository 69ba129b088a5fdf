import { SessionError } from '../errors.js'
import { isJsonObject, type JsonObject, type JsonValue } from '../json.js'
import { objectsIn } from './dialects/fields.js'

/** The usage of a turn, as the model's provider counts it. */
export interface TurnUsage {
  /** All input tokens, those from the provider's cache included. */
  readonly inputTokens: number
  /** All output tokens, reasoning included. */
  readonly outputTokens: number
  /** In millionths of your currency; where the application reports none, by `usage.prices`. */
  readonly costMicros: number
  /** Input tokens that the provider read from its cache. */
  readonly cachedInputTokens?: number | undefined
  /** Input tokens that the provider wrote to its cache. */
  readonly cacheWriteTokens?: number | undefined
  /** Output tokens that were reasoning. */
  readonly reasoningTokens?: number | undefined
  /** The model that answered, by the name of its provider. */
  readonly model?: string | undefined
  /** Who runs the model. */
  readonly provider?: string | undefined
}

export const noUsage: TurnUsage = { inputTokens: 0, outputTokens: 0, costMicros: 0 }

const kinds = [
  'inputTokens',
  'outputTokens',
  'costMicros',
  'cachedInputTokens',
  'cacheWriteTokens',
  'reasoningTokens',
] as const

// A model says them, and the body of the session keeps them.
const maxName = 200

const apart: readonly string[] = [
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
  'cacheReadInputTokens',
  'cacheWriteInputTokens',
]

type Counts = { -readonly [Kind in (typeof kinds)[number]]?: number }

/** The sum of several usages; model and provider of the last one that has them. */
export function addUsages(before: TurnUsage, more: Partial<TurnUsage>): TurnUsage {
  const sum: Record<string, number | string> = {}
  for (const kind of kinds) {
    const counted = Math.min((before[kind] ?? 0) + (more[kind] ?? 0), Number.MAX_SAFE_INTEGER)
    if (before[kind] !== undefined || more[kind] !== undefined) sum[kind] = counted
  }
  const model = (more.model ?? before.model)?.slice(0, maxName)
  const provider = (more.provider ?? before.provider)?.slice(0, maxName)
  return {
    ...noUsage,
    ...sum,
    ...(model === undefined ? {} : { model }),
    ...(provider === undefined ? {} : { provider }),
  }
}

/**
 * The counts of a usage in the format of any SDK. Counts that it does not have are absent.
 *
 * @throws `invalid` for a count below 0.
 */
export function parseUsage(usage: JsonObject, path: string): Partial<TurnUsage> {
  const at = (...names: readonly string[]): number | undefined => {
    for (const name of names) {
      let value: JsonValue | undefined = usage
      for (const key of name.split('.')) value = isJsonObject(value) ? value[key] : undefined
      if (typeof value !== 'number') continue
      if (value < 0)
        throw new SessionError('invalid', `${path}.${name} is below 0`, { path: `${path}.${name}` })
      // No session could be read again with a larger one.
      return Math.min(Math.round(value), Number.MAX_SAFE_INTEGER)
    }
    return undefined
  }
  const cached = at(
    'cachedInputTokens',
    'inputTokenDetails.cacheReadTokens',
    'inputTokens.cacheRead',
    'prompt_tokens_details.cached_tokens',
    'promptTokensDetails.cachedTokens',
    'input_tokens_details.cached_tokens',
    'input_token_details.cache_read',
    'cache_read_input_tokens',
    'cacheReadInputTokens',
    'cachedContentTokenCount',
    'prompt_cache_hit_tokens',
    'cached_tokens',
  )
  const written = at(
    'cacheWriteTokens',
    'inputTokenDetails.cacheWriteTokens',
    'inputTokens.cacheWrite',
    'prompt_tokens_details.cache_write_tokens',
    'input_tokens_details.cache_write_tokens',
    'input_token_details.cache_creation',
    'cache_creation_input_tokens',
    'cacheWriteInputTokens',
  )
  const reasoning = at(
    'reasoningTokens',
    'outputTokenDetails.reasoningTokens',
    'outputTokens.reasoning',
    'completion_tokens_details.reasoning_tokens',
    'output_tokens_details.reasoning_tokens',
    'output_tokens_details.thinking_tokens',
    'output_token_details.reasoning',
    'thoughtsTokenCount',
  )
  const prompt = at('prompt_tokens', 'promptTokens')
  let input = at('inputTokens', 'inputTokens.total') ?? prompt ?? at('input_tokens', 'promptTokenCount')
  let output = at(
    'outputTokens',
    'outputTokens.total',
    'completion_tokens',
    'completionTokens',
    'output_tokens',
    'candidatesTokenCount',
  )
  // Some that serve Chat Completions leave the thoughts out of the answer's tokens, not out of the sum.
  const rest = (at('total_tokens') ?? 0) - (input ?? 0) - (output ?? 0)
  if (prompt !== undefined && rest > 0 && rest === (reasoning ?? rest)) output = (output ?? 0) + rest
  // Anthropic counts cached tokens separately from the input, also on Bedrock; gateways that serve its models as Chat
  // Completions do not. Gemini counts thoughts separately from the answer.
  const isApart = prompt === undefined && apart.some((name) => name in usage)
  if (isApart) input = (input ?? 0) + (cached ?? 0) + (written ?? 0)
  if ('thoughtsTokenCount' in usage) output = (output ?? 0) + (reasoning ?? 0)
  // What Gemini's own tools found is given to the model, and counted beside the prompt.
  const found = at('toolUsePromptTokenCount')
  if (found !== undefined) input = (input ?? 0) + found
  // A summary that the provider makes of a conversation is no part of its counts.
  for (const step of objectsIn(usage, 'iterations')) {
    if (step['type'] !== 'compaction') continue
    const { inputTokens = 0, outputTokens = 0 } = parseUsage(step, path)
    input = (input ?? 0) + inputTokens
    output = (output ?? 0) + outputTokens
  }
  const counts: Counts = {}
  const values = [input, output, at('costMicros'), cached, written, reasoning]
  for (const [index, kind] of kinds.entries()) {
    const value = values[index]
    if (value !== undefined) counts[kind] = value
  }
  const { model, provider } = usage
  return {
    ...counts,
    ...(typeof model === 'string' ? { model } : {}),
    ...(typeof provider === 'string' ? { provider } : {}),
  }
}

// The different names of providers for the same reason, with the names of the AI SDK.
const finishReasons: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  STOP: 'stop',
  completed: 'stop',
  COMPLETE: 'stop',
  STOP_SEQUENCE: 'stop',
  max_tokens: 'length',
  max_output_tokens: 'length',
  MAX_TOKENS: 'length',
  model_context_window_exceeded: 'length',
  model_length: 'length',
  tool_use: 'tool-calls',
  tool_calls: 'tool-calls',
  function_call: 'tool-calls',
  TOOL_CALL: 'tool-calls',
  content_filter: 'content-filter',
  refusal: 'content-filter',
  SAFETY: 'content-filter',
  RECITATION: 'content-filter',
  PROHIBITED_CONTENT: 'content-filter',
  BLOCKLIST: 'content-filter',
  SPII: 'content-filter',
  IMAGE_SAFETY: 'content-filter',
  IMAGE_PROHIBITED_CONTENT: 'content-filter',
  IMAGE_RECITATION: 'content-filter',
  content_filtered: 'content-filter',
  guardrail_intervened: 'content-filter',
}

/** Why the model stopped, in one spelling for all providers; undefined when the event does not say. */
export function parseFinishReason(value: JsonValue | undefined): string | undefined {
  const told = isJsonObject(value) ? (value['unified'] ?? value['raw']) : value
  if (typeof told !== 'string' || told === '') return undefined
  return (Object.hasOwn(finishReasons, told) ? finishReasons[told]! : told).slice(0, 100)
}
