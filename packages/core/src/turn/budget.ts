import { SessionError } from '../errors.js'
import type { LiveSession } from '../service/live-session.js'
import type { Service } from '../service/service.js'
import { readSideRecord, sideRecordRef, userRecordRef } from '../service/side-records.js'
import type { TurnBudget } from '../service/settings.js'
import { tellStoreTime } from '../service/store-time.js'
import type { SessionRef } from '../contract/session-record.js'
import { rootIdOf } from '../domain/session-body.js'
import { isAlive } from '../service/living-turn.js'
import { updateTogether } from '../service/update-together.js'
import type { TurnUsage } from './usage.js'

const dayMs = 24 * 3_600_000

/** What a scope has spent in its window, and what running turns have reserved. */
interface Ledger {
  readonly tokens: number
  readonly costMicros: number
  readonly reserved: Readonly<Record<string, Spent>>
  /** The turns that were held for dead and lost what they had reserved, the last ones. */
  readonly dropped?: readonly string[]
  /** What was counted for turns whose processes were held for dead, by their ids, the last ones. */
  readonly lost?: Readonly<Record<string, Spent>>
}

interface Spent {
  readonly tokens: number
  readonly costMicros: number
}

// A turn that was held for dead may be slow: what it has used counts when it ends, unless so many others came since.
const maxDropped = 50

const emptyLedger: Ledger = { tokens: 0, costMicros: 0, reserved: {} }

/** The reservation of a turn; settled once, with its real usage. */
export interface Reservation {
  settle(usage: TurnUsage): Promise<void>
}

/** A ledger that a turn puts something aside in. */
interface Taken {
  readonly ref: SessionRef
  /** Those that are kept in it: budgets of one scope and one window share what is spent. */
  readonly budgets: readonly TurnBudget[]
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
    for (const mine of await ledgersOf(live)) {
      await reserve(live, mine, turnId)
      taken.push(mine)
    }
  } catch (error) {
    await settle({ inputTokens: 0, outputTokens: 0, costMicros: 0 }).catch(() => {})
    throw error
  }
  return { settle }
}

/** Looks before a session is stored for a turn: a turn that is refused leaves none behind. @throws `budget_exceeded` */
export async function refuseSpent(live: LiveSession): Promise<void> {
  const { service, ref } = live
  if (service.budgets.length === 0) return
  for (const { ref: at, budgets } of await ledgersOf(live)) {
    const ledger = (await readSideRecord<Ledger>(atLedgers(service), at))?.value
    if (ledger !== undefined) await withRoom(service, ref.tenantId, ledger, budgets)
  }
}

/** The records of all budgets, each once: a turn is in a record by its id, so it reserves there for all budgets at once. */
async function ledgersOf(live: LiveSession): Promise<Iterable<Taken>> {
  const ledgers = new Map<string, Taken>()
  for (const budget of live.service.budgets) {
    const { ref, ...whose } = await ledgerOf(live, budget)
    const key = JSON.stringify([ref.tenantId, ref.id])
    const budgets = [...(ledgers.get(key)?.budgets ?? []), budget]
    ledgers.set(key, { ref, budgets, ...whose })
  }
  return ledgers.values()
}

/**
 * The record of a budget. A fork uses the budget of the first session in its line of forks. For an anonymous session,
 * the holder of that line counts as the user.
 */
async function ledgerOf(live: LiveSession, budget: TurnBudget): Promise<Omit<Taken, 'budgets'>> {
  const { scope, windowMs } = budget
  const { tenantId, id, userId } = live.record
  const lineOf = async () => rootIdOf((live.seen ?? (await live.load())).body, id)
  // By the store's clock, so that windows begin at about the same moment in all processes.
  const window =
    windowMs === undefined ? 0 : Math.floor((await tellStoreTime(live.service, tenantId)) / windowMs)
  const idOf = (whose: string, who: string): string => JSON.stringify([whose, who, windowMs ?? 0, window])
  if (scope === 'user' && userId !== undefined) {
    const user = { tenantId, userId }
    const ref = await userRecordRef(atLedgers(live.service), 'budgets', user, (digest) => idOf(scope, digest))
    return { ref, userId }
  }
  if (scope === 'tenant') return { ref: sideRecordRef('budgets', tenantId, idOf(scope, '')) }
  const line = await lineOf()
  const whose = scope === 'user' ? 'holder' : scope
  return { ref: sideRecordRef('budgets', tenantId, idOf(whose, line)), label: line }
}

