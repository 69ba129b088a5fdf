import { convertToModelMessages, type ModelMessage, type ToolSet } from 'ai'
import type { KeptMessage } from './kept-part.js'
import { toUIMessages } from './to-ui-messages.js'

/** Options of `toModelMessages`. */
export interface ToModelMessagesOptions {
  /** The tools of the model: what their `toModelOutput` makes of a result is what the model gets (default: none). */
  tools?: ToolSet | undefined
  /** What a model is told of a data part (default: nothing). */
  convertDataPart?: NonNullable<Parameters<typeof convertToModelMessages>[1]>['convertDataPart']
}

/** Messages of a context, or of a log, for `streamText` and `generateText`. Pure. */
export async function toModelMessages(
  messages: readonly KeptMessage[],
  options: ToModelMessagesOptions = {},
): Promise<ModelMessage[]> {
  return convertToModelMessages(await toUIMessages(messages), options as object)
}
