import type { SessionRecord, SessionRef } from '../contract/session-record.js'
import type { SessionQuery, StoredSession } from '../contract/session-store.js'
import type { Erasure, RemovedPlace } from '../domain/erasure.js'
import { decodeBody, rootIdOf, type SessionBody } from '../domain/session-body.js'
import { isSessionError } from '../errors.js'
import { madeLabel } from '../service/keyed-requests.js'
import type { Service } from '../service/service.js'
import { type SideRecordKind, sideRecordLabel, sideRecordTenant } from '../service/side-records.js'
import { repeatUnknown } from '../service/unknown-outcome.js'
import type { TenantUser } from '../service/user-record.js'
import { stopLocalTurns } from '../turn/follow.js'

/** An erasure at work. */
export interface Removal {
  readonly service: Service
  readonly user: TenantUser
  /** What is known when this process begins. */
  readonly begun: Erasure
  /** Changes what the user record says of the erasure. */
  readonly note: (change: (erasure: Erasure) => Erasure) => Promise<void>
}

const pageSize = 100
// Calls of the store that wait at the same moment: the store has other callers.
const together = 20
// Where a process dies over a trace, too, it ends by itself.
const traceMs = 60_000

/**
 * Removes the user's sessions, with what is kept beside each, until no session is listed, twice. Each page is counted
 * in the user record before it is removed: whoever goes on after a process died counts nothing twice.
 */
export async function removeSessions(removal: Removal): Promise<void> {
  const { service, user, begun } = removal
  // These are not listed any more if the process died after it had removed them, but before what was beside them.
  const left = begun.removing['sessions'] ?? []
  if (left.length > 0) await removePage(removal, left.map(toRecord(user.tenantId)))
  for (let empty = 0; empty < 2;) {
    const { items } = await service.store.list({ ...user, limit: pageSize })
    empty = items.length === 0 ? empty + 1 : 0
    if (items.length === 0) continue
    await removePage(removal, items)
  }
}

const toRecord =
  (tenantId: string) =>
  ([id, incarnation, label]: RemovedPlace) =>
    ({ tenantId, id, incarnation, ...(label === undefined ? {} : { label }) }) as SessionRecord

const toPlace = ({ id, incarnation, label }: SessionRecord): RemovedPlace =>
  label === undefined ? [id, incarnation] : [id, incarnation, label]

/**
 * Removes what a store may still have of records that are gone. A store may keep its lists apart from its records; where
 * a process dies between the two, an entry stays until the deadline of the record, with its id, its label and a digest
 * of its user. The record is made once more, as empty as can be, and removed again, this time with its entries.
 */
export async function removeTraces({ service, user, begun }: Removal): Promise<void> {
  for (const [kind, places] of Object.entries(begun.removing)) {
    const tenantId =
      kind === 'sessions' ? user.tenantId : sideRecordTenant(kind as SideRecordKind, user.tenantId)
    await inBatches(places, async ([id, incarnation, label]) => {
      const names = { userId: user.userId, ...(label === undefined ? {} : { label }) }
      const again = { revision: 0, incarnation, idleMs: traceMs, ...names }
      try {
        await repeatUnknown(() => service.store.commit({ tenantId, id }, again))
      } catch (error) {
        // Another record has the id by now, and the next list of it puts the entry right.
        if (!isSessionError(error, 'conflict')) throw error
      }
      await repeatUnknown(() => service.store.remove({ tenantId, id }, { incarnation }))
    })
  }
}

async function removePage(removal: Removal, listed: readonly SessionRecord[]): Promise<void> {
  const { service, user } = removal
  // A turn of another process stops when it next writes, and finds no record.
  stopLocalTurns(service, user.tenantId, new Set(listed.map(({ id }) => id)))
  const read = await inBatches(listed, async (item) =>
    readIfReadable(service, item, { record: item, body: '' }),
  )
  const there = read.flatMap((stored, index) =>
    stored?.record.incarnation === listed[index]!.incarnation ? [stored] : [],
  )
  const bodies = new Map(there.map(({ record, body }) => [record.incarnation, bodyOf(body)]))
  const copies = await inBatches(there, async ({ record }) =>
    copiesElsewhere(service, user, bodies.get(record.incarnation)),
  )
  const copied = new Map(there.map(({ record }, index) => [record.incarnation, copies[index]!]))
  const fresh = there.map(({ record }) => record)
  await count(removal, 'sessions', { fresh, places: listed }, (item) => ({
    messages: item.lastSeq - item.trimmedSeq,
    copies: copied.get(item.incarnation) ?? 0,
  }))
  await inBatches(listed, async (item) => {
    await repeatUnknown(() => service.store.remove(item, { incarnation: item.incarnation }))
    service.histories.forget(item)
    service.tallies.forget(item)
  })
  // After the sessions: a turn, or a request, of a session that is gone leaves nothing behind.
  await removeBeside(removal, listed, bodies)
  for (const { record } of there) service.emit('session.deleted', record, {}, 'system')
}

