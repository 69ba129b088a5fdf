/** Options of one change of the body. */
export interface ChangeOptions {
  /** Only if the body of the session is at this revision; otherwise `conflict` (default: at any). */
  ifRevision?: number | undefined
  /**
   * Names the change. A repeat after a crash or a lost answer then changes nothing; the session knows some 30 newest
   * changes (default: each call is a change of its own).
   */
  changeId?: string | undefined
}
