import type { SessionRecord } from '../contract/session-record.js'
import { type CountedThrough, keptCounts, shapeOf, toStats } from '../domain/counted-through.js'
import type { Message } from '../domain/message.js'
import type { MessageCounts } from '../domain/counted-messages.js'
import { readPath } from '../domain/path.js'
import type { SessionBody } from '../domain/session-body.js'
import type { LiveSession } from '../service/live-session.js'
import { pause } from '../async/slices.js'

/** Counts of the messages before a reply. */
export interface CountedBefore extends CountedThrough {
  readonly shape: string
  /** False when there are more messages before the reply. */
  readonly isAll: boolean
}

/** Of a reply: how many messages it is, and their counts. */
export interface ReplyCounts {
  readonly messages: number
  readonly counts: MessageCounts
}

// A session that was imported, or is only appended to, is counted in as many turns as it has such pages.
const pageSize = 200

/**
 * Counts the messages before the reply of a turn that has just begun. Reads nothing where the last turn left its counts
 * and only the message of this turn came since; otherwise one page.
 *
 * @returns Undefined when it could not: then what was kept before holds for what it holds for.
 */
export async function countBefore(
  live: LiveSession,
  { message, inserted }: { readonly message: Message; readonly inserted: boolean },
): Promise<CountedBefore | undefined> {
  const { seen } = live
  if (seen === undefined) return undefined
  const { record, body } = seen
  const isNewest = inserted && message.seq === record.lastSeq
  const known = keptCounts(record, body, isNewest ? record.lastSeq - 1 : record.lastSeq)
  const { tally } = known
  let { through } = known
  let isAll = true
  if (isNewest && through === record.lastSeq - 1) {
    tally.add(message)
    through = record.lastSeq
  } else if (through < record.lastSeq) {
    try {
      const { store } = live.service
      const page = await readPath(store, live.ref, body.path, { after: through, limit: pageSize })
      for (const each of page.messages) {
        tally.add(each)
        await pause()
      }
      isAll = page.after === undefined
      through = page.after ?? Math.max(record.lastSeq, page.messages.at(-1)?.seq ?? 0)
    } catch {
      // The turn must not fail because of counts, which the next turn makes.
      return undefined
    }
  }
  return { tally, through, isAll, shape: shapeOf(record, body, through) }
}

/** The body with the counts at the end of a turn, unless the branch has become another meanwhile. */
export function withStats(
  body: SessionBody,
  record: SessionRecord,
  counted: CountedBefore | undefined,
  reply: ReplyCounts,
): SessionBody {
  if (counted === undefined || shapeOf(record, body, counted.through) !== counted.shape) return body
  return { ...body, stats: toStats(counted.shape, counted, counted.isAll ? reply : undefined) }
}
