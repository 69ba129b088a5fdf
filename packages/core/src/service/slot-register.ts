import type { SessionRecord, SessionRef } from '../contract/session-record.js'
import type { SessionStore, StoredMessage } from '../contract/session-store.js'
import { isSessionError, SessionError } from '../errors.js'
import { newId } from '../ids.js'
import { Attempts } from './attempts.js'
import { foundFull, wasFull } from './full-registers.js'
import { inBatches } from './in-batches.js'
import { repeatUnknown } from './unknown-outcome.js'

/** What becomes of one more claim on a full register: it is refused, it takes the place of a holder, or there is one too many. */
export type WhenFull = 'reject' | 'evict' | 'exceed'

/** Who wants a slot, and on what terms. */
export interface Claim {
  /** The incarnation of a session: it names nobody, and means nothing once the session is gone. */
  readonly holder: string
  /** How many may hold a slot. */
  readonly max: number
  readonly whenFull: WhenFull
  /** How long the register is kept after a claim, in milliseconds; Infinity: forever. */
  readonly idleMs: number
  /** Whose register it is; absent for that of a tenant. */
  readonly userId?: string
  /**
   * Which of these holders keep their slots. Asked only where there are fewer free slots than claims.
   *
   * @param wanted How many slots are claimed at this moment.
   */
  readonly kept: (holders: ReadonlySet<string>, wanted: number) => Promise<readonly string[]>
}

/** Claims wait for each other by the service that makes them: its settings are theirs, and its listeners hear of evictions. */
interface Owner {
  readonly store: SessionStore
}

interface Waiting {
  /** Which claims are made together. */
  readonly place: string
  readonly store: SessionStore
  readonly register: SessionRef
  readonly claim: Claim
  readonly resolve: (hasSlot: boolean) => void
  readonly reject: (why: unknown) => void
}

const pageSize = 1000
// So many changes of slots fit one page, which the store makes at one moment.
const mostChanges = 500
const mostClaims = 100

const takeOver = inBatches<Waiting>(mostClaims, takeOverAll)

/**
 * Takes a slot in a register: a side record with a message for each slot, whose payload is the holder. As long as there
 * are fewer messages than `max`, a claim is one append, whatever else is claimed at the moment. After that a claim takes
 * over the slot of a holder that counts no more, if nobody has changed the register since it looked. A look at a large
 * register that found none is not repeated for up to 30 seconds.
 *
 * @returns False where all slots are held.
 * @throws `conflict` when too many processes change a full register at the same moment.
 */
export async function claimSlot(owner: Owner, register: SessionRef, claim: Claim): Promise<boolean> {
  const { store } = owner
  if (await appendSlot(store, register, claim, claim.max)) return true
  const { max, whenFull } = claim
  const place = JSON.stringify([register.tenantId, register.id, whenFull, max])
  if (whenFull === 'reject' && wasFull(store, place)) return false
  return new Promise((resolve, reject) => {
    takeOver(owner, place, { place, store, register, claim, resolve, reject })
  })
}

/** @returns False when the register holds `max` slots already. */
async function appendSlot(
  store: SessionStore,
  register: SessionRef,
  { holder, idleMs, userId }: Claim,
  max: number,
): Promise<boolean> {
  const change = {
    messages: [{ id: newId(), payload: holder }],
    ...(Number.isFinite(max) ? { maxSeq: max } : {}),
    ...(Number.isFinite(idleMs) ? { idleMs } : {}),
  }
  const attempts = new Attempts(['conflict', 'not_found'])
  for (;;) {
    try {
      await repeatUnknown(async () => store.commit(register, change))
      return true
    } catch (error) {
      if (isSessionError(error, 'limit_reached')) return false
      if (!isSessionError(error, 'not_found')) throw error
    }
    const first = {
      ...change,
      revision: 0,
      incarnation: newId(),
      ...(userId === undefined ? {} : { userId }),
    }
    try {
      await repeatUnknown(async () => store.commit(register, first))
      return true
    } catch (error) {
      // Somebody else was faster to make it.
      await attempts.again(error)
    }
  }
}

