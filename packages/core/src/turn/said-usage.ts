import type { SessionRef } from '../contract/session-record.js'
import { decodeMessage } from '../domain/message.js'
import { isSessionError, isUnreadable } from '../errors.js'
import { isJsonObject } from '../json.js'
import type { Service } from '../service/service.js'
import { turnLogRef } from '../service/living-turn.js'
import { priceTurn } from '../usage/record-usage.js'
import { readTurnLog, sessionIdOf } from './log.js'
import { addUsages, noUsage, parseUsage, type TurnUsage } from './usage.js'

// A session whose process died has hardly gone on since.
const repliesLookedAt = 50

/**
 * What a turn has used whose process died: as its reply says, if that was stored, or as far as its record says. Nothing
 * where there is no record any more, or nobody can read it.
 */
export async function saidUsage(service: Service, tenantId: string, turnId: string): Promise<TurnUsage> {
  const ref = turnLogRef(tenantId, turnId)
  try {
    const id = await sessionIdOf(service, ref)
    const usage = id === undefined ? undefined : await usageOfReply(service, { tenantId, id }, turnId)
    return usage ?? priceTurn(service, await usageInLog(service, ref)).usage
  } catch (error) {
    if (!isUnreadable(error) && !isSessionError(error, 'not_found')) throw error
    return noUsage
  }
}

async function usageOfReply(
  { store }: Service,
  ref: SessionRef,
  turnId: string,
): Promise<TurnUsage | undefined> {
  try {
    const { messages } = await store.messages(ref, { order: 'desc', limit: repliesLookedAt })
    for (const message of messages) {
      if (!message.payload.includes(turnId)) continue
      const { role, metadata } = decodeMessage(message)
      const turn = role === 'assistant' ? metadata?.['turn'] : undefined
      if (isJsonObject(turn) && turn['id'] === turnId && isJsonObject(turn['usage']))
        return addUsages(noUsage, parseUsage(turn['usage'], 'usage'))
    }
  } catch (error) {
    // The record may be readable all the same. A message that is no reply of this turn may claim any usage.
    const isPassedOver = isSessionError(error, 'not_found') || isSessionError(error, 'invalid')
    if (!isPassedOver && !isUnreadable(error)) throw error
  }
  return undefined
}

async function usageInLog(service: Service, ref: SessionRef): Promise<TurnUsage> {
  let usage = noUsage
  for (let after = 0, more = true; more;) {
    const page = await readTurnLog(service, ref, after)
    for (const event of page.events) if (event.type === 'usage') usage = addUsages(usage, event)
    more = page.seq > after
    after = page.seq
  }
  return usage
}
