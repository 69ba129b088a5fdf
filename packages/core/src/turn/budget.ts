import { isSessionError, SessionError } from '../errors.js'
import type { LiveSession } from '../service/live-session.js'
import type { Service } from '../service/service.js'
import { readSideRecord, sideRecordRef, userRecordRef } from '../service/side-records.js'
import type { TurnBudget } from '../service/settings.js'
import { readStoreTime, tellStoreTime } from '../service/store-time.js'
import type { SessionRecord, SessionRef } from '../contract/session-record.js'
import { rootIdOf } from '../domain/session-body.js'
import { inParallel } from '../async/in-parallel.js'
import { livingOf } from '../service/living-turn.js'
import { updateTogether } from '../service/update-together.js'
import { Reservations, type Reserved, type Spent } from './reservations.js'
import { saidUsage } from './said-usage.js'
import type { TurnUsage } from './usage.js'

const dayMs = 24 * 3_600_000

/** What a scope has spent in its window, and what running turns have reserved. */
interface Ledger extends Spent {
  /** It changes with each change of the ledger, and goes on in the ledger after it. */
  readonly reserved: Reservations
  /** What was counted for turns that were held for dead, by their ids, the last ones. */
  readonly lost?: Readonly<Record<string, Spent>>
}

/** As the record has it, or as the change before this one has left it. */
type StoredLedger = Omit<Ledger, 'reserved'> & {
  readonly reserved: Readonly<Record<string, Reserved>> | Reservations
}

// A turn that was held for dead may be slow: what it has used counts when it ends, unless so many others came since.
const maxLost = 50
// Turns that may be dead, of which one that begins asks: as many as begin cannot die.
const doubtedAtOnce = 20
const readsAtOnce = 16

const atWork = new WeakMap<StoredLedger, Ledger>()

/** A ledger to work on: the same one for changes that are made to the same content. */
function ledgerAtWork(stored: StoredLedger = { tokens: 0, costMicros: 0, reserved: {} }): Ledger {
  const ledger = atWork.get(stored) ?? { ...stored, reserved: Reservations.of(stored.reserved) }
  atWork.set(stored, ledger)
  return ledger
}

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
      // First: where the answer gets lost, it may be reserved all the same.
      taken.push(mine)
      await reserve(live, mine, turnId)
    }
  } catch (error) {
    if (isSessionError(error, 'budget_exceeded')) taken.pop()
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
    const seen = await readSideRecord<StoredLedger>(atLedgers(service), at)
    if (seen === undefined) continue
    const ledger = ledgerAtWork(seen.value)
    if (overrun(ledger, budgets) === undefined) continue
    const now = { at: seen.record.updatedAt, all: true }
    const spent = overrun(await endingDead(service, ref.tenantId)(ledger, now), budgets)
    if (spent !== undefined) throw budgetExceeded(spent)
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
    windowMs === undefined ? 0 : Math.floor((await timeOfWindows(live.service, tenantId)) / windowMs)
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
  const { tenantId } = live.ref
  const ended = endingDead(service, tenantId)
  const isKept = service.store === service.ledgers
  const life = isKept ? {} : { until: (await timeOfLedgers(service, tenantId)) + service.turns.keepMs }
  let refused: SessionError | undefined
  await change(service, mine, async (before, at) => {
    refused = undefined
    // An earlier try whose answer got lost.
    if (before.reserved.has(turnId)) return undefined
    const full = overrun(before, mine.budgets) !== undefined
    const ledger = full ? await onceEnded(before, ended, at) : await ended(before, { at, all: false })
    const spent = full ? overrun(ledger, mine.budgets) : undefined
    if (spent !== undefined) {
      refused = budgetExceeded(spent)
      return ledger === before ? undefined : ledger
    }
    const tokens = Math.max(...wanted.map((each) => each.tokens))
    const costMicros = Math.max(...wanted.map((each) => each.costMicros))
    ledger.reserved.put(turnId, { tokens, costMicros, at, ...life })
    return { ...ledger }
  })
  if (refused !== undefined) throw refused
}

function budgetExceeded({ scope }: TurnBudget): SessionError {
  return new SessionError('budget_exceeded', `The budget of this ${scope} is spent.`, { path: scope })
}

const endings = new WeakMap<Ledger, Promise<Ledger>>()

/** Of a ledger that is full: turns that begin at the same moment ask the store once for the turns that it names. */
async function onceEnded(ledger: Ledger, ended: EndDead, at: number): Promise<Ledger> {
  const ending = endings.get(ledger) ?? ended(ledger, { at, all: true })
  endings.set(ledger, ending)
  return ending
}

type EndDead = ReturnType<typeof endingDead>

/**
 * Ends what dead turns have reserved, and counts what they had said that they used. Nobody else may do so: a session whose
 * process died may never be asked anything again. Without `all`, it asks of those alone that began long ago.
 */
