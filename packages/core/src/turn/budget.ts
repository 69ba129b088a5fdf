import { SessionError } from '../errors.js'
import type { LiveSession } from '../service/live-session.js'
import type { Service } from '../service/service.js'
import { sideRecordRef, updateSideRecord } from '../service/side-records.js'
import type { TurnBudget } from '../service/settings.js'
import type { SessionRef } from '../contract/session-record.js'
import { isAlive } from './log.js'
import type { TurnUsage } from './usage.js'

const dayMs = 24 * 3_600_000

/** What a scope has spent in its window, and what running turns have reserved. */
interface Ledger {
  readonly tokens: number
  readonly costMicros: number
  readonly reserved: Readonly<Record<string, { readonly tokens: number; readonly costMicros: number }>>
}

const emptyLedger: Ledger = { tokens: 0, costMicros: 0, reserved: {} }

/** The reservation of a turn; settled once, with its real usage. */
export interface Reservation {
  settle(usage: TurnUsage): Promise<void>
}

const nothing: Reservation = { settle: async () => {} }

/**
 * Reserves what a turn may use, in each budget that applies to it, before the model is called.
 *
 * @throws `budget_exceeded`; then nothing stays reserved.
 */
export async function reserveBudget(live: LiveSession, turnId: string): Promise<Reservation> {
  const { service } = live
  if (service.budgets.length === 0) return nothing
  const taken: (readonly [SessionRef, TurnBudget])[] = []
  const settle = async (usage: TurnUsage): Promise<void> => {
    for (const [ref, budget] of taken) await spend(service, ref, budget, turnId, usage)
  }
  try {
    for (const budget of service.budgets) {
      const ref = await ledgerRef(live, budget)
      await reserve(live, ref, budget, turnId)
      taken.push([ref, budget])
    }
  } catch (error) {
    await settle({ inputTokens: 0, outputTokens: 0, costMicros: 0 }).catch(() => {})
    throw error
  }
  return { settle }
}

/**
 * The record of a budget. A fork uses the budget of the first session in its line of forks. For an anonymous session,
 * the holder of that line counts as the user.
 */
async function ledgerRef(live: LiveSession, { scope, windowMs }: TurnBudget): Promise<SessionRef> {
  const { tenantId, id, userId } = live.record
  const lineOf = async (): Promise<string> => {
    const { lineage } = (live.seen ?? (await live.load())).body
    return lineage?.rootId ?? lineage?.sessionId ?? id
  }
  const isHeld = scope === 'user' && userId === undefined
  const whose = isHeld ? 'holder' : scope
  const who = scope === 'tenant' ? '' : scope === 'user' && userId !== undefined ? userId : await lineOf()
  // By an estimate of the store's clock, so that windows begin at about the same moment in all processes.
  const window = windowMs === undefined ? 0 : Math.floor(live.service.storeClock.now() / windowMs)
  return sideRecordRef('budgets', tenantId, JSON.stringify([whose, who, windowMs ?? 0, window]))
}

async function reserve(
  live: LiveSession,
  ref: SessionRef,
  budget: TurnBudget,
  turnId: string,
): Promise<void> {
  const { service } = live
  const { reserveTokens: tokens = 1, reserveCostMicros: costMicros = 0 } = budget
  await change(service, ref, budget, async (before) => {
    let ledger = before
    if (!fits(ledger, budget, tokens, costMicros)) {
      // A dead turn has nothing reserved.
      const entries = Object.entries(ledger.reserved)
      const alive = await Promise.all(entries.map(([id]) => isAlive(service, live.ref.tenantId, id)))
      ledger = { ...ledger, reserved: Object.fromEntries(entries.filter((_, index) => alive[index])) }
      if (!fits(ledger, budget, tokens, costMicros)) {
        throw new SessionError('budget_exceeded', `The budget of this ${budget.scope} is spent.`, {
          path: budget.scope,
        })
      }
    }
    return { ...ledger, reserved: { ...ledger.reserved, [turnId]: { tokens, costMicros } } }
  })
}

async function spend(
  service: Service,
  ref: SessionRef,
  budget: TurnBudget,
  turnId: string,
  usage: TurnUsage,
): Promise<void> {
  await change(service, ref, budget, async ({ tokens, costMicros, reserved }) => {
    // Already settled, by an earlier try whose answer got lost.
    if (!Object.hasOwn(reserved, turnId)) return undefined
    const others = Object.fromEntries(Object.entries(reserved).filter(([id]) => id !== turnId))
    return {
      tokens: tokens + usage.inputTokens + usage.outputTokens,
      costMicros: costMicros + usage.costMicros,
      reserved: others,
    }
  })
}

function fits(
  { tokens, costMicros, reserved }: Ledger,
  { maxTokens = Infinity, maxCostMicros = Infinity }: TurnBudget,
  moreTokens: number,
  moreCostMicros: number,
): boolean {
  let allTokens = tokens + moreTokens
  let allCost = costMicros + moreCostMicros
  for (const each of Object.values(reserved)) {
    allTokens += each.tokens
    allCost += each.costMicros
  }
  return allTokens <= maxTokens && allCost <= maxCostMicros
}

async function change(
  service: Service,
  ref: SessionRef,
  { windowMs }: TurnBudget,
  next: (ledger: Ledger) => Promise<Ledger | undefined>,
): Promise<void> {
  const idleMs = windowMs === undefined ? service.ttl.absoluteMs : 2 * windowMs + dayMs
  await updateSideRecord<Ledger>(service, ref, (ledger = emptyLedger) => next(ledger), { idleMs })
}
