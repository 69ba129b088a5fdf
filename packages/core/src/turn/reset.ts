import { cleared, firstReachable } from '../domain/branches.js'
import type { TurnLease } from '../domain/session-body.js'
import type { ChangeOptions } from '../service/change-options.js'
import { blankAnswers } from '../service/keyed-requests.js'
import type { LiveSession } from '../service/live-session.js'
import { orWarn } from '../service/side-records.js'
import { removeEndedTurns } from './forget-words.js'
import { stopTurn } from './follow.js'

/** Clears the conversation, and stops the turn that runs in it. */
export async function resetSession(live: LiveSession, options?: ChangeOptions): Promise<void> {
  if (!live.isStored) return
  const { service } = live
  await live.load()
  let dropped: TurnLease | undefined
  const { record, body, isRepeat } = await live.update((before) => {
    dropped = before.turn
    return cleared(before, live.record.lastSeq)
  }, options)
  // Also when an earlier call under the same name made the change, and its process died before this step.
  await live.trim(firstReachable(body) - 1)
  if (dropped !== undefined) await stopTurn(live, dropped, 'interrupted')
  // A session without turns has no events of turns.
  if (body.turnCount !== undefined) await orWarn(service, async () => removeEndedTurns(live, dropped))
  await orWarn(service, async () => blankAnswers(service, record, options?.changeId))
  service.histories.forget(record)
  service.tallies.forget(record)
  if (isRepeat !== true) live.emit('session.reset', record, {})
}
