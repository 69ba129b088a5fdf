import type { NewMessage, SessionStore } from '../contract/session-store.js'
import type { SessionRecord, SessionRef } from '../contract/session-record.js'
import type { SessionBody } from '../domain/session-body.js'
import { SessionError } from '../errors.js'
import { byteLength } from '../json.js'

/** What the messages of a session take up to one of them, in UTF-8. */
type SessionSize = NonNullable<SessionBody['size']>

/** The session whose messages are counted, as its handle last saw it. */
interface Measured {
  readonly service: { readonly store: SessionStore }
  readonly ref: SessionRef
  readonly seen: { readonly record: SessionRecord; readonly body: SessionBody } | undefined
}

// So many messages come in between two counts: each count is a read and, after an append, a change of the body.
const step = 32
const pageSize = 1000

/**
 * What the messages take once those are counted that are not yet, a page of them at most; undefined where these are
 * few, or where somebody else has changed the body, who counts.
 */
export async function countMore({ service, ref, seen }: Measured): Promise<SessionSize | undefined> {
  if (seen === undefined) return undefined
  const { record, body } = seen
  const size = sizeOf(record, body)
  if (record.lastSeq - size.seq < step) return undefined
  const { messages } = await service.store.messages(ref, { after: size.seq, limit: pageSize })
  const last = messages.at(-1)
  return last === undefined ? undefined : { seq: last.seq, bytes: size.bytes + bytesOf(messages) }
}

/** The body with a count, unless it has a newer one. */
export function withSize(body: SessionBody, size: SessionSize | undefined): SessionBody {
  return size === undefined || (body.size?.seq ?? 0) >= size.seq ? body : { ...body, size }
}

/** @throws `too_large` where a session would hold more than it may. */
export function checkSize(
  maxBytes: number,
  { record, body }: { readonly record: SessionRecord; readonly body: SessionBody },
  added: readonly NewMessage[],
): void {
  if (sizeOf(record, body).bytes + bytesOf(added) <= maxBytes) return
  throw tooLarge(maxBytes)
}

function tooLarge(maxBytes: number): SessionError {
  return new SessionError('too_large', `The messages of a session take at most ${maxBytes} bytes.`, {
    path: 'messages',
  })
}

/** The body after a message that is counted has grown, or shrunk, by so many bytes. @throws `too_large` */
export function resized(body: SessionBody, maxBytes: number, seq: number, growth: number): SessionBody {
  const { size } = body
  if (size === undefined || seq > size.seq || growth === 0) return body
  const bytes = Math.max(0, size.bytes + growth)
  if (growth > 0 && bytes > maxBytes) throw tooLarge(maxBytes)
  return { ...body, size: { ...size, bytes } }
}

/** What was counted, of the messages that are there. */
function sizeOf({ trimmedSeq }: SessionRecord, { size = { seq: 0, bytes: 0 } }: SessionBody): SessionSize {
  return trimmedSeq >= size.seq ? { seq: trimmedSeq, bytes: 0 } : size
}

function bytesOf(messages: readonly { readonly payload: string }[]): number {
  return messages.reduce((sum, { payload }) => sum + byteLength(payload), 0)
}
