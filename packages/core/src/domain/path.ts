import { decodeMessages, type Message } from './message.js'
import type { SeqRange } from './session-body.js'
import type { SessionRef } from '../contract/session-record.js'
import { countFitting } from '../contract/page-bytes.js'
import type { MessageQuery, SessionStore, StoredMessage } from '../contract/session-store.js'

/** Which page of the history to read. */
export interface HistoryOptions {
  /**
   * At most this many messages, 1 to 1,000 (default 50). A page ends earlier if it would hold more than 4 MiB of text;
   * `before` and `after` of the page say whether there is more.
   */
  limit?: number | undefined
  /** The messages just before this `seq` (default: the newest messages). */
  before?: number | undefined
  /** The messages just after this `seq`; excludes `before` (default: the newest messages). */
  after?: number | undefined
  /** `active` (default): the active branch; `all`: every message ever appended. */
  branch?: 'active' | 'all' | undefined
}

/** A page of history, oldest first. */
export interface HistoryPage {
  /** In the order of the log. */
  readonly messages: readonly Message[]
  /** Pass it as `before` to read the earlier messages; absent at the beginning. */
  readonly before?: number
  /** Pass it as `after` to read the later messages; absent at the end. */
  readonly after?: number
}

/** One page of the messages on `path`. */
export async function readPath(
  store: SessionStore,
  ref: SessionRef,
  path: readonly SeqRange[],
  {
    limit = 50,
    before,
    after,
    maxAgeMs = 0,
  }: Pick<HistoryOptions, 'limit' | 'before' | 'after'> & Pick<MessageQuery, 'maxAgeMs'>,
): Promise<HistoryPage> {
  const forward = after !== undefined
  const ranges = forward ? path : path.toReversed()
  const found: StoredMessage[] = []
  let more = false
  for (const range of ranges) {
    const from = Math.max(range.from, (after ?? 0) + 1)
    const to = Math.min(range.to ?? Number.MAX_SAFE_INTEGER - 1, (before ?? Number.MAX_SAFE_INTEGER) - 1)
    if (from > to) continue
    const missing = limit - found.length
    // One message more than wanted tells whether there is another page.
    const page = await store.messages(ref, {
      after: from - 1,
      before: to + 1,
      limit: Math.max(missing, 1),
      order: forward ? 'asc' : 'desc',
      ...(maxAgeMs > 0 ? { maxAgeMs } : {}),
    })
    if (missing === 0) {
      more = page.messages.length > 0
    } else {
      const isFirst = found.length === 0
      found.push(...page.messages)
      // A page over several ranges has the same bound as a page over one.
      const fit = isFirst ? found.length : countFitting(found)
      more = page.more || fit < found.length
      found.length = fit
    }
    if (more) break
  }
  const messages = await decodeMessages(forward ? found : found.toReversed())
  const first = messages[0]
  const last = messages.at(-1)
  const earlier = forward ? after > 0 : more
  const later = forward ? more : before !== undefined
  return {
    messages,
    ...(earlier && first !== undefined ? { before: first.seq } : {}),
    ...(later && last !== undefined ? { after: last.seq } : {}),
  }
}

/** `path` up to and including `seq`. */
export function cutPath(path: readonly SeqRange[], seq: number): SeqRange[] {
  return path
    .filter((range) => range.from <= seq)
    .map((range) => ({ from: range.from, to: Math.min(range.to ?? seq, seq) }))
}

/** `path` without the messages from `from` to `to`, both included; those that follow stay on it. */
export function pathWithout(path: readonly SeqRange[], from: number, to: number): SeqRange[] {
  return path.flatMap((range) => {
    const isApart = range.from > to || (range.to ?? Number.POSITIVE_INFINITY) < from
    if (isApart) return [range]
    const before = { from: range.from, to: from - 1 }
    const after = { ...range, from: to + 1 }
    const isEnd = range.to !== undefined && range.to <= to
    return [...(before.to < before.from ? [] : [before]), ...(isEnd ? [] : [after])]
  })
}

/** The part of `path` from `from` to `to`, both included. */
export function clipPath(
  path: readonly SeqRange[],
  from: number,
  to: number,
): { from: number; to: number }[] {
  return path
    .map((range) => ({ from: Math.max(range.from, from), to: Math.min(range.to ?? to, to) }))
    .filter((range) => range.from <= range.to)
}

/** Whether a message stands on `path`. */
export function onPath(path: readonly SeqRange[], seq: number): boolean {
  return path.some((range) => range.from <= seq && seq <= (range.to ?? Number.POSITIVE_INFINITY))
}
