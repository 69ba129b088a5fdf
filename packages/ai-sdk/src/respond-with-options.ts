import type { TurnContext } from '@sessions/core'
import type { SessionContextOptions } from '@sessions/core/context'
import type { streamText, TextStreamPart, ToolSet } from 'ai'
import type { ToModelMessagesOptions } from './to-model-messages.js'

/** A value, or what makes it for a turn. */
export type OfTurn<Value> = Value | ((turn: TurnContext) => Value | Promise<Value>)

type StreamOptions = Parameters<typeof streamText>[0]
type Taken = 'model' | 'prompt' | 'messages' | 'system' | 'instructions' | 'tools' | 'abortSignal'

/** Options of `respondWith`: its own, and those of `streamText`, such as `temperature`, `stopWhen` or `providerOptions`. */
export interface RespondWithOptions
  extends Omit<StreamOptions, Taken>, Pick<ToModelMessagesOptions, 'convertDataPart'> {
  /** Instructions (default: none). */
  system?: OfTurn<string> | undefined
  /** The tools that the SDK runs, or the page (default: none). Those of the turn are added. */
  tools?: OfTurn<ToolSet> | undefined
  /** What the model sees of the conversation, as for `session.context()` (default: 16,000 tokens). */
  context?: Partial<Omit<SessionContextOptions, 'system'>> | undefined
  /** Metadata of the UI message: called with each part of the stream, as in the SDK (default: none). */
  messageMetadata?: ((options: { part: TextStreamPart<ToolSet> }) => unknown) | undefined
}
