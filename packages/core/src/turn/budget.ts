import { SessionError } from '../errors.js'
import type { LiveSession } from '../service/live-session.js'
import type { Service } from '../service/service.js'
import { sideRecordRef, updateSideRecord, userRecordRef } from '../service/side-records.js'
import type { TurnBudget } from '../service/settings.js'
import type { SessionRef } from '../contract/session-record.js'
import { rootIdOf } from '../domain/session-body.js'
import { isAlive } from './log.js'
import type { TurnUsage } from './usage.js'

const dayMs = 24 * 3_600_000

/** What a scope has spent in its window, and what running turns have reserved. */
interface Ledger {
  readonly tokens: number
  readonly costMicros: number
  readonly reserved: Readonly<Record<string, { readonly tokens: number; readonly costMicros: number }>>
  /** The turns that were held for dead and lost what they had reserved, the last ones. */
  readonly dropped?: readonly string[]
}

// A turn that was held for dead may be slow: what it has used counts when it ends, unless so many others were dropped since.
const maxDropped = 50

const emptyLedger: Ledger = { tokens: 0, costMicros: 0, reserved: {} }

/** The reservation of a turn; settled once, with its real usage. */
export interface Reservation {
  settle(usage: TurnUsage): Promise<void>
}

/** A ledger that a turn has put something aside in. */
interface Taken {
  readonly ref: SessionRef
  readonly budget: TurnBudget
  /** Whose it is, where it is one user's. */
  readonly userId?: string
  /** The first session in the line of forks that shares it, where it is that of a line. */
  readonly label?: string
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
  const taken: Taken[] = []
  const settle = async (usage: TurnUsage): Promise<void> => {
    for (const each of taken) await spend(service, each, turnId, usage)
  }
  try {
    for (const budget of service.budgets) {
      const mine = await ledgerOf(live, budget)
      await reserve(live, mine, turnId)
      taken.push(mine)
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
async function ledgerOf(live: LiveSession, budget: TurnBudget): Promise<Taken> {
  const { scope, windowMs } = budget
  const { tenantId, id, userId } = live.record
  const lineOf = async () => rootIdOf((live.seen ?? (await live.load())).body, id)
  // By an estimate of the store's clock, so that windows begin at about the same moment in all processes.
  const window = windowMs === undefined ? 0 : Math.floor(live.service.storeClock.now() / windowMs)
  const idOf = (whose: string, who: string): string => JSON.stringify([whose, who, windowMs ?? 0, window])
  if (scope === 'user' && userId !== undefined) {
    const user = { tenantId, userId }
    const ref = await userRecordRef(atLedgers(live.service), 'budgets', user, (digest) => idOf(scope, digest))
    return { ref, budget, userId }
  }
  if (scope === 'tenant') return { ref: sideRecordRef('budgets', tenantId, idOf(scope, '')), budget }
  const line = await lineOf()
  const whose = scope === 'user' ? 'holder' : scope
  return { ref: sideRecordRef('budgets', tenantId, idOf(whose, line)), budget, label: line }
}

async function reserve(live: LiveSession, mine: Taken, turnId: string): Promise<void> {
  const { service } = live
  const { budget } = mine
  const { reserveTokens: tokens = 1, reserveCostMicros: costMicros = 0 } = budget
  await change(service, mine, async (before) => {
    let ledger = before
    if (!fits(ledger, budget, tokens, costMicros)) {
      // A dead turn has nothing reserved.
      const entries = Object.entries(ledger.reserved)
      const alive = await Promise.all(entries.map(([id]) => isAlive(service, live.ref.tenantId, id)))
      const dead = entries.filter((_, index) => !alive[index]).map(([id]) => id)
      ledger = {
        ...ledger,
        reserved: Object.fromEntries(entries.filter((_, index) => alive[index])),
        dropped: [...(ledger.dropped ?? []), ...dead].slice(-maxDropped),
      }
      if (!fits(ledger, budget, tokens, costMicros)) {
        throw new SessionError('budget_exceeded', `The budget of this ${budget.scope} is spent.`, {
          path: budget.scope,
        })
      }
    }
    return { ...ledger, reserved: { ...ledger.reserved, [turnId]: { tokens, costMicros } } }
  })
}

async function spend(service: Service, mine: Taken, turnId: string, usage: TurnUsage): Promise<void> {
  await change(service, mine, async ({ tokens, costMicros, reserved, dropped = [] }) => {
    // Already settled, by an earlier try whose answer got lost.
    if (!Object.hasOwn(reserved, turnId) && !dropped.includes(turnId)) return undefined
    const others = Object.fromEntries(Object.entries(reserved).filter(([id]) => id !== turnId))
    return {
      tokens: tokens + usage.inputTokens + usage.outputTokens,
      costMicros: costMicros + usage.costMicros,
      reserved: others,
      dropped: dropped.filter((id) => id !== turnId),
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
  { ref, budget: { windowMs }, userId, label }: Taken,
  next: (ledger: Ledger) => Promise<Ledger | undefined>,
): Promise<void> {
  const idleMs = windowMs === undefined ? service.ttl.absoluteMs : 2 * windowMs + dayMs
  await updateSideRecord<Ledger>(atLedgers(service), ref, (ledger = emptyLedger) => next(ledger), {
    idleMs,
    // Each turn is in the ledger by its id.
    isRepeatable: true,
    ...(userId === undefined ? {} : { userId }),
    ...(label === undefined ? {} : { label }),
  })
}

function atLedgers({ ledgers, credentials }: Service): Pick<Service, 'store' | 'credentials'> {
  return { store: ledgers, credentials }
}