/** Removes what is kept beside sessions, by whose label it belongs to them. */
async function removeBeside(
  removal: Removal,
  sessions: readonly SessionRecord[],
  bodies: ReadonlyMap<string, SessionBody | undefined>,
): Promise<void> {
  const { service, user } = removal
  const labels = sessions.flatMap((record): [SideRecordKind, string][] => [
    ['turns', sideRecordLabel('turns', record)],
    ['transfers', sideRecordLabel('transfers', record)],
    ['requests', sideRecordLabel('requests', record)],
    ['requests', madeLabel(record.id)],
    ['budgets', record.id],
  ])
  for (const record of sessions) {
    const body = bodies.get(record.incarnation)
    const root = body === undefined ? record.id : rootIdOf(body, record.id)
    if (root === record.id) continue
    // A line of forks that begins with another caller's session shares that caller's budget.
    const others = { record: { userId: undefined } }
    const first = await readIfReadable(service, { tenantId: user.tenantId, id: root }, others)
    if (first === undefined || first.record.userId === user.userId) labels.push(['budgets', root])
  }
  const found = await inBatches(labels, async ([kind, label]) => {
    const query = { tenantId: sideRecordTenant(kind, user.tenantId), label }
    return (await allOf(service, query)).map((item) => [kind, item] as const)
  })
  for (const kind of ['turns', 'transfers', 'requests', 'budgets'] as const) {
    const items = found.flat().flatMap(([of, item]) => (of === kind ? [item] : []))
    await removeCounted(removal, kind, items)
  }
}

/** Removes the side records of a kind that name the user, until none is listed, twice. */
export async function removeSideRecordsCounted(removal: Removal, kind: SideRecordKind): Promise<void> {
  const { service, user } = removal
  const query = { tenantId: sideRecordTenant(kind, user.tenantId), userId: user.userId, limit: pageSize }
  for (let empty = 0; empty < 2;) {
    const { items } = await service.store.list(query)
    empty = items.length === 0 ? empty + 1 : 0
    await removeCounted(removal, kind, items)
  }
}

async function removeCounted(
  removal: Removal,
  kind: SideRecordKind,
  items: readonly SessionRecord[],
): Promise<void> {
  for (let from = 0; from < items.length; from += pageSize) {
    const page = items.slice(from, from + pageSize)
    await count(removal, kind, { fresh: page, places: page })
    await inBatches(page, async (item) => repeatUnknown(() => removal.service.store.remove(item)))
  }
}

/** Counts what is about to be removed, but for what the process counted that died over it. */
async function count(
  { note }: Removal,
  kind: string,
  { fresh, places }: { readonly fresh: readonly SessionRecord[]; readonly places: readonly SessionRecord[] },
  also: (item: SessionRecord) => { messages: number; copies: number } = () => ({ messages: 0, copies: 0 }),
): Promise<void> {
  if (places.length === 0) return
  await note((erasure) => {
    const counted = new Set(erasure.removing[kind]?.map(([, incarnation]) => incarnation))
    const { messages = 0, [kind]: before = 0 } = erasure.counts
    const sum = { messages, copies: erasure.copiesElsewhere, items: before }
    for (const item of fresh) {
      if (counted.has(item.incarnation)) continue
      const { messages: more, copies } = also(item)
      sum.messages += more
      sum.copies += copies
      sum.items++
    }
    return {
      ...erasure,
      copiesElsewhere: sum.copies,
      counts: { ...erasure.counts, messages: sum.messages, [kind]: sum.items },
      removing: {
        ...erasure.removing,
        [kind]: places.map(toPlace),
      },
    }
  })
}

/** How many copies of a session other callers got by transfers, and have. */
async function copiesElsewhere(
  service: Service,
  { tenantId, userId }: TenantUser,
  body: SessionBody | undefined,
): Promise<number> {
  let copies = 0
  for (const { redeemed } of body?.transfers ?? []) {
    if (redeemed?.copyId === undefined) continue
    const others = { record: { userId: undefined } }
    const copy = await readIfReadable(service, { tenantId, id: redeemed.copyId }, others)
    if (copy !== undefined && copy.record.userId !== userId) copies++
  }
  return copies
}

/** A session, or what stands for one that cannot be read: it is there, and must not keep the others from being removed. */
async function readIfReadable<Unread>(
  { store }: Service,
  ref: SessionRef,
  unread: Unread,
): Promise<StoredSession | Unread | undefined> {
  try {
    return await store.read(ref)
  } catch (error) {
    if (isSessionError(error, 'corrupt') || isSessionError(error, 'unknown_key')) return unread
    throw error
  }
}

/** A session whose body cannot be read is removed like others. */
function bodyOf(text: string): SessionBody | undefined {
  try {
    return decodeBody(text)
  } catch {
    return undefined
  }
}

async function allOf({ store }: Service, query: Omit<SessionQuery, 'limit'>): Promise<SessionRecord[]> {
  const all: SessionRecord[] = []
  let cursor: string | undefined
  do {
    const page = await store.list({ ...query, limit: pageSize, ...(cursor === undefined ? {} : { cursor }) })
    all.push(...page.items)
    cursor = page.cursor
  } while (cursor !== undefined)
  return all
}

async function inBatches<Item, Made>(
  items: readonly Item[],
  make: (item: Item) => Promise<Made>,
): Promise<Made[]> {
  const made: Made[] = []
  for (let from = 0; from < items.length; from += together)
    made.push(...(await Promise.all(items.slice(from, from + together).map(make))))
  return made
}