async function takeOverAll(batch: readonly Waiting[]): Promise<void> {
  const { place, store, register } = batch[0]!
  const { max, whenFull, kept } = batch[0]!.claim
  const began = performance.now()
  const attempts = new Attempts()
  // No session comes back under its incarnation.
  const gone = new Set([''])
  let open = batch
  const settle = (settled: readonly Waiting[], hasSlot: boolean): void => {
    for (const { resolve } of settled) resolve(hasSlot)
    open = open.filter((each) => !settled.includes(each))
  }
  try {
    for (let looks = 0; open.length > 0;) {
      const seen = (await store.read(register))?.record
      const slots = seen === undefined ? [] : await readSlots(store, seen, gone, { wanted: open.length, max })
      const { holders, free } = sorted(slots, gone)
      // By an earlier try whose answer got lost.
      const taken = open.filter(({ claim }) => holders.has(claim.holder))
      if (taken.length > 0 && (await extendRegister(store, seen!, taken[0]!.claim))) settle(taken, true)
      const room = whenFull === 'exceed' ? free.length : Math.min(free.length, max - holders.size)
      const taking = open.slice(0, Math.max(0, room))
      if (taking.length > 0) {
        if (await giveSlots(store, seen!, taking, free, attempts)) {
          settle(taking, true)
          looks = 0
        }
        continue
      }
      if (slots.length < max) {
        const { length } = open
        await appendEach(open, max, settle)
        // Others have filled it since; or the store has lost slots of it, and no look will ever show that it is full.
        if (open.length === length) await attempts.again(changedMeanwhile())
        continue
      }
      // Others have taken all that this call had found, or made, since it looked.
      if (looks++ > 0) await attempts.again(changedMeanwhile())
      const keeping = new Set(await kept(holders, Math.min(open.length, max)))
      for (const holder of holders) if (!keeping.has(holder)) gone.add(holder)
      // Who may exceed takes what is free all the same: the register is not to grow with each claim.
      if (keeping.size < max || (whenFull === 'exceed' && keeping.size < holders.size)) continue
      if (whenFull === 'exceed') await appendEach(open, Infinity, settle)
      else {
        foundFull(store, place, slots.length, began)
        settle(open, false)
      }
    }
  } catch (error) {
    const told = attempts.told(error)
    for (const { reject } of open) reject(told)
  }
}

/** Slots by their holders; a slot is free whose holder is gone, or has another one. */
function sorted(slots: readonly StoredMessage[], gone: ReadonlySet<string>) {
  const holders = new Set<string>()
  const free: StoredMessage[] = []
  for (const slot of slots) {
    if (gone.has(slot.payload) || holders.has(slot.payload)) free.push(slot)
    else holders.add(slot.payload)
  }
  return { holders, free }
}

async function appendEach(
  open: readonly Waiting[],
  max: number,
  settle: (settled: readonly Waiting[], hasSlot: boolean) => void,
): Promise<void> {
  for (const each of open) {
    if (!(await appendSlot(each.store, each.register, each.claim, max))) return
    settle([each], true)
  }
}

/**
 * Gives free slots to new holders, and says of others that they are free.
 *
 * @returns False when somebody else was faster.
 */
async function giveSlots(
  store: SessionStore,
  seen: SessionRecord,
  taking: readonly Waiting[],
  free: readonly StoredMessage[],
  attempts: Attempts,
): Promise<boolean> {
  const { incarnation, changes } = seen
  const taken = taking.map(({ claim }, index) => ({ seq: free[index]!.seq, payload: claim.holder }))
  const others = free.slice(taking.length).filter(({ payload }) => payload !== '')
  const freed = others.slice(0, mostChanges - taken.length).map(({ seq }) => ({ seq, payload: '' }))
  try {
    if ((await store.amend(seen, [...taken, ...freed], { incarnation, changes })) === 0)
      throw changedMeanwhile()
  } catch (error) {
    await attempts.again(error)
    return false
  }
  return extendRegister(store, seen, taking[0]!.claim)
}

/**
 * Moves the deadline of a register, which an amend leaves where it was.
 *
 * @returns False when there is no such register any more.
 */
async function extendRegister(
  store: SessionStore,
  { tenantId, id, incarnation }: SessionRecord,
  { idleMs }: Claim,
) {
  if (!Number.isFinite(idleMs)) return true
  try {
    await repeatUnknown(async () => store.commit({ tenantId, id }, { incarnation, idleMs }))
    return true
  } catch (error) {
    if (isSessionError(error, 'not_found')) return false
    throw error
  }
}

function changedMeanwhile(): SessionError {
  return new SessionError('conflict', 'The register of sessions was changed meanwhile.')
}

/**
 * All slots; or as many as were read when enough free ones had turned up, of a register that is not too long. The caller
 * begins anywhere, so that callers at the same moment seldom read the same slots in vain.
 */
async function readSlots(
  store: SessionStore,
  register: SessionRecord,
  gone: ReadonlySet<string>,
  { wanted, max }: { readonly wanted: number; readonly max: number },
): Promise<StoredMessage[]> {
  const { lastSeq } = register
  const middle = Math.floor(Math.random() * lastSeq)
  const slots: StoredMessage[] = []
  let free = 0
  for (const [from, through] of [
    [middle, lastSeq],
    [0, middle],
  ] as const) {
    for (let after = from; after < through;) {
      const { messages } = await store.messages(register, { after, before: through + 1, limit: pageSize })
      if (messages.length === 0) break
      slots.push(...messages)
      free += messages.filter(({ payload }) => gone.has(payload)).length
      // Whoever has looked frees all that it found gone.
      if (gone.size === 1 && lastSeq <= max && free >= wanted) return slots
      after = messages.at(-1)!.seq
    }
  }
  return slots
}
