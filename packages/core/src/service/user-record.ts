import { later } from '../time.js'
import type { SessionRecord } from '../contract/session-record.js'
import type { Consents } from '../domain/consent.js'
import type { Erasure } from '../domain/erasure.js'
import { isSessionError, isUnreadable, SessionError } from '../errors.js'
import { forgetPreferencesOf } from './forget-preferences.js'
import type { Service } from './service.js'
import { addCounts } from './hook-counts.js'
import type { EraseHook } from './settings.js'
import {
  readSideRecord,
  removeSideRecordsNow,
  removeSideRecordsOf,
  type SideRecord,
  updateSideRecord,
  userRecordRef,
} from './side-records.js'
import { repeatUnknown } from './unknown-outcome.js'

/** A user of a tenant. */
export interface TenantUser {
  /** The tenant. */
  readonly tenantId: string
  /** The user, as the application names them. */
  readonly userId: string
}

/**
 * What is kept of a user beside their sessions: one side record, whose id is a keyed digest. Every change keeps the
 * fields that it does not know, and an erasure keeps none of them.
 */
export interface UserRecord {
  readonly consent?: Consents
  /** Stands for the user in what is counted about them. Without it, what was counted is nobody's. */
  readonly pseudonymKey?: string
  /** Stands for the user in the audit. It has nothing to do with consent, and an erasure alone destroys it. */
  readonly auditKey?: string
  /** Stands for the user in what turns used. It has nothing to do with consent, as no bill has. */
  readonly usageKey?: string
  /** Stands for the user in the index of the search. */
  readonly searchKey?: string
  /** Stands for the user in facts of sessions. A withdrawal destroys it. */
  readonly analyticsKey?: string
  /** Keys that were withdrawn, whose facts the log may still have: until it says that it forgot them. */
  readonly analyticsGone?: readonly string[]
  readonly erasure?: Erasure
}

export interface UserRecordOptions {
  /** How long the record is kept after this change, in milliseconds (default: forever). */
  readonly idleMs?: number
  /** The record names its user, for whoever looks for the user's data (default true). */
  readonly isNamed?: boolean
  /** What `list` finds the record by (default: as it was). */
  readonly label?: string
  /** The change belongs to an erasure (default false: the record of a user who is erased is left as it is). */
  readonly ofErasure?: boolean
}

/** The record of a user, or undefined. Costs one read for each of `credentialSecrets`. */
export async function readUserRecord(
  service: Service,
  user: TenantUser,
): Promise<SideRecord<UserRecord> | undefined> {
  return readSideRecord<UserRecord>(service, await refOf(service, user))
}

/** As `readUserRecord`; a record that nobody can read any more is removed: whatever it said is gone with its key. */
export async function readOrDropUserRecord(
  service: Service,
  user: TenantUser,
): Promise<SideRecord<UserRecord> | undefined> {
  try {
    return await readUserRecord(service, user)
  } catch (error) {
    if (!isUnreadable(error)) throw error
    await service.store.remove(await refOf(service, user))
    return undefined
  }
}

/**
 * Changes the record of a user, or makes it. Whoever has asked whether the user is erased may have asked too early, so
 * the change asks again.
 *
 * @returns The record after the change; undefined when it was left as it is, by `change` or because the user is erased.
 */
export async function updateUserRecord(
  service: Service,
  user: TenantUser,
  change: (before: UserRecord) => UserRecord | undefined,
  { isNamed = true, ofErasure = false, ...options }: UserRecordOptions = {},
): Promise<SideRecord<UserRecord> | undefined> {
  const unlessErased = (before: UserRecord = {}): UserRecord | undefined =>
    before.erasure !== undefined && !ofErasure ? undefined : change(before)
  return updateSideRecord<UserRecord>(service, await refOf(service, user), unlessErased, {
    ...options,
    userId: isNamed ? user.userId : '',
  })
}

/** As `updateUserRecord`, for a change that is always one. @throws `user_erased` */
export async function changeUserRecord(
  service: Service,
  user: TenantUser,
  change: (before: UserRecord) => UserRecord,
): Promise<UserRecord> {
  const changed = await updateUserRecord(service, user, change)
  if (changed === undefined) throw userErased()
  return changed.value
}

const refOf = (service: Service, user: TenantUser) =>
  userRecordRef(service, 'users', user, (digest) => digest)

/** @returns What the user has decided. @throws `user_erased` while nothing may be kept of the user. */
export async function checkNotErased(service: Service, user: TenantUser): Promise<Consents | undefined> {
  const known = (await readUserRecord(service, user))?.value
  if (known?.erasure !== undefined) throw userErased()
  return known?.consent
}

/** A tenant, and a user of it if there is one. */
interface MaybeUser {
  readonly tenantId: string
  readonly userId?: string | undefined
}

/**
 * As `refuseErased`, before anything is stored that names a user, where the application does something after an erasure:
 * what is stored and removed again would leave a new key of the user in an encrypted store.
 *
 * @throws `user_erased`
 */
