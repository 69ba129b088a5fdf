import { roomOf } from '../service/room.js'
import { type BranchDeparture, rewound, switched } from '../domain/branches.js'
import type { MessageInput } from '../domain/message.js'
import { parseCount } from '../parse.js'
import type { Branch, SessionBody, TurnLease } from '../domain/session-body.js'
import { SessionError } from '../errors.js'
import { idOfChange } from '../service/id-of-change.js'
import { checkOptions, type OptionNames } from '../options.js'
import type { ChangeOptions } from '../service/change-options.js'
import type { LiveSession } from '../service/live-session.js'
import type { SessionUpdate } from '../service/session-snapshot.js'
import type { UpdateOptions } from '../service/update-options.js'
import { encodeMessages } from '../service/encode-messages.js'
import { expireNow } from '../session/over-histories.js'
import { settleAppended } from '../session/messages.js'
import { stopTurn } from './follow.js'

/** Options of a rewind. */
export interface RewindOptions extends ChangeOptions {
  /** Messages that replace the ones that are left, appended in the same commit (default: none). */
  append?: MessageInput | readonly MessageInput[] | undefined
  /**
   * True for a program that edits its own history: the branch it leaves is in a list of its own, the newest 10, and
   * crowds out no branch of people (default false).
   */
  byMachine?: boolean | undefined
}

const rewindNames: OptionNames<RewindOptions> = {
  ifRevision: 'number',
  changeId: 'text',
  append: true,
  byMachine: 'flag',
}

/** Leaves the active branch, and stops the turn that runs on it. */
async function leaveBranch(
  live: LiveSession,
  branchId: string,
  change: (body: SessionBody, leaving: BranchDeparture) => SessionBody,
  options?: UpdateOptions,
): Promise<SessionUpdate> {
  // Messages of other callers do not change the revision, but they decide the seq of the next message.
  await expireNow(live)
  await live.load()
  let dropped: TurnLease | undefined
  let isLate = false
  const seen = await live.update((before) => {
    // A repeat that comes when the session knows its name no more finds the branch that the first call left.
    isLate = before.branches.some(({ id }) => id === branchId)
    dropped = isLate ? undefined : before.turn
    if (isLate) return before
    return change(before, { branchId, lastSeq: live.record.lastSeq, at: Date.now() })
  }, options)
  if (dropped !== undefined) await stopTurn(live, dropped, 'interrupted')
  return isLate ? { ...seen, isRepeat: true } : seen
}

/** Goes on with another branch. @throws `not_found` */
export async function switchToBranch(
  live: LiveSession,
  branchId: string,
  options?: ChangeOptions,
): Promise<void> {
  const change = (before: SessionBody, leaving: BranchDeparture): SessionBody =>
    switched(before, branchId, leaving)
  const left = await idOfChange(live, options?.changeId)
  const { record, isRepeat } = await leaveBranch(live, left, change, options)
  if (isRepeat !== true) live.emit('session.branched', record, { branchId })
}

/** Goes back to just after a message and appends other messages, in one commit. @throws `invalid` */
export async function rewindSession(
  live: LiveSession,
  toSeq: number,
  options: RewindOptions = {},
): Promise<Branch> {
  checkOptions(options, rewindNames)
  parseCount(toSeq, 'toSeq')
  const { append, byMachine = false, ...change } = options
  const messages = append === undefined ? undefined : await encodeMessages(live.service, append)
  const branchId = await idOfChange(live, change.changeId)
  const { record, body, appended, isRepeat } = await leaveBranch(
    live,
    branchId,
    (before, leaving) => rewound(before, toSeq, { ...leaving, byMachine }),
    { ...change, ...(messages === undefined ? {} : { messages, ...roomOf(live.service) }) },
  )
  if (isRepeat !== true) live.emit('session.rewound', record, { toSeq })
  if (messages !== undefined) await settleAppended(live, messages, appended)
  const left = body.branches.find(({ id }) => id === branchId)
  if (left !== undefined) return left
  throw new SessionError('invalid', 'changeId: another change has this id, or its branch is kept no more', {
    path: 'changeId',
  })
}