function endingDead(given: Service, tenantId: string) {
  // The others are not in the memory of a session that is kept nowhere.
  const service = { ...given, store: given.ledgers }
  const found = new Map<string, Spent | 'alive'>()
  return async (
    ledger: Ledger,
    { at, all }: { readonly at: number; readonly all: boolean },
  ): Promise<Ledger> => {
    const { reserved } = ledger
    const oldAt = at - service.turns.leaseMs
    const doubted = (all ? reserved.ids : reserved.seenBefore(oldAt, doubtedAtOnce)).map((id) => {
      return { id, one: reserved.get(id)! }
    })
    const isUnseen = doubted.some(({ one }) => one.until !== undefined)
    const now = isUnseen ? await timeOfLedgers(service, tenantId) : at
    for (const { id, one } of doubted) if ((one.until ?? 0) > now) found.set(id, 'alive')
    const unknown = doubted.map(({ id }) => id).filter((id) => !found.has(id))
    const living = unknown.length === 0 ? undefined : await livingOf(service, tenantId, unknown)
    await inParallel(unknown, readsAtOnce, async (id) => {
      const said = living!.has(id) ? 'alive' : await saidUsage(service, tenantId, id)
      found.set(id, said === 'alive' ? said : spentBy(said))
    })
    const dead = new Map<string, Spent>()
    let isSeen = false
    for (const { id, one } of doubted) {
      const said = found.get(id)!
      if (said !== 'alive') dead.set(id, said)
      else if ((one.at ?? 0) <= oldAt) {
        reserved.put(id, { ...one, at })
        isSeen = true
      }
    }
    if (dead.size > 0) return counted(ledger, dead, true)
    return isSeen ? { ...ledger } : ledger
  }
}

async function spend(
  service: Service,
  mine: Taken,
  turnId: string,
  usage: TurnUsage,
  isLost = false,
): Promise<void> {
  const used = spentBy(usage)
  await change(service, mine, async (ledger) => {
    const isOpen = ledger.reserved.has(turnId) || Object.hasOwn(ledger.lost ?? {}, turnId)
    // Already settled, by an earlier try whose answer got lost.
    return isOpen ? counted(ledger, new Map([[turnId, used]]), isLost) : undefined
  })
}

/** Counts in place of their reservations what turns have used, but for what was counted already when one was held for dead. */
function counted(ledger: Ledger, ended: ReadonlyMap<string, Spent>, isLost: boolean): Ledger {
  const { lost = {}, reserved } = ledger
  let { tokens, costMicros } = ledger
  const counts: [string, Spent][] = []
  for (const [id, used] of ended) {
    const told = lost[id] ?? { tokens: 0, costMicros: 0 }
    const whole = {
      tokens: Math.max(used.tokens, told.tokens),
      costMicros: Math.max(used.costMicros, told.costMicros),
    }
    tokens += whole.tokens - told.tokens
    costMicros += whole.costMicros - told.costMicros
    counts.push([id, whole])
    reserved.take(id)
  }
  const others = Object.entries(lost).filter(([id]) => !ended.has(id))
  return {
    tokens,
    costMicros,
    reserved,
    lost: Object.fromEntries(isLost ? [...others, ...counts].slice(-maxLost) : others),
  }
}

function spentBy({ inputTokens, outputTokens, costMicros }: TurnUsage): Spent {
  return { tokens: inputTokens + outputTokens, costMicros }
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
  const allTokens = tokens + reserved.sum.tokens
  const allCost = costMicros + reserved.sum.costMicros
  return budgets.find((budget) => {
    const { maxTokens = Infinity, maxCostMicros = Infinity } = budget
    const more = reservationOf(budget)
    return allTokens + more.tokens > maxTokens || allCost + more.costMicros > maxCostMicros
  })
}

async function change(
  service: Service,
  { ref, budgets, userId, label }: Taken,
  next: (ledger: Ledger, at: number) => Promise<Ledger | undefined>,
): Promise<void> {
  const windowMs = budgets[0]!.windowMs
  const idleMs = windowMs === undefined ? service.ttl.absoluteMs : 2 * windowMs + dayMs
  const changed = (stored: StoredLedger | undefined, record: SessionRecord | undefined) =>
    next(ledgerAtWork(stored), record?.updatedAt ?? 0)
  // The turns of a busy tenant are all in one ledger.
  await updateTogether<StoredLedger>(atLedgers(service), ref, changed, {
    idleMs,
    // Each turn is in the ledger by its id.
    isRepeatable: true,
    ...(userId === undefined ? {} : { userId }),
    ...(label === undefined ? {} : { label }),
  })
}

async function timeOfWindows(service: Service, tenantId: string): Promise<number> {
  const isKept = service.store === service.ledgers
  return isKept ? tellStoreTime(service, tenantId) : timeOfLedgers(service, tenantId)
}

/** As the store tells it now, also where sessions are in the memory of a process, whose clock is another one. */
async function timeOfLedgers({ ledgers }: Service, tenantId: string): Promise<number> {
  return readStoreTime({ store: ledgers }, tenantId)
}

function atLedgers({ ledgers, credentials }: Service): Pick<Service, 'store' | 'credentials'> {
  return { store: ledgers, credentials }
}
