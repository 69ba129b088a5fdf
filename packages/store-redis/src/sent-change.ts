import {
  type AppendedMessage,
  type Committed,
  corrupt,
  messageConflict,
  notFound,
  revisionConflict,
  type SessionChange,
  type SessionError,
  type SessionRecord,
  tooManyBytes,
  tooManyMessages,
} from '@sessions/core/store'

/**
 * The part of a change that is needed to read the answer: when the answer comes, its caller may have altered the
 * change.
 */
export interface SentChange {
  readonly revision: number | undefined
  readonly ids: readonly string[]
  /** How far its messages may take the log. */
  readonly maxSeq: number
  readonly maxBytes: number
  /** The names of the session from then on, if the change sets them. */
  readonly names: Pick<SessionChange, 'userId' | 'label'>
  /** How long after the commit the deadline is that the commit sets. */
  readonly dueMs: number | undefined
}

export function toSent({
  revision,
  messages = [],
  userId,
  label,
  maxSeq = Infinity,
  maxBytes = Infinity,
  lifetime,
  ...given
}: SessionChange): SentChange {
  const { idleMs = given.idleMs, absoluteMs = given.absoluteMs } = lifetime ?? {}
  const dueMs = Math.min(idleMs ?? Infinity, absoluteMs ?? Infinity)
  return {
    revision,
    ids: messages.map(({ id }) => id),
    names: { ...(userId === undefined ? {} : { userId }), ...(label === undefined ? {} : { label }) },
    maxSeq,
    maxBytes,
    dueMs: dueMs === Infinity ? undefined : dueMs,
  }
}

/** The content of the reply to the commit named `op`: a verdict, and its details. */
export function toVerdict(op: string, reply: readonly unknown[]): readonly unknown[] {
  const [first, said, ...details] = reply
  const done = `ok ${op} `
  if (said === undefined && typeof first === 'string' && first.startsWith(done)) {
    return ['ok', first.slice(done.length), '']
  }
  // The reply names another commit.
  if (said !== op) throw new Error('the client gave the reply to another command')
  return [first, ...details]
}

/** The result for the caller after `ok`. */
export function toCommitted(sent: SentChange, record: SessionRecord, places: readonly unknown[]): Committed {
  const { updatedAt: at } = record
  const isNew = (index: number) => places.length === 0 || String(places[index]) === '0'
  let seq = record.lastSeq - sent.ids.filter((_, index) => isNew(index)).length
  const messages = sent.ids.map((id, index): AppendedMessage => {
    if (isNew(index)) return { id, seq: ++seq, at, inserted: true }
    return { id, ...toPlace(places[index]), inserted: false }
  })
  return { record, messages }
}

/**
 * The result for the caller after `again`. The session may have gone on since. This change of its body made the
 * revision after the one it was for.
 */
export function toRepeated(sent: SentChange, record: SessionRecord, places: readonly unknown[]): Committed {
  const messages = sent.ids.map((id, index): AppendedMessage => ({
    id,
    ...toPlace(places[index]),
    inserted: true,
  }))
  return { record: { ...record, revision: sent.revision! + 1 }, messages }
}

/** The error for the caller after any other verdict. */
export function toRefusal(sent: SentChange, verdict: unknown, [detail]: readonly unknown[]): SessionError {
  switch (verdict) {
    case 'gone':
      return notFound()
    case 'revision':
      return revisionConflict(Number(detail), sent.revision!)
    case 'id':
      return messageConflict(sent.ids[Number(detail)]!)
    case 'full':
      return detail === 'bytes' ? tooManyBytes(sent.maxBytes) : tooManyMessages(sent.maxSeq)
    default:
      return corrupt(String(detail))
  }
}

function toPlace(place: unknown): { seq: number; at: number } {
  const [seq, at] = String(place).split(' ')
  return { seq: Number(seq), at: Number(at) }
}
