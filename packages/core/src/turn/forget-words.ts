import { blankAnswers } from '../service/keyed-requests.js'
import type { LiveSession } from '../service/live-session.js'
import type { TurnLease } from '../domain/session-body.js'
import { sideRecordLabel, sideRecordTenant } from '../service/side-records.js'
import { turnLogRef } from '../service/living-turn.js'

const pageSize = 200

/**
 * Removes what is kept of a session beside it and repeats what its messages said: events of turns that have ended, and
 * the words of answers to keyed requests.
 *
 * @param changeId The change that takes the words away, if it has a name.
 */
export async function forgetWords(live: LiveSession, changeId?: string): Promise<void> {
  const { service, record } = live
  service.histories.forget(record)
  service.tallies.forget(record)
  await removeEndedTurns(live)
  await blankAnswers(service, record, changeId)
}

/**
 * Removes the events of turns, but for those of a turn that runs.
 *
 * @param dropped A turn that has lost the session, and may not have found that yet.
 */
export async function removeEndedTurns(live: LiveSession, dropped?: TurnLease): Promise<void> {
  const { store } = live.service
  if (dropped !== undefined) await store.remove(turnLogRef(live.ref.tenantId, dropped.id))
  const { record } = live
  const tenantId = sideRecordTenant('turns', record.tenantId)
  const label = sideRecordLabel('turns', record)
  let cursor: string | undefined
  do {
    const query = { tenantId, label, limit: pageSize, ...(cursor === undefined ? {} : { cursor }) }
    const page = await store.list(query)
    // A turn that is about to begin has no events yet, and says by its record that it lives.
    const spoken = page.items.filter(({ lastSeq }) => lastSeq > 0)
    if (spoken.length > 0) {
      const current = (await live.load()).body.turn?.id
      await Promise.all(spoken.filter(({ id }) => id !== current).map((item) => store.remove(item)))
    }
    cursor = page.cursor
  } while (cursor !== undefined)
}
