import type { NewMessage, SessionChange } from '../contract/session-store.js'
import type { OwnLifetime, SessionRecord } from '../contract/session-record.js'
import type { OptionNames } from '../options.js'

/** How a live session changes its body. */
export interface UpdateOptions extends Pick<
  SessionChange,
  'title' | 'label' | 'userId' | 'maxSeq' | 'maxBytes'
> {
  /** The lifetime that the session has from then on, by its record. */
  lifetime?: (record: SessionRecord) => OwnLifetime
  /** Only if the body is at this revision; otherwise `conflict`. */
  ifRevision?: number | undefined
  messages?: readonly NewMessage[]
  /** Names the change: it is made once, however often it is sent; the session knows some 30 newest changes. */
  changeId?: string | undefined
  /**
   * UTF-16 units by which the body may exceed its limit, for a change that must not be refused at the end (default 0).
   */
  slack?: number
  /** The end of a turn, which holds the session, whoever owns it by now (default false). */
  byTurn?: boolean
}

export const updateNames: OptionNames<UpdateOptions> = {
  ifRevision: 'number',
  changeId: 'text',
  messages: true,
  slack: 'number',
  byTurn: 'flag',
  maxSeq: 'number',
  maxBytes: 'number',
  lifetime: 'function',
  title: 'text',
  label: 'text',
  userId: 'text',
}
