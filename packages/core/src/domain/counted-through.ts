import type { SessionRecord } from '../contract/session-record.js'
import { hashOf } from '../hash.js'
import type { MessageCounts } from './counted-messages.js'
import { MessageTally } from './message-tally.js'
import { clipPath } from './path.js'
import type { SessionBody } from './session-body.js'
import type { SessionStats } from './session-stats.js'

/** Counts of the messages on the active branch up to a seq. */
export interface CountedThrough {
  readonly tally: MessageTally
  readonly through: number
}

type CountedBody = Pick<SessionBody, 'path' | 'edits' | 'stats'>

/** What tells whether counts up to a seq still hold: they do not once the branch, or a message of it, is another. */
export function shapeOf(
  { trimmedSeq }: Pick<SessionRecord, 'trimmedSeq'>,
  { path, edits = 0 }: CountedBody,
  through: number,
): string {
  return hashOf([JSON.stringify([trimmedSeq, edits, through, clipPath(path, trimmedSeq + 1, through)])])
}

/**
 * The kept counts of a session, to go on with; those of nothing when it has none that hold.
 *
 * @param lastSeq Where the log ends, or a message before that is known to be the newest but for what is not asked for.
 */
export function keptCounts(
  record: Pick<SessionRecord, 'trimmedSeq'>,
  body: CountedBody,
  lastSeq: number,
): CountedThrough {
  const { stats } = body
  if (stats === undefined || stats.through > lastSeq || stats.shape !== shapeOf(record, body, stats.through))
    return { tally: new MessageTally(), through: record.trimmedSeq }
  const tally = new MessageTally(stats.tally)
  const { reply, through } = stats
  if (reply === undefined || through + reply.messages !== lastSeq) return { tally, through }
  // A reply that broke off leaves the branch when its message is answered again.
  const onBranch = clipPath(body.path, through + 1, lastSeq).reduce(
    (sum, { from, to }) => sum + to - from + 1,
    0,
  )
  if (onBranch !== reply.messages) return { tally, through }
  tally.addCounts(reply.counts)
  return { tally, through: lastSeq }
}

/** Counts as a session keeps them. @param reply Of the messages that are stored together with them. */
export function toStats(
  shape: string,
  { tally, through }: CountedThrough,
  reply?: { readonly messages: number; readonly counts: MessageCounts },
): SessionStats {
  return { shape, through, tally: tally.kept(), ...(reply === undefined ? {} : { reply }) }
}
