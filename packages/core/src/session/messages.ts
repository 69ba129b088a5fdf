import { checkOptions } from '../options.js'
import { isSessionError, SessionError } from '../errors.js'
import { clipPath, type HistoryOptions, type HistoryPage, onPath, readPath } from '../domain/path.js'
import { appendKnown } from './append-known.js'
import type { ChangeOptions } from '../service/change-options.js'
import { roomUpTo } from '../service/room.js'
import { storeAfter } from '../service/store-after.js'
import type { LiveSession } from '../service/live-session.js'
import { decodeMessages, type MessageInput } from '../domain/message.js'
import { encodeMessages } from '../service/encode-messages.js'
import { type Appended, asNew } from '../service/unknown-outcome.js'
import { expireBefore, isHistoryOver } from './expiry.js'
import { expireNow } from './over-histories.js'
import type { AppendedMessage, NewMessage } from '../contract/session-store.js'

const pageSize = 1000

/**
 * Appends all messages or none, behind those of earlier calls of this handle. A known message that is not on the active
 * branch is put on it again.
 *
 * @throws `invalid`, `too_large`, `limit_reached`, `conflict`
 */
export async function appendMessages(
  live: LiveSession,
  messages: MessageInput | readonly MessageInput[],
): Promise<readonly AppendedMessage[]> {
  const begun = encodeMessages(live.service, messages)
  const place = begun instanceof Promise || live.encoding !== undefined ? takePlace(live) : undefined
  let lastSeq: number
  let appending: ReturnType<typeof appendKnown<Appended>>
  try {
    const given =
      place === undefined
        ? (begun as readonly NewMessage[])
        : await storeAfter(live, place.behindEarlier(begun))
    lastSeq = live.record.lastSeq
    appending = appendKnown(live, given, async (known) => live.append(known))
  } finally {
    place?.leave()
  }
  const { result, encoded } = await appending
  const { messages: appended, isLost } = result
  return settleAppended(live, encoded, appended, isLost ? asNew(appended, lastSeq) : appended)
}

/**
 * As `appendMessages`, unless the session is another one than the handle has read: its body was changed, or something was
 * appended.
 *
 * @throws `conflict`, with the revision of the session.
 */
export async function appendUnchanged(
  live: LiveSession,
  messages: MessageInput | readonly MessageInput[],
  change: ChangeOptions,
): Promise<readonly AppendedMessage[]> {
  const { lastSeq } = live.record
  const given = await encodeMessages(live.service, messages)
  const room = roomUpTo(live.service, lastSeq, given.length)
  try {
    // The body stays as it is, at a new revision: a commit of messages alone looks at no revision.
    const { result, encoded } = await appendKnown(live, given, async (known) =>
      live.update((body) => body, { ...change, ...room, messages: known }),
    )
    return await settleAppended(live, encoded, result.appended)
  } catch (error) {
    const isFull = lastSeq + given.length > live.service.limits.maxMessages
    if (isFull || !isSessionError(error, 'limit_reached')) throw error
    const { revision } = (await live.load()).record
    throw new SessionError('conflict', 'Something was appended to the session meanwhile.', { revision })
  }
}

/** A place in the order of calls: a long message takes longer to encode than a short one, which must not overtake it. */
function takePlace(live: LiveSession) {
  const earlier = live.encoding
  let leave = (): void => {}
  const left = new Promise<void>((resolve) => (leave = resolve))
  const all = Promise.all([earlier, left]).then(() => {
    if (live.encoding === all) live.encoding = undefined
  })
  live.encoding = all
  return {
    leave,
    behindEarlier: async <Encoded>(begun: Encoded | Promise<Encoded>): Promise<Encoded> => {
      const [encoded] = await Promise.all([begun, earlier])
      return encoded
    },
  }
}

/**
 * Finishes an append: emits events for new messages, and puts known ones on the active branch.
 *
 * @param told The messages as the caller is told of them: after a lost answer more of them are new (default: as appended).
 */
export async function settleAppended(
  live: LiveSession,
  encoded: readonly NewMessage[],
  appended: readonly AppendedMessage[],
  told: readonly AppendedMessage[] = appended,
): Promise<readonly AppendedMessage[]> {
  const stored = await decodeMessages(appended.map(({ seq, at }, index) => ({ ...encoded[index]!, seq, at })))
  for (const [index, { inserted }] of told.entries()) {
    const { id: messageId, seq, role, tokens } = stored[index]!
    if (inserted) live.emit('message.appended', live.record, { messageId, seq, role, tokens })
  }
  const first = told.find((message) => message.inserted)
  if (first !== undefined) await expireBefore(live, first)
  else if (appended.length > 0) await expireNow(live)
  // A history that was over has taken known ones along: they are said anew.
  if (appended.some(({ inserted, seq }) => !inserted && seq <= live.record.trimmedSeq)) {
    const again = await settleAppended(live, encoded, (await live.append(encoded)).messages)
    return again.map((message, index) => ({
      ...message,
      inserted: message.inserted || told[index]!.inserted,
    }))
  }
  if (appended.every(({ inserted }) => inserted)) return appended
  const { inOrder } = await import('./said-again.js')
  const placed = await inOrder(live, stored, appended)
  return told.map((message, index) => ({ ...message, seq: placed[index]!.seq, at: placed[index]!.at }))
}

/** One page. @throws `invalid` */
export async function readHistory(live: LiveSession, options: HistoryOptions): Promise<HistoryPage> {
  checkOptions<HistoryOptions>(options, {
    limit: 'number',
    before: 'number',
    after: 'number',
    branch: ['active', 'all'],
  })
  const { limit = 50, branch = 'active' } = options
  if (!Number.isInteger(limit) || limit < 1 || limit > pageSize) {
    throw new SessionError('invalid', `limit must be a whole number from 1 to ${pageSize}`, {
      path: 'limit',
    })
  }
  if (options.before !== undefined && options.after !== undefined) {
    throw new SessionError('invalid', 'before and after exclude each other', { path: 'after' })
  }
  const isNewest = options.before === undefined && options.after === undefined
  // For an older page, the newest message matters only when it decides whether the history has expired.
  const tail = isNewest ? limit : Number.isFinite(live.service.ttl.historyMs) ? 1 : 0
  const { record, body, messages } = await live.show(tail)
  if (!live.isStored || (await isHistoryOver(live.service, record, messages.at(-1), body.turn)))
    return { messages: [] }
  const path = branch === 'all' ? [{ from: record.trimmedSeq + 1 }] : body.path
  const { store, shownAgeMs } = live.service
  if (!isNewest) return readPath(store, live.ref, path, { ...options, limit, maxAgeMs: shownAgeMs })
  // The usual case costs one round trip: the messages that came with the session are the page.
  const page = messages.filter(({ seq }) => onPath(path, seq))
  const known = messages[0]?.seq ?? record.lastSeq + 1
  const older = clipPath(path, record.trimmedSeq + 1, known - 1)
  const missing = limit - page.length
  const isCut = messages.length < Math.min(tail, record.lastSeq - record.trimmedSeq)
  if (older.length === 0) return { messages: page }
  // If the store left messages out because they would not fit a page, what it returned is a page.
  if (missing === 0 || (isCut && page.length > 0)) return { messages: page, before: page[0]!.seq }
  const { messages: rest, before } = await readPath(store, live.ref, older, {
    before: known,
    limit: missing,
    maxAgeMs: shownAgeMs,
  })
  return { messages: [...rest, ...page], ...(before === undefined ? {} : { before }) }
}
