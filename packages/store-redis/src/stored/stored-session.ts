import { corrupt, type SessionRef, type StoredSession } from '@sessions/core/store'
import { marker, parseBody, parseMessages, parseRecord } from './stored-record.js'

interface Tail {
  readonly tail: number
  /** Whether the server left out messages that do not fit a page. */
  readonly isCut: boolean
}

/** A session and its newest messages, from the first elements of its log. @throws `corrupt` when some are missing. */
export function toStored(
  ref: SessionRef,
  elements: readonly unknown[],
  { tail, isCut }: Tail,
): StoredSession {
  const [text, body, mark, ...newest] = elements
  const record = parseRecord(ref, text)
  const count = Math.min(tail, record.lastSeq - record.trimmedSeq)
  const isRight = isCut ? newest.length > 0 && newest.length < count : newest.length === count
  if (mark !== marker || !isRight) throw corrupt('messages are missing')
  return { record, body: parseBody(body), messages: parseMessages(newest, 'desc', record.lastSeq).reverse() }
}
