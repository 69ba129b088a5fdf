import type { BranchDeparture } from '../domain/branches.js'
import type { LiveSession, SessionSnapshot } from '../service/live-session.js'
import type { SessionBody, TurnLease } from '../domain/session-body.js'
import type { ChangeOptions } from '../service/change-options.js'
import { stopTurn } from './follow.js'

/** Leaves the active branch, and the turn that goes on in it. */
export async function leaveBranch(
  live: LiveSession,
  branchId: string,
  change: (body: SessionBody, leaving: BranchDeparture) => SessionBody,
  options?: ChangeOptions,
): Promise<SessionSnapshot> {
  // Messages of others do not show in the revision, and how far the log goes decides where the next one stands.
  await live.load()
  let dropped: TurnLease | undefined
  const seen = await live.update((before) => {
    dropped = before.turn
    return change(before, { branchId, lastSeq: live.record.lastSeq, at: Date.now() })
  }, options)
  if (dropped !== undefined) await stopTurn(live, dropped, 'interrupted')
  return seen
}