export async function refuseBefore(service: Service, { tenantId, userId }: MaybeUser): Promise<void> {
  if (userId === undefined || service.privacy.afterErase.length === 0) return
  await checkNotErased(service, { tenantId, userId })
}

/**
 * Does again what the application does after an erasure, if the user was erased between `refuseBefore` and what was
 * stored after it, which is removed by now.
 */
export async function afterLateErase(service: Service, { tenantId, userId }: MaybeUser): Promise<void> {
  const { afterErase } = service.privacy
  if (userId === undefined || afterErase.length === 0) return
  const user = { tenantId, userId }
  const erasure = (await readUserRecord(service, user))?.value.erasure
  if (erasure !== undefined && erasure.phase !== 'running') await runHooks(afterErase, user, erasure.id)
}

/**
 * Refuses a session that was just given to a user whose data is being erased, or who does not consent to storage, and
 * removes it. Whoever gives a session to a user calls this after the last write: the erasure marks the user record before
 * it looks for sessions, so one of the two sees the other.
 *
 * @returns Whether it may have preferences. Where it may not, the caller removes them.
 * @throws `user_erased`, `consent_missing`; `unknown_outcome` when the user record cannot be read: the session stays, for
 * others may use it by now, and the record is looked at again in the background.
 */
export async function refuseErased(service: Service, record: SessionRecord): Promise<boolean> {
  const { tenantId, userId } = record
  if (userId === undefined) return true
  const user = { tenantId, userId }
  let known: UserRecord | undefined
  try {
    known = (await readUserRecord(service, user))?.value
  } catch (cause) {
    lookLater(service, ['refuse', tenantId, record.id, record.incarnation], async () => {
      const now = (await readUserRecord(service, user))?.value
      if (!(await refuseIfErased(service, record, user, now))) await forgetPreferencesOf(service, record)
    })
    throw new SessionError(
      'unknown_outcome',
      'The session was stored, but the record of its user could not be read.',
      { cause },
    )
  }
  return refuseIfErased(service, record, user, known)
}

async function refuseIfErased(
  service: Service,
  record: SessionRecord,
  user: TenantUser,
  known: UserRecord | undefined,
): Promise<boolean> {
  const denies = (purpose: 'storage' | 'personalization'): boolean =>
    service.consent !== undefined && known?.consent?.purposes[purpose]?.granted === false
  if (known?.erasure === undefined && !denies('storage')) {
    return !denies('personalization')
  }
  await removeGiven(service, record)
  if (known?.erasure === undefined) {
    await removeSideRecordsOf(service, user)
    throw new SessionError('consent_missing', 'The user has just withdrawn the consent to storage.', {
      path: 'storage',
    })
  }
  await removeLateWrites(service, user, known.erasure)
  throw userErased()
}

// Longer and longer, as long as a failover takes.
const laterMs = [100, 200, 400, 800, 1600, 3200]

/** Looks in the background at what could not be looked at now, until it can be, or refuses what was written. */
export function lookLater(service: Service, name: readonly string[], look: () => Promise<void>): void {
  service.work.background(JSON.stringify(name), async () => {
    for (const ms of laterMs) {
      await new Promise((resolve) => later(resolve, ms))
      try {
        await look()
        return
      } catch (error) {
        if (isSessionError(error, 'user_erased') || isSessionError(error, 'consent_missing')) return
      }
    }
  })
}

/**
 * Removes what a call has just written about a user, if that call failed because the user's data was erased meanwhile:
 * the erasure may have looked before the call wrote.
 */
export async function withdrawIfErased(
  service: Service,
  user: Partial<TenantUser>,
  why: unknown,
): Promise<void> {
  const { tenantId, userId } = user
  if (tenantId === undefined || userId === undefined || !isSessionError(why, 'not_found')) return
  const seen = await readUserRecord(service, { tenantId, userId })
  if (seen?.value.erasure !== undefined)
    await removeLateWrites(service, { tenantId, userId }, seen.value.erasure)
}

async function removeGiven(service: Service, record: SessionRecord): Promise<void> {
  const { incarnation } = record
  await repeatUnknown(() => service.store.remove(record, { incarnation }))
  await removeSideRecordsNow(service, record, ['turns', 'requests', 'transfers'])
}

/** While an erasure is `running`, its last look is still to come. */
async function removeLateWrites(service: Service, user: TenantUser, { phase, id }: Erasure): Promise<void> {
  if (phase === 'running') return
  await removeSideRecordsOf(service, user)
  // They may have run before it was written, and are to find what it has left, such as a new key of the user.
  await runHooks(service.privacy.afterErase, user, id)
}

/** Calls hooks of the host, one after the other. @returns What they counted. They run again when an erasure is resumed. */
export async function runHooks(
  hooks: readonly EraseHook[],
  user: TenantUser,
  erasureId: string,
): Promise<Record<string, number>> {
  const told: Record<string, number> = {}
  for (const hook of hooks) addCounts(told, await hook({ ...user, erasureId }))
  return told
}

function userErased(): SessionError {
  return new SessionError('user_erased', 'The data of this user is being erased, or was erased just now.')
}
