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

/** What the answer to a commit is read with: by the time it comes, the change itself may be another. */
export interface SentChange {
  readonly revision: number | undefined
  readonly ids: readonly string[]
  /** How far its messages may take the log. */
  readonly maxSeq: number
  readonly maxBytes: number
  /** What the session is called from then on, where the change says so. */
  readonly names: Pick<SessionChange, 'userId' | 'label'>
  /** How long after the commit the deadline is that it sets. */
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

/** What the reply to the commit named `op` says: a verdict, and what belongs to it. */
export function toVerdict(op: string, reply: readonly unknown[]): readonly unknown[] {
  const [first, said, ...details] = reply
  const done = `ok ${op} `
  if (said === undefined && typeof first === 'string' && first.startsWith(done)) {
    return ['ok', first.slice(done.length), '']
  }
  // Heard of a commit, but not of this one.
  if (said !== op) throw new Error('the client gave the reply to another command')
  return [first, ...details]
}

/** What `ok` means for the caller. */
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
 * What `again` means for the caller. The session may have gone on since; this change of its body made the revision
 * after the one it was for.
 */
export function toRepeated(sent: SentChange, record: SessionRecord, places: readonly unknown[]): Committed {
  const messages = sent.ids.map((id, index): AppendedMessage => ({
    id,
    ...toPlace(places[index]),
    inserted: true,
  }))
  return { record: { ...record, revision: sent.revision! + 1 }, messages }
}

/** What any other verdict means for the caller. */
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
