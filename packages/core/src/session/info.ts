import { MessageTally } from '../domain/message-tally.js'
import { type SessionInfo, sessionInfoOf } from '../domain/session-info.js'
import { countsOf } from '../service/counts-of.js'
import type { LiveSession } from '../service/live-session.js'
import { isHistoryOver } from './expiry.js'

/** Facts about a session that reveal no content. */
export async function sessionInfo(live: LiveSession): Promise<SessionInfo> {
  const { record, body, messages } = await live.show(1)
  const isEmpty = !live.isStored || (await isHistoryOver(live.service, record, messages.at(-1), body.turn))
  const tally = isEmpty ? new MessageTally() : await countsOf(live.service.tallies).of(record, body)
  return sessionInfoOf(record, body, tally)
}
