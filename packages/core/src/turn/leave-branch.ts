import { type BranchDeparture, rewound } from '../domain/branches.js'
import type { MessageInput } from '../domain/message.js'
import type { Branch, SessionBody, TurnLease } from '../domain/session-body.js'
import { newId } from '../ids.js'
import { checkOptions, type OptionNames } from '../options.js'
import type { ChangeOptions } from '../service/change-options.js'
import type { LiveSession, SessionUpdate, UpdateOptions } from '../service/live-session.js'
import { encodeMessages, settleAppended } from '../session/messages.js'
import { stopTurn } from './follow.js'

/** How the conversation goes back, and with what. */
export interface RewindOptions extends ChangeOptions {
  /** Messages that take the place of what is left, appended in the same commit (default: none). */
  append?: MessageInput | readonly MessageInput[] | undefined
  /**
   * True for a program that edits its own history: what it leaves is listed apart, the newest 10, and crowds out no
   * branch that people have left (default false).
   */
  byMachine?: boolean | undefined
}

const rewindNames: OptionNames<RewindOptions> = {
  ifRevision: true,
  changeId: true,
  append: true,
  byMachine: true,
}

/** Leaves the active branch, and the turn that goes on in it. */
export async function leaveBranch(
  live: LiveSession,
  branchId: string,
  change: (body: SessionBody, leaving: BranchDeparture) => SessionBody,
  options?: UpdateOptions,
): Promise<SessionUpdate> {
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

/** Goes back to just after a message, and says something else instead, in one commit. @throws `invalid` */
export async function rewindSession(
  live: LiveSession,
  toSeq: number,
  options: RewindOptions = {},
): Promise<Branch> {
  checkOptions(options, rewindNames)
  const { append, byMachine = false, ...change } = options
  const messages = append === undefined ? undefined : encodeMessages(live, append)
  const branchId = newId()
  const { record, body, appended } = await leaveBranch(
    live,
    branchId,
    (before, leaving) => rewound(before, toSeq, { ...leaving, byMachine }),
    { ...change, ...(messages === undefined ? {} : { messages }) },
  )
  live.service.emit('session.rewound', record, { toSeq })
  if (messages !== undefined) await settleAppended(live, messages, appended)
  // A change that was made before, under the same name, has given its branch another id.
  return body.branches.find((branch) => branch.id === branchId) ?? body.branches.at(-1)!
}
