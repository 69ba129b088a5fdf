import type { SessionRef } from '../contract/session-record.js'
import type { NewMessage, SessionStore } from '../contract/session-store.js'
import { decodeMessage } from '../domain/message.js'
import { isSessionError } from '../errors.js'
import { mapInSlices } from '../slices.js'
import { sameMessage } from './known-message.js'

// As many as one page of messages holds.
const searched = 1000

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
    const encoded = await asStored(store, ref, messages)
    if (encoded.every((message, index) => message === messages[index])) throw error
    return { result: await append(encoded), encoded }
  }
}

/** The messages, with the payloads of those that are among the newest of the log. */
async function asStored(
  store: SessionStore,
  ref: SessionRef,
  messages: readonly NewMessage[],
): Promise<readonly NewMessage[]> {
  const page = await store.messages(ref, { before: Number.MAX_SAFE_INTEGER, limit: searched, order: 'desc' })
  const known = new Map(page.messages.map((stored) => [stored.id, stored]))
  return mapInSlices(messages, (message) => {
    const stored = known.get(message.id)
    if (stored === undefined || stored.payload === message.payload) return message
    const { seq, at } = stored
    const isSame = sameMessage(decodeMessage(stored), decodeMessage({ ...message, seq, at }))
    return isSame ? { id: message.id, payload: stored.payload } : message
  })
}
