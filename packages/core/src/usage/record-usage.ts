import type { SessionRecord } from '../contract/session-record.js'
import type { Identity } from '../domain/identity.js'
import type { UsageCost, UsageEvent } from '../domain/usage.js'
import type { Service } from '../service/service.js'
import type { TurnUsage } from '../turn/usage.js'
import { parseDecimal, toDecimal, unitsPerMicro } from './decimal.js'
import { type UsageRecorder, usageOf } from './usage-recorder.js'

/** What a turn used, with what it cost as far as anybody knows. */
export interface PricedTurn {
  readonly usage: TurnUsage
  /** `prices` when `costMicros` is by the table of prices: a later table may say something else. */
  readonly costBy?: 'prices'
}

/** A turn that has ended. */
export interface EndedTurn extends PricedTurn {
  readonly turnId: string
  readonly outcome: UsageEvent['outcome']
  /** When its reply was stored (default: about now). */
  readonly at?: number | undefined
}

/** Has the table of prices say what a turn cost, where the application has not. */
export function priceTurn(service: Service, usage: TurnUsage): PricedTurn {
  const recorder = usageOf(service)
  if (recorder === undefined || usage.costMicros > 0) return { usage }
  const cost = recorder.prices.costOf(usage, service.storeClock.now())
  if (cost === undefined || cost.currency !== recorder.currency) return { usage }
  // A budget is in whole millionths: half of one and more counts as one.
  const micros = (parseDecimal(cost.amount)! + unitsPerMicro / 2n) / unitsPerMicro
  const costMicros = Math.min(Number(micros), Number.MAX_SAFE_INTEGER)
  return { usage: { ...usage, costMicros }, costBy: 'prices' }
}

/** Tells what a turn used, and has it kept. */
export function recordUsage(
  service: Service,
  record: SessionRecord,
  turn: EndedTurn,
  by: Identity | 'system',
): void {
  const { turnId, outcome, usage } = turn
  service.emit('usage.recorded', record, { turnId, outcome, ...usage }, by)
  const recorder = usageOf(service)
  if (recorder === undefined) return
  const at = turn.at ?? service.storeClock.now()
  // What no store may hold is paid for, too: nothing says whose it was.
  const isFleeting = service.store !== recorder.service.store
  const { userId, ...session } = isFleeting ? { userId: undefined } : toNames(record)
  recorder.note(record.tenantId, toUsageEvent(recorder, { ...turn, at }, session), userId)
}

/** What is kept of a turn. */
export function toUsageEvent(
  recorder: UsageRecorder,
  { turnId, outcome, at, usage, costBy }: EndedTurn & { readonly at: number },
  session: Pick<UsageEvent, 'sessionId' | 'label'>,
): UsageEvent {
  const { costMicros, ...tokens } = usage
  const isReported = costBy === undefined && costMicros > 0
  const cost = isReported ? reported(recorder, costMicros) : recorder.prices.costOf(tokens, at)
  return { id: turnId, at, ...session, outcome, ...tokens, ...(cost === undefined ? {} : { cost }) }
}

/** How a session, and its user, are named in what is kept. */
export function toNames({ id, label, userId }: SessionRecord) {
  return { sessionId: id, ...(label === undefined ? {} : { label }), userId }
}

function reported({ currency }: UsageRecorder, costMicros: number): UsageCost {
  return { amount: toDecimal(BigInt(Math.round(costMicros)) * unitsPerMicro), currency, by: 'host' }
}