async function reserve(live: LiveSession, mine: Taken, turnId: string): Promise<void> {
  const { service } = live
  const wanted = mine.budgets.map(reservationOf)
  await change(service, mine, async (before) => {
    const ledger = await withRoom(service, live.ref.tenantId, before, mine.budgets)
    const tokens = Math.max(...wanted.map((each) => each.tokens))
    const costMicros = Math.max(...wanted.map((each) => each.costMicros))
    return { ...ledger, reserved: { ...ledger.reserved, [turnId]: { tokens, costMicros } } }
  })
}

/** The ledger, when it has room for one more turn, if need be without the turns that are dead. @throws `budget_exceeded` */
async function withRoom(
  service: Service,
  tenantId: string,
  ledger: Ledger,
  budgets: readonly TurnBudget[],
): Promise<Ledger> {
  if (overrun(ledger, budgets) === undefined) return ledger
  const asked = livingOf.get(ledger) ?? withoutDead(service, tenantId, ledger)
  livingOf.set(ledger, asked)
  const living = await asked
  const spent = overrun(living, budgets)
  if (spent === undefined) return living
  throw new SessionError('budget_exceeded', `The budget of this ${spent.scope} is spent.`, {
    path: spent.scope,
  })
}

// Of a ledger that is full: turns that begin at the same moment ask the store once for the turns that it names.
const livingOf = new WeakMap<Ledger, Promise<Ledger>>()

/** A dead turn has nothing reserved. */
async function withoutDead(service: Service, tenantId: string, ledger: Ledger): Promise<Ledger> {
  const entries = Object.entries(ledger.reserved)
  const alive = await Promise.all(entries.map(([id]) => isAlive(service, tenantId, id)))
  const dead = entries.filter((_, index) => !alive[index]).map(([id]) => id)
  return {
    ...ledger,
    reserved: Object.fromEntries(entries.filter((_, index) => alive[index])),
    dropped: [...(ledger.dropped ?? []), ...dead].slice(-maxDropped),
  }
}

async function spend(
  service: Service,
  mine: Taken,
  turnId: string,
  usage: TurnUsage,
  isLost = false,
): Promise<void> {
  const used = { tokens: usage.inputTokens + usage.outputTokens, costMicros: usage.costMicros }
  await change(service, mine, async ({ tokens, costMicros, reserved, dropped = [], lost = {} }) => {
    const isOpen = Object.hasOwn(reserved, turnId) || dropped.includes(turnId)
    const told = isOpen || isLost ? undefined : lost[turnId]
    // Already settled, by an earlier try whose answer got lost.
    if (!isOpen && told === undefined) return undefined
    const { tokens: toldTokens, costMicros: toldCost } = told ?? { tokens: 0, costMicros: 0 }
    const others = Object.entries(lost).filter(([id]) => id !== turnId)
    return {
      tokens: tokens + Math.max(0, used.tokens - toldTokens),
      costMicros: costMicros + Math.max(0, used.costMicros - toldCost),
      reserved: without(reserved, turnId),
      dropped: dropped.filter((id) => id !== turnId),
      lost: Object.fromEntries(isLost ? [...others, [turnId, used] as const].slice(-maxDropped) : others),
    }
  })
}

function without<Value>(all: Readonly<Record<string, Value>>, name: string): Record<string, Value> {
  return Object.fromEntries(Object.entries(all).filter(([other]) => other !== name))
}

/** Counts what a turn has used whose process is held for dead, as far as it had said. */
export async function settleLostBudget(live: LiveSession, turnId: string, usage: TurnUsage): Promise<void> {
  if (live.service.budgets.length === 0) return
  for (const each of await ledgersOf(live)) await spend(live.service, each, turnId, usage, true)
}

function reservationOf({ reserveTokens: tokens = 1, reserveCostMicros: costMicros = 0 }: TurnBudget) {
  return { tokens, costMicros }
}

/** The first of the budgets that has no room for one more turn. */
function overrun(
  { tokens, costMicros, reserved }: Ledger,
  budgets: readonly TurnBudget[],
): TurnBudget | undefined {
  let allTokens = tokens
  let allCost = costMicros
  for (const each of Object.values(reserved)) {
    allTokens += each.tokens
    allCost += each.costMicros
  }
  return budgets.find((budget) => {
    const { maxTokens = Infinity, maxCostMicros = Infinity } = budget
    const more = reservationOf(budget)
    return allTokens + more.tokens > maxTokens || allCost + more.costMicros > maxCostMicros
  })
}

async function change(
  service: Service,
  { ref, budgets, userId, label }: Taken,
  next: (ledger: Ledger) => Promise<Ledger | undefined>,
): Promise<void> {
  const windowMs = budgets[0]!.windowMs
  const idleMs = windowMs === undefined ? service.ttl.absoluteMs : 2 * windowMs + dayMs
  await updateTogether<Ledger>(atLedgers(service), ref, (ledger = emptyLedger) => next(ledger), {
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
