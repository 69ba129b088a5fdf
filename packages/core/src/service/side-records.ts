import { SessionError } from '../errors.js'
import { reservedTenantPrefix, type SessionRecord, type SessionRef } from '../contract/session-record.js'
import type { SessionChange, SessionQuery, SessionStore } from '../contract/session-store.js'
import { Attempts, newChangeId, withChange } from './attempts.js'
import type { Service } from './service.js'

/**
 * Records that the library keeps beside sessions: events of turns, answers to keyed requests, transfers by their
 * codes, wrong tries of codes, the register of live sessions, spent budgets, what is known of a user, the record that
 * tells the store's time, the lanes of the audit, what turns used, what an index of the search has yet to be told, and
 * what is remembered of a user.
 */
export type SideRecordKind = (typeof sideRecordKinds)[number]

/** All kinds. */
export const sideRecordKinds = [
  'turns',
  'requests',
  'transfers',
  'tries',
  'slots',
  'budgets',
  'users',
  'clock',
  'audit',
  'usage',
  'search',
  'analytics',
  'memory',
] as const

/** A side record in the store. */
export interface SideRecord<Value extends object> {
  readonly value: Value
  readonly record: SessionRecord
  /** Ids of its newest changes. */
  readonly changes: readonly string[]
}

type Names = Pick<SessionChange, 'userId' | 'label'>

export interface SideRecordOptions<Value extends object> extends Names {
  /** How long it is kept after its newest change, in milliseconds (default: forever). */
  idleMs?: number
  /** Its deadline stays as set when the record was created (default false: every change moves it). */
  keepsDeadline?: boolean
  /**
   * The record if the caller knows it already, or `none` if it should not exist: saves a read (default: it is read).
   */
  seen?: SideRecord<Value> | 'none'
  /** The change sees by itself whether it was made, so that another try is harmless, however many came since (default false). */
  isRepeatable?: boolean
}

const pageSize = 200

/** The tenant of records of one kind, beside the tenant of their sessions. */
export function sideRecordTenant(kind: SideRecordKind, tenantId: string): string {
  return `${reservedTenantPrefix}${kind}:${tenantId}`
}

/** Where a side record is stored. */
export function sideRecordRef(kind: SideRecordKind, tenantId: string, id: string): SessionRef {
  return { tenantId: sideRecordTenant(kind, tenantId), id }
}

/**
 * Where a side record of a user is kept: no id names the user, whom its `userId` names. Where secrets are rotated, the
 * record that was made under an older one goes on.
 *
 * @param idOf The id, from a digest of the user that is keyed by `credentialSecrets`.
 */
export async function userRecordRef(
  { store, credentials }: Pick<Service, 'store' | 'credentials'>,
  kind: SideRecordKind,
  { tenantId, userId }: { readonly tenantId: string; readonly userId: string },
  idOf: (digest: string) => string,
): Promise<SessionRef> {
  const digests = await credentials.digests(`user of ${kind}`, tenantId, userId)
  const [newest, ...older] = digests.map((digest) => sideRecordRef(kind, tenantId, idOf(digest)))
  for (const ref of older) if ((await store.read(ref)) !== undefined) return ref
  return newest!
}

/** The side record in the store now, or undefined. @throws `corrupt` */
export async function readSideRecord<Value extends object>(
  { store }: { readonly store: SessionStore },
  ref: SessionRef,
): Promise<SideRecord<Value> | undefined> {
  const stored = await store.read(ref)
  if (stored === undefined) return undefined
  const { changes = [], ...value } = parsedBody<Value>(ref, stored.body)
  return { value: value as unknown as Value, record: stored.record, changes }
}

function parsedBody<Value>(
  { tenantId, id }: SessionRef,
  text: string,
): Value & { changes?: readonly string[] } {
  let cause: unknown
  try {
    const body = JSON.parse(text) as (Value & { changes?: readonly string[] }) | null
    if (typeof body === 'object' && body !== null) return body
  } catch (error) {
    cause = error
  }
  throw new SessionError('corrupt', `The record ${id} of ${tenantId} is damaged: it is no JSON object.`, {
    cause,
  })
}

