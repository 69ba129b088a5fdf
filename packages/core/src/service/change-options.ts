/** How a change of the body is made. */
export interface ChangeOptions {
  /** Only if the body of the session is at this revision; otherwise `conflict` (default: at any). */
  ifRevision?: number | undefined
  /**
   * Names the change, so that a repeat after a crash or a lost answer changes nothing; known for some 30 changes
   * (default: each call is a change of its own).
   */
  changeId?: string | undefined
}
