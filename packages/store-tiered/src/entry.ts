import {
  type Committed,
  countFitting,
  type MessagePage,
  type MessageQuery,
  type SessionChange,
  type SessionRecord,
  type StoredMessage,
  type StoredSession,
} from '@sessions/core/store'

/** A session as it was at a moment. */
export interface Entry extends StoredSession {
  /** When the read that gave it was sent, by `performance.now()`: it is no older than that. */
  readonly checkedAt: number
  /** What it takes in memory, where it was weighed: a change weighs what is new alone, however long the session is. */
  readonly weighed?: number
}

/** A copy for a caller, with the newest `tail` messages; undefined when the entry has too few of them. */
export function answerOf({ record, body, messages }: StoredSession, tail: number): StoredSession | undefined {
  const first = messages[0]?.seq ?? record.lastSeq + 1
  if (messages.length < tail && first > record.trimmedSeq + 1) return undefined
  return cutTo({ record, body, messages }, tail)
}

/** A copy with the newest `tail` messages of those that there are. */
export function cutTo({ record, body, messages }: StoredSession, tail: number): StoredSession {
  const newest = tail === 0 ? [] : messages.slice(-tail).reverse()
  return {
    record: copyOf(record),
    body,
    messages: newest.slice(0, countFitting(newest)).reverse().map(copyOf),
  }
}

/** A copy of the page, as the store would give it; undefined when the entry lacks some of its messages. */
export function pageOf(
  { record, messages }: StoredSession,
  { after = 0, before = Infinity, limit, order = 'asc' }: MessageQuery,
): MessagePage | undefined {
  const low = Math.max(after, record.trimmedSeq) + 1
  const high = Math.min(before - 1, record.lastSeq)
  if (low > high) return { messages: [], more: false }
  const isForward = order === 'asc'
  // Between the trimmed ones and the newest no seq is missing.
  const from = isForward ? low : Math.max(low, high - limit + 1)
  const to = isForward ? Math.min(high, low + limit - 1) : high
  const first = messages[0]?.seq ?? record.lastSeq + 1
  if (from < first) return undefined
  const found = messages.slice(from - first, to - first + 1)
  if (!isForward) found.reverse()
  const page = found.slice(0, countFitting(found)).map(copyOf)
  return { messages: page, more: page.length < found.length || (isForward ? to < high : from > low) }
}

/** What an entry takes in memory, about: strings with characters outside of Latin-1 take two bytes for each. */
export function bytesOf({ body, messages, weighed }: Omit<Entry, 'checkedAt'>): number {
  return (
    weighed ??
    messages.reduce((sum, message) => sum + bytesOfMessage(message), entryBytes + bytesOfText(body))
  )
}

const entryBytes = 1024
const messageBytes = 160

function bytesOfMessage({ id, payload }: StoredMessage): number {
  return messageBytes + bytesOfText(id) + bytesOfText(payload)
}

// oxlint-disable-next-line no-control-regex -- All of Latin-1 are meant.
const wide = /[^\u0000-\u00ff]/

function bytesOfText(text: string): number {
  return wide.test(text) ? 2 * text.length : text.length
}

function copyOf<T extends SessionRecord | StoredMessage>(value: T): T {
  return 'lifetime' in value ? { ...value, lifetime: { ...value.lifetime } } : { ...value }
}

/** A session after a change that was the only one. */
export function after(
  known: Omit<Entry, 'checkedAt'>,
  made: Pick<SessionChange, 'body' | 'messages'>,
  { record, messages: appended }: Committed,
): Omit<Entry, 'checkedAt'> {
  const added = appended.flatMap(({ id, seq, at, inserted }, index) =>
    inserted ? [{ id, seq, at, payload: made.messages![index]!.payload }] : [],
  )
  const body = made.body ?? known.body
  const weighed = added.reduce((sum, message) => sum + bytesOfMessage(message), bytesWith(known, body))
  return { record: { ...record }, body, messages: [...known.messages, ...added], weighed }
}

function bytesWith(known: Omit<Entry, 'checkedAt'>, body: string): number {
  return bytesOf(known) + (body === known.body ? 0 : bytesOfText(body) - bytesOfText(known.body))
}

/** What to keep of a session that was read; undefined when what is known of it was read later. */
export function laterOf(known: Entry | undefined, read: Entry): Entry | undefined {
  if (known === undefined || known.record.incarnation !== read.record.incarnation) {
    return known !== undefined && known.checkedAt > read.checkedAt ? undefined : read
  }
  // What was read later counts, though it may show fewer changes: a store may lose writes in a failover.
  if (known.checkedAt > read.checkedAt && known.record.changes >= read.record.changes) return undefined
  const isAsLong =
    known.record.changes === read.record.changes && known.messages.length > read.messages.length
  if (!isAsLong) return read
  return { ...read, messages: known.messages, weighed: bytesWith(known, read.body) }
}
