import type { SessionRef } from '../contract/session-record.js'
import { isSessionError, isUnreadable } from '../errors.js'
import type { Service } from '../service/service.js'
import { priceTurn } from '../usage/record-usage.js'
import { isEnd } from './event.js'
import { readTurnLog } from './log.js'
import { addUsages, noUsage, type TurnUsage } from './usage.js'

/** What a turn has used as far as its record says; nothing where there is no record any more, or nobody can read it. */
export async function saidUsage(service: Service, ref: SessionRef): Promise<TurnUsage> {
  let usage = noUsage
  try {
    for (let after = 0, more = true; more;) {
      const page = await readTurnLog(service, ref, after)
      for (const event of page.events) {
        if (event.type === 'usage') usage = addUsages(usage, event)
        // The sum of all.
        else if (isEnd(event)) usage = event.usage
      }
      more = page.seq > after
      after = page.seq
    }
  } catch (error) {
    if (!isUnreadable(error) && !isSessionError(error, 'not_found')) throw error
  }
  return priceTurn(service, usage).usage
}
