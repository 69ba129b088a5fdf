import { digestOf } from '../digest.js'
import type { SessionRecord } from '../contract/session-record.js'

/** How much of a session somebody was told. */
export interface UpdatePlace {
  readonly incarnation: string
  /** Of the last message that was told, or that was there already. */
  readonly seq: number
  /** The changes that the record counted when its parts were told last. */
  readonly changes: number
  /** The record's `updatedAt` then: after a failover a store may count other changes by the same numbers. */
  readonly updatedAt: number
  /** Tells the last message from another one that has its `seq` after a failover; empty where there is none. */
  readonly mark: string
}

/** The mark of a message. */
export async function markOfMessage(id: string): Promise<string> {
  return (await digestOf(id)).slice(0, 6)
}

/** The place of whoever knows all of a session whose newest message has this mark. */
export function placeIn(
  { incarnation, lastSeq, changes, updatedAt }: SessionRecord,
  mark: string,
): UpdatePlace {
  return { incarnation, seq: lastSeq, changes, updatedAt, mark }
}

/** `incarnation.seq.changes.mark` */
export function encodePlace({ incarnation, seq, changes, updatedAt, mark }: UpdatePlace): string {
  // A session that was copied from elsewhere may have any text here, and a header takes ASCII alone.
  return `${encodeURIComponent(incarnation)}.${seq}.${changes}-${updatedAt.toString(36)}.${mark}`
}

/** Undefined for what `encodePlace` has not made. */
export function decodePlace(id: string): UpdatePlace | undefined {
  const match = /^(.+)\.(\d{1,15})\.(\d{1,15})-([0-9a-z]{1,11})\.([\w-]{6}|)$/.exec(id)
  if (match === null) return undefined
  const [, incarnation, seq, changes, updatedAt, mark] = match as unknown as readonly string[]
  try {
    return {
      incarnation: decodeURIComponent(incarnation!),
      seq: Number(seq),
      changes: Number(changes),
      updatedAt: Number.parseInt(updatedAt!, 36),
      mark: mark!,
    }
  } catch {
    return undefined
  }
}

/** Whether a session goes on from a place, as far as its record tells. */
export function goesOnFrom(place: UpdatePlace, record: SessionRecord): boolean {
  if (place.incarnation !== record.incarnation || place.seq > record.lastSeq) return false
  // Messages after the place are missing.
  if (place.seq < record.trimmedSeq) return false
  if (place.changes === record.changes) return place.updatedAt === record.updatedAt
  return place.changes < record.changes
}