/**
 * Changes a side record, or creates it, by a function, under compare-and-set. The function runs again when another
 * writer was faster. After a lost answer the record shows whether the change was made, so it is not made twice.
 *
 * @param change Returns the new content, or undefined to leave the record as it is. It gets undefined when there is no
 * record.
 * @returns The record after the change; undefined when it was left as it is.
 * @throws `conflict` when too many writers change it at the same moment, and whatever `change` throws.
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
  const { idleMs = Infinity, keepsDeadline = false, seen: known, isRepeatable = false, ...about } = options
  const attempts = new Attempts(['conflict', 'not_found'])
  const changeId = newChangeId()
  let seen = known === 'none' ? undefined : known
  try {
    // The record that the caller knew may be old: the commit checks it, so nothing else relies on it.
    for (let isFresh = known === undefined; ; isFresh = true) {
      if (isFresh) seen = await readSideRecord<Value>({ store }, ref)
      if (seen !== undefined && attempts.isMade(changeId, seen.changes, seen.record.revision)) return seen
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
      const changes = withChange(seen?.changes ?? [], changeId)
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
        await attempts.again(error, isRepeatable ? undefined : (seen?.record.revision ?? 0))
      }
    }
  } catch (error) {
    throw attempts.told(error)
  }
}

// A change of names costs a store more than any other change.
function newNames(names: Names, record: SessionRecord | undefined): Names {
  const { userId, label } = names
  return {
    ...(userId === undefined || userId === record?.userId ? {} : { userId }),
    ...(label === undefined || label === record?.label ? {} : { label }),
  }
}

/** Finds the records of a kind that belong to a session. */
export function sideRecordLabel(kind: SideRecordKind, { id, incarnation }: SessionRecord): string {
  // A turn names the incarnation of its session, a request only the id: a later session may have the same id.
  return kind === 'requests' ? id : incarnation
}

/**
 * Removes the side records of a session: they hold content of the session, and end with it. The session is gone
 * already, so a failure here does not fail its removal: the records expire within a day.
 */
export async function removeSideRecords(
  service: Service,
  record: SessionRecord,
  kinds: readonly SideRecordKind[],
): Promise<void> {
  await orWarn(service, async () => removeSideRecordsNow(service, record, kinds))
}

/** Does away with what would expire by itself within a day: a failure is for the operator alone. */
export async function orWarn(service: Service, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (cause) {
    const message =
      'Events of turns, or answers to keyed requests, could not be removed; they expire within a day.'
    service.warn({ code: 'side_records_kept', message, cause })
  }
}

/** As `removeSideRecords`, for whoever has to know when it fails. */
export async function removeSideRecordsNow(
  { store }: Pick<Service, 'store'>,
  record: SessionRecord,
  kinds: readonly SideRecordKind[],
): Promise<void> {
  for (const kind of kinds) {
    await removeListed(store, {
      tenantId: sideRecordTenant(kind, record.tenantId),
      label: sideRecordLabel(kind, record),
    })
  }
}

const nobodys: readonly SideRecordKind[] = ['users', 'clock', 'audit', 'usage', 'search', 'analytics']

/** The kinds of records that name a user, but for the record of the user itself. */
export const kindsOfUsers = sideRecordKinds.filter((kind) => !nobodys.includes(kind))

/** Removes side records that name a user: by default all, but for the record of the user itself. */
export async function removeSideRecordsOf(
  { store }: Pick<Service, 'store'>,
  { tenantId, userId }: { readonly tenantId: string; readonly userId: string },
  kinds: readonly SideRecordKind[] = kindsOfUsers,
): Promise<void> {
  for (const kind of kinds) await removeListed(store, { tenantId: sideRecordTenant(kind, tenantId), userId })
}

async function removeListed(store: SessionStore, query: Omit<SessionQuery, 'limit'>): Promise<void> {
  for (;;) {
    const { items } = await store.list({ ...query, limit: pageSize })
    if (items.length === 0) break
    await Promise.all(items.map((item) => store.remove(item)))
    if (items.length < pageSize) break
  }
}
