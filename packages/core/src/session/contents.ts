import type { SessionSnapshot } from '../service/live-session.js'
import type { SeqRange, SessionBody } from '../domain/session-body.js'
import type { SessionRecord } from '../contract/session-record.js'

/** What a session holds beside its messages. */
export interface SessionContents extends Pick<
  SessionBody,
  'state' | 'preferences' | 'cart' | 'orders' | 'facts' | 'summaries' | 'branches' | 'lineage'
> {
  readonly record: SessionRecord
  /** The active branch, oldest first: the messages that history shows. The last stretch is open. */
  readonly path: readonly SeqRange[]
}

/** The contents of a session as it was seen. */
export function contentsOf({ record, body }: SessionSnapshot): SessionContents {
  const { state, preferences, cart, orders, facts, summaries, path, branches, lineage } = body
  return { record, state, preferences, cart, orders, facts, summaries, path, branches, lineage }
}
