import type { SessionRef } from '../contract/session-record.js'
import type { NewMessage, SessionStore } from '../contract/session-store.js'
import { isSessionError } from '../errors.js'

/**
 * Appends messages. One that the log has with the same words stays as it is there: it may have annotations by now, be the
 * copy of another session's, or be counted by another tokenizer, and then a store takes it for another message.
 *
 * @returns The result, and the messages as the store has them. @throws `conflict` for a known id with other words
 */
export async function appendKnown<Result>(
  { service: { store }, ref }: { service: { store: SessionStore }; ref: SessionRef },
  messages: readonly NewMessage[],
  append: (messages: readonly NewMessage[]) => Promise<Result>,
): Promise<{ readonly result: Result; readonly encoded: readonly NewMessage[] }> {
  try {
    return { result: await append(messages), encoded: messages }
  } catch (error) {
    if (!isSessionError(error, 'conflict') || error.messageId === undefined) throw error
    const { asStored } = await import('./said-again.js')
    const encoded = await asStored(store, ref, messages)
    if (encoded.every((message, index) => message === messages[index])) throw error
    return { result: await append(encoded), encoded }
  }
}
