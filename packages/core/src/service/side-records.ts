import { SessionError } from '../errors.js'
import { newId } from '../ids.js'
import { reservedTenantPrefix, type SessionRecord, type SessionRef } from '../contract/session-record.js'
import type { SessionChange, SessionStore } from '../contract/session-store.js'
import { Attempts } from './attempts.js'
import type { Service } from './service.js'

/**
 * What the library keeps beside sessions: events of turns, answers to keyed requests, ways to other devices, tries of
 * their codes, who counts as a live session, what budgets have been spent, and what tells the store's time.
 */
export type SideRecordKind = (typeof sideRecordKinds)[number]

/** All of them. */
export const sideRecordKinds = [
  'turns',
  'requests',
  'transfers',
  'tries',
  'slots',
  'budgets',
  'clock',
] as const

/** A side record as it stands in the store. */
export interface SideRecord<Value extends object> {
  readonly value: Value
  readonly record: SessionRecord
  /** Names of its newest changes. */
  readonly changes: readonly string[]
}

type Names = Pick<SessionChange, 'userId' | 'label'>

export interface SideRecordOptions<Value extends object> extends Names {
  /** How long it is kept after its newest change, in milliseconds (default: without end). */
  idleMs?: number
  /** Its deadline stays where it was set when the record was made (default false: every change moves it). */
  keepsDeadline?: boolean
  /** The record as it is known already, or `none` where there should be none: saves a read (default: it is read). */
  seen?: SideRecord<Value> | 'none'
}

const pageSize = 200
const keptChanges = 32

/** The tenant that records of a kind live in, beside that of their sessions. */
export function sideRecordTenant(kind: SideRecordKind, tenantId: string): string {
  return `${reservedTenantPrefix}${kind}:${tenantId}`
}

/** Where a side record is kept. */
export function sideRecordRef(kind: SideRecordKind, tenantId: string, id: string): SessionRef {
  return { tenantId: sideRecordTenant(kind, tenantId), id }
}

/** A side record as the store has it now, if it has one. @throws `corrupt` */
export async function readSideRecord<Value extends object>(
  { store }: { readonly store: SessionStore },
  ref: SessionRef,
): Promise<SideRecord<Value> | undefined> {
  const stored = await store.read(ref)
  if (stored === undefined) return undefined
  let body: Value & { changes?: readonly string[] }
  try {
    body = JSON.parse(stored.body) as typeof body
  } catch (cause) {
    throw new SessionError('corrupt', 'A record beside a session is not JSON.', { cause })
  }
  const { changes = [], ...value } = body
  return { value: value as unknown as Value, record: stored.record, changes }
}

/**
 * Changes a side record, or makes it, by a function, under compare-and-set: the function runs again when somebody else
 * was faster, and a change whose answer got lost is found out, not made twice.
 *
 * @param change What the record is to hold: undefined to leave it as it is. It is given undefined where there is none.
 * @returns The record after the change; undefined when it was left as it is.
 * @throws `conflict` when too many change it at the same moment, and what `change` throws.
 */
export async function updateSideRecord<Value extends object>(
  { store }: { readonly store: SessionStore },
  ref: SessionRef,
  change: (
    value: Value | undefined,
    record: SessionRecord | undefined,
  ) => Value | undefined | Promise<Value | undefined>,
  options: SideRecordOptions<Value> = {},
): Promise<SideRecord<Value> | undefined> {
  const { idleMs = Infinity, keepsDeadline = false, seen: known, ...about } = options
  const attempts = new Attempts(['conflict', 'not_found'])
  const changeId = newId().slice(0, 10)
  let seen = known === 'none' ? undefined : known
  try {
    // What the caller knew may be old: only a commit proves it, so nothing else is concluded from it.
    for (let isFresh = known === undefined; ; isFresh = true) {
      if (isFresh) seen = await readSideRecord<Value>({ store }, ref)
      if (attempts.mayBeApplied && seen?.changes.includes(changeId) === true) return seen
      let value: Value | undefined
      try {
        value = await change(seen?.value, seen?.record)
      } catch (error) {
        if (isFresh) throw error
        continue
      }
      if (value === undefined) {
        if (isFresh) return undefined
        continue
      }
      const changes = [...(seen?.changes ?? []), changeId].slice(-keptChanges)
      const movesDeadline = Number.isFinite(idleMs) && !(keepsDeadline && seen !== undefined)
      try {
        const { record } = await store.commit(ref, {
          ...newNames(about, seen?.record),
          ...(movesDeadline ? { idleMs } : {}),
          ...(seen === undefined ? {} : { incarnation: seen.record.incarnation }),
          revision: seen?.record.revision ?? 0,
          body: JSON.stringify({ ...value, changes }),
        })
        return { value, record, changes }
      } catch (error) {
        await attempts.again(error)
      }
    }
  } catch (error) {
    throw attempts.told(error)
  }
}

// A store has more to do for a change of names than for any other one.
function newNames(names: Names, record: SessionRecord | undefined): Names {
  const { userId, label } = names
  return {
    ...(userId === undefined || userId === record?.userId ? {} : { userId }),
    ...(label === undefined || label === record?.label ? {} : { label }),
  }
}

/** What finds the records of a kind that belong to a session. */
export function sideRecordLabel(kind: SideRecordKind, { id, incarnation }: SessionRecord): string {
  // A turn is of one session, and not of one that is made later under the same id. A request names an id only.
  return kind === 'requests' ? id : incarnation
}

/**
 * Removes what is kept beside a session: it holds what the session held, and ends with it. The session is gone by then,
 * so a failure is no failure of its removal: what is left expires, after a day at most.
 */
export async function removeSideRecords(
  service: Service,
  record: SessionRecord,
  kinds: readonly SideRecordKind[],
): Promise<void> {
  try {
    await removeAll(service, record, kinds)
  } catch (cause) {
    const message = 'Events of turns, or answers to keyed requests, outlive their session until they expire.'
    service.warn({ code: 'side_records_kept', message, cause })
  }
}

async function removeAll(
  { store }: Service,
  record: SessionRecord,
  kinds: readonly SideRecordKind[],
): Promise<void> {
  for (const kind of kinds) {
    const query = {
      tenantId: sideRecordTenant(kind, record.tenantId),
      label: sideRecordLabel(kind, record),
      limit: pageSize,
    }
    for (;;) {
      const { items } = await store.list(query)
      if (items.length === 0) break
      await Promise.all(items.map((item) => store.remove(item)))
      if (items.length < pageSize) break
    }
  }
}
