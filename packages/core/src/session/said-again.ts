// What messages that the log has already need: loaded with the first of them in a process.
import type { SessionRef } from '../contract/session-record.js'
import type { AppendedMessage, NewMessage, SessionStore } from '../contract/session-store.js'
import { decodeMessage, type Message } from '../domain/message.js'
import { onPath, pathWithout } from '../domain/path.js'
import { sameMessage } from '../service/known-message.js'
import type { LiveSession } from '../service/live-session.js'
import { putAgain } from '../service/put-again.js'
import { mapInSlices } from '../async/slices.js'

// As many as one page of messages holds.
const searched = 1000

/** The messages, with the payloads of those that are among the newest of the log. */
export async function asStored(
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

/** The messages of an append with known ones among them, after all of them are on the active branch in their order. */
export async function inOrder(
  live: LiveSession,
  stored: readonly Message[],
  appended: readonly AppendedMessage[],
): Promise<readonly Message[]> {
  const { path } = (await live.load()).body
  const missing = stored.findIndex(({ seq }) => !onPath(path, seq))
  if (missing === -1) return stored
  const wanted = stored.map(({ seq }, index) => {
    return index >= missing && (appended[index]!.inserted || !onPath(path, seq))
  })
  const newer = appended.filter(({ inserted }, index) => index > missing && inserted)
  // Messages that were stored just now must come after the ones before them: they are taken off the branch, and put
  // back in order.
  if (newer.length > 0) {
    const { seq: from } = newer[0]!
    const { seq: to } = newer.at(-1)!
    await live.update((before) => ({ ...before, path: pathWithout(before.path, from, to) }))
  }
  const again = await putAgain(
    live,
    stored.filter((_, index) => wanted[index]),
  )
  return stored.map((message, index) => (wanted[index] === true ? (again.shift() ?? message) : message))
}
