import * as z from 'zod/mini'
import { maxErrorLength, SessionError } from '../errors.js'
import { isJsonObject, type JsonObject, type JsonValue, toJson } from '../json.js'
import { toParts } from '../domain/part.js'
import { checkWith } from '../parse.js'
import { parseFinishReason, parseUsage } from './usage.js'

/** A document that a turn retrieved. It stays with the turn's reply, and later turns can read it. */
export interface TurnDocument {
  /** Names the document, in the system that it is from. */
  readonly id: string
  /** As people read it. */
  readonly title?: string
  /** What the model was given of it. */
  readonly text?: string
  /** Where it is found. */
  readonly url?: string
  readonly [extra: string]: JsonValue | undefined
}

/**
 * A piece of an answer, in the order of the model. Text and reasoning contain the next piece, not the whole: pieces of
 * one `id` are joined, and so are those without an `id` that follow each other. Fields and types that are not listed
 * are kept word for word; fields that are `undefined` are absent. A part with `transient: true` is told and not stored.
 */
export type TurnPart =
  | { type: 'text'; text: string; id?: string; [extra: string]: JsonValue | undefined }
  | { type: 'reasoning'; text: string; id?: string; [extra: string]: JsonValue | undefined }
  | {
      type: 'tool-call'
      toolCallId: string
      toolName: string
      input: JsonValue
      [extra: string]: JsonValue | undefined
    }
  | {
      type: 'tool-result'
      toolCallId: string
      output: JsonValue
      toolName?: string
      isError?: boolean
      [extra: string]: JsonValue | undefined
    }
  /** A source of the answer; any fields. */
  | { type: 'source'; [extra: string]: JsonValue | undefined }
  | { type: 'document'; document: TurnDocument }
  /** Several are added up. Input includes cached tokens, output includes reasoning. */
  | {
      type: 'usage'
      inputTokens?: number
      outputTokens?: number
      costMicros?: number
      cachedInputTokens?: number
      cacheWriteTokens?: number
      reasoningTokens?: number
      model?: string
      provider?: string
    }
  /** Why the model stopped: `stop`, `length`, `tool-calls`, `content-filter` or another word of its provider. */
  | { type: 'finish'; finishReason: string }
  /** The model failed: the turn ends as `failed`. The message is shown to the caller. */
  | { type: 'error'; message: string }

/** Whether a part is told to those who read the turn now, and not stored. */
export function isTransient(part: object): boolean {
  return (part as { transient?: unknown }).transient === true
}

const document = z.looseObject({
  document: z.looseObject({ id: z.string().check(z.minLength(1), z.maxLength(200)) }),
})
const failure = z.looseObject({ message: z.string() })
// What a turn says of itself: a part of such a type would end the reading before the answer has ended.
const ownTypes: readonly string[] = ['started', 'completed', 'failed', 'aborted']

/** The parts in a value that `respond` yields. @throws `invalid` with the path. */
export function parseTurnParts(value: unknown): TurnPart[] {
  const part = toJson(value, 'part')
  if (!isJsonObject(part))
    throw new SessionError('invalid', 'part is neither a text nor an object', { path: 'part' })
  switch (part['type']) {
    case 'usage':
      return [...toUsageParts(usageIn(part) ?? part, part['finishReason'])]
    case 'finish':
      return [...toUsageParts(usageIn(part), part['finishReason'])]
    case 'document':
      return [checkWith(document, part, 'part') as TurnPart]
    case 'error': {
      const { message } = checkWith(failure, part, 'part') as { message: string }
      return [{ ...part, message: message.slice(0, maxErrorLength) } as TurnPart]
    }
    case 'source':
      return [part as TurnPart]
    default:
      if (typeof part['type'] === 'string' && ownTypes.includes(part['type'])) {
        const message = `part.type: ${part['type']} is an event of the turn itself`
        throw new SessionError('invalid', message, { path: 'part.type' })
      }
      return toParts(part, 'part') as TurnPart[]
  }
}

/** The usage, and why the model stopped, if the event has them. @throws `invalid` */
export function* toUsageParts(
  usage: JsonObject | undefined,
  finished: JsonValue | undefined,
): Generator<TurnPart> {
  const counts = usage === undefined ? {} : parseUsage(usage, 'part')
  if (Object.keys(counts).length > 0) yield { type: 'usage', ...counts } as TurnPart
  const finishReason = parseFinishReason(finished)
  if (finishReason !== undefined) yield { type: 'finish', finishReason }
}

/** The fields where the SDKs have the usage. */
export function usageIn(part: JsonObject): JsonObject | undefined {
  const usage = part['usage'] ?? part['totalUsage'] ?? part['usageMetadata']
  return isJsonObject(usage) ? usage : undefined
}
