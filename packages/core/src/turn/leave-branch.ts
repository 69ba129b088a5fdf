import { roomOf } from '../service/room.js'
import { type BranchDeparture, rewound, switched } from '../domain/branches.js'
import type { MessageInput } from '../domain/message.js'
import { parseCount } from '../parse.js'
import type { Branch, SessionBody, TurnLease } from '../domain/session-body.js'
import { newId } from '../ids.js'
import { checkOptions, type OptionNames } from '../options.js'
import type { ChangeOptions } from '../service/change-options.js'
import type { LiveSession, SessionUpdate } from '../service/live-session.js'
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
  const seen = await live.update((before) => {
    dropped = before.turn
    return change(before, { branchId, lastSeq: live.record.lastSeq, at: Date.now() })
  }, options)
  if (dropped !== undefined) await stopTurn(live, dropped, 'interrupted')
  return seen
}

/** Goes on with another branch. @throws `not_found` */
export async function switchToBranch(
  live: LiveSession,
  branchId: string,
  options?: ChangeOptions,
): Promise<void> {
  const change = (before: SessionBody, leaving: BranchDeparture): SessionBody =>
    switched(before, branchId, leaving)
  const { record } = await leaveBranch(live, newId(), change, options)
  live.emit('session.branched', record, { branchId })
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
  const branchId = newId()
  const { record, body, appended } = await leaveBranch(
    live,
    branchId,
    (before, leaving) => rewound(before, toSeq, { ...leaving, byMachine }),
    { ...change, ...(messages === undefined ? {} : { messages, ...roomOf(live.service) }) },
  )
  live.emit('session.rewound', record, { toSeq })
  if (messages !== undefined) await settleAppended(live, messages, appended)
  // An earlier change under the same name has given its branch another id.
  return body.branches.find((branch) => branch.id === branchId) ?? body.branches.at(-1)!
}
