import type { SessionRecord, SessionRef } from '../contract/session-record.js'
import type { SessionStore, StoredMessage } from '../contract/session-store.js'
import { isSessionError, SessionError } from '../errors.js'
import { newId } from '../ids.js'
import { Attempts } from './attempts.js'
import { repeatUnknown } from './unknown-outcome.js'

/** Who wants a slot, and on what terms. */
export interface Claim {
  /** The incarnation of a session: it names nobody, and means nothing once the session is gone. */
  readonly holder: string
  /** How many may hold a slot. */
  readonly max: number
  /** Where all slots are held, the register gets one more. */
  readonly mayExceed: boolean
  /** How long the register is kept after a claim, in milliseconds; Infinity: forever. */
  readonly idleMs: number
  /** Whose register it is; absent for that of a tenant. */
  readonly userId?: string
  /**
   * Which of these holders count. Asked only where all slots are taken; fewer than `max` leave room for one more.
   *
   * @throws what the claim then throws, where there is no room.
   */
  readonly live: (holders: ReadonlySet<string>) => Promise<readonly string[]>
}

const pageSize = 1000
// So many changes of slots fit one page, which the store makes at one moment.
const mostFreed = 500

/**
 * Takes a slot in a register: a side record with a message for each slot, whose payload is the holder. As long as there
 * are fewer messages than `max`, a claim is one append, whatever else is claimed at the moment. After that a claim takes
 * over the slot of a holder that counts no more, if nobody has changed the register since it looked.
 *
 * @throws `conflict` when too many claims meet at a full register, and whatever `live` throws.
 */
export async function claimSlot(store: SessionStore, register: SessionRef, claim: Claim): Promise<void> {
  const attempts = new Attempts(['conflict', 'not_found'])
  for (;;) {
    try {
      if (await appendSlot(store, register, claim, claim.max)) return
      if (await takeOver(store, register, claim)) return
      throw new SessionError('conflict', 'The register of sessions was changed meanwhile.')
    } catch (error) {
      await attempts.again(error)
    }
  }
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
  try {
    await repeatUnknown(async () => store.commit(register, change))
    return true
  } catch (error) {
    if (isSessionError(error, 'limit_reached')) return false
    if (!isSessionError(error, 'not_found')) throw error
  }
  const first = { ...change, revision: 0, incarnation: newId(), ...(userId === undefined ? {} : { userId }) }
  await repeatUnknown(async () => store.commit(register, first))
  return true
}

/** @returns False when somebody else was faster. */
async function takeOver(store: SessionStore, register: SessionRef, claim: Claim): Promise<boolean> {
  const { holder, max, idleMs } = claim
  const seen = (await store.read(register))?.record
  if (seen === undefined) return false
  const slots = await readSlots(store, seen, seen.lastSeq <= max)
  const holders = new Set(slots.map(({ payload }) => payload))
  if (holders.has(holder)) return true
  const live = new Set(holders.delete('') && holders.size < max ? holders : await claim.live(holders))
  const [mine, ...others] = slots.filter(({ payload }) => !live.delete(payload))
  if (mine === undefined) return claim.mayExceed && appendSlot(store, register, claim, Infinity)
  const freed = others.filter(({ payload }) => payload !== '').slice(0, mostFreed)
  const changed = await store.amend(
    register,
    [{ seq: mine.seq, payload: holder }, ...freed.map(({ seq }) => ({ seq, payload: '' }))],
    { incarnation: seen.incarnation, changes: seen.changes },
  )
  if (changed === 0) return false
  // An amend leaves the deadline of the register where it was.
  if (Number.isFinite(idleMs)) await repeatUnknown(async () => store.commit(register, { idleMs }))
  return true
}

/**
 * All slots, or as many as were read when a free one turned up, if that is enough. The caller begins anywhere, so that
 * callers at the same moment seldom read the same slots in vain.
 */
async function readSlots(
  store: SessionStore,
  register: SessionRecord,
  isFreeEnough: boolean,
): Promise<StoredMessage[]> {
  const middle = Math.floor(Math.random() * register.lastSeq)
  const slots: StoredMessage[] = []
  for (const [from, through] of [
    [middle, register.lastSeq],
    [0, middle],
  ] as const) {
    for (let after = from; after < through;) {
      const { messages } = await store.messages(register, { after, before: through + 1, limit: pageSize })
      if (messages.length === 0) break
      slots.push(...messages)
      if (isFreeEnough && messages.some(({ payload }) => payload === '')) return slots
      after = messages.at(-1)!.seq
    }
  }
  return slots
}
