import { mergeFacts } from '../context/facts.js'
import { boundedFacts, type UserFact } from '../domain/user-fact.js'
import type { SessionRecord } from '../contract/session-record.js'
import type { Consents } from '../domain/consent.js'
import type { Identity } from '../domain/identity.js'
import { isSessionError, isUnreadable } from '../errors.js'
import { isAllowed, refuseWithout } from './consent.js'
import type { Service } from './service.js'
import { readSideRecord, removeSideRecordsOf, updateSideRecord, userRecordRef } from './side-records.js'
import { tellStoreTime } from './store-time.js'
import { momentBefore } from '../time.js'
import { afterWrite } from './unknown-outcome.js'
import { afterLateErase, checkNotErased, lookLater, readUserRecord, type TenantUser } from './user-record.js'

/** What is remembered of a user: one side record, whose id is a keyed digest. */
export interface UserMemory {
  /** Oldest first. */
  readonly facts: readonly UserFact[]
}

const refOf = async (service: Service, user: TenantUser) =>
  userRecordRef(service, 'memory', user, (digest) => digest)

/** All that is remembered of a user, oldest first. Asks for no consent: it is what is there. */
export async function readMemory(service: Service, user: TenantUser): Promise<readonly UserFact[]> {
  const facts = (await readSideRecord<UserMemory>(service, await refOf(service, user)))?.value.facts ?? []
  const { memoryMs } = service.retentionOf(user.tenantId)
  if (memoryMs === undefined || facts.length === 0) return facts
  // What is over its time is shown to nobody, whether or not a sweep has come by.
  const over = momentBefore(await tellStoreTime(service, user.tenantId), memoryMs)
  return facts.filter(({ at }) => at > over)
}

/**
 * Forgets what was remembered of a user up to a moment.
 *
 * @returns Whether there was any.
 */
export async function forgetUpTo(service: Service, record: SessionRecord, over: number): Promise<boolean> {
  const isOver = ({ at }: UserFact): boolean => at <= over
  const seen = await readSideRecord<UserMemory>(service, record)
  if (seen?.value.facts.some(isOver) !== true) return false
  if (seen.value.facts.every(isOver)) return removeUnchanged(service, seen.record)
  const changed = await updateSideRecord<UserMemory>(
    service,
    record,
    (before) =>
      before?.facts.some(isOver) === true
        ? { ...before, facts: before.facts.filter((fact) => !isOver(fact)) }
        : undefined,
    { seen },
  )
  return changed !== undefined
}

/** Removes what is remembered of a user, unless it has changed since the record was listed. */
export async function removeUnchanged({ store }: Service, record: SessionRecord): Promise<boolean> {
  const { incarnation, changes } = record
  try {
    return await store.remove(record, { incarnation, changes })
  } catch (error) {
    if (isSessionError(error, 'conflict')) return false
    throw error
  }
}

/** What a session may show of its user: nothing without consent to `memory`, nor what nobody can read. */
export async function shownMemory(
  service: Service,
  user: TenantUser,
  consents: Identity['consents'],
): Promise<readonly UserFact[]> {
  const decided =
    service.consent === undefined ? undefined : (await readUserRecord(service, user))?.value.consent
  if (!isAllowed(service, 'memory', decided, consents)) return []
  try {
    return await readMemory(service, user)
  } catch (error) {
    // A record that is damaged must not end all conversations of its user.
    if (isUnreadable(error)) return []
    throw error
  }
}

/**
 * Remembers facts of a user, who has consented to it.
 *
 * @returns What is remembered now. @throws `consent_missing`, `user_erased`; `unknown_outcome` when it was written and the
 * store is away by then: whether it may stay is looked at again in the background.
 */
export async function addToMemory(
  service: Service,
  user: TenantUser,
  facts: readonly UserFact[],
  consents: Identity['consents'],
): Promise<readonly UserFact[]> {
  refuseDenied(service, await checkNotErased(service, user), consents)
  const { memoryMs } = service.retentionOf(user.tenantId)
  const over =
    memoryMs === undefined ? 0 : momentBefore(await tellStoreTime(service, user.tenantId), memoryMs)
  const after = await changeMemory(service, user, (before) => {
    const merged = mergeFacts(before, facts) as UserFact[]
    return boundedFacts(merged.filter(({ at }) => at > over))
  })
  // Both may have happened between the question and the write, and have looked before it.
  const look = async (): Promise<void> => refuseMemory(service, user, consents)
  try {
    await afterWrite(look)
  } catch (error) {
    if (isSessionError(error, 'unknown_outcome'))
      lookLater(service, ['memory', user.tenantId, user.userId], look)
    throw error
  }
  return after
}

/** Removes what is remembered of a user of whom nothing may be. @throws `consent_missing`, `user_erased` */
async function refuseMemory(
  service: Service,
  user: TenantUser,
  consents: Identity['consents'],
): Promise<void> {
  try {
    refuseDenied(service, await checkNotErased(service, user), consents)
  } catch (error) {
    // While the store is away nobody has said that it may not be remembered.
    if (isSessionError(error, 'user_erased') || isSessionError(error, 'consent_missing'))
      await removeMemory(service, user)
    if (isSessionError(error, 'user_erased')) await afterLateErase(service, user)
    throw error
  }
}

/** @throws `consent_missing`: what is remembered is stored, too. */
function refuseDenied(service: Service, decided: Consents | undefined, known: Identity['consents']): void {
  for (const purpose of ['memory', 'storage'])
    if (!isAllowed(service, purpose, decided, known)) refuseWithout(purpose)
}

/** Forgets facts of a user. @returns How many. */
export async function forgetInMemory(
  service: Service,
  user: TenantUser,
  isForgotten: (fact: UserFact) => boolean,
): Promise<number> {
  let forgotten = 0
  await changeMemory(service, user, (before) => {
    const kept = before.filter((fact) => !isForgotten(fact))
    forgotten = before.length - kept.length
    return forgotten === 0 ? undefined : kept
  })
  return forgotten
}

/** Removes all that is remembered of a user. @returns How many facts. */
export async function removeMemory(service: Service, user: TenantUser): Promise<number> {
  const count = await countMemory(service, user)
  await removeSideRecordsOf(service, user, ['memory'])
  return count
}

/** How many facts there are: none that anybody can read, where nobody can read them. */
async function countMemory(service: Service, user: TenantUser): Promise<number> {
  try {
    return (await readMemory(service, user)).length
  } catch (error) {
    if (isUnreadable(error)) return 0
    throw error
  }
}

async function changeMemory(
  service: Service,
  user: TenantUser,
  change: (before: readonly UserFact[]) => readonly UserFact[] | undefined,
): Promise<readonly UserFact[]> {
  const changed = await updateSideRecord<UserMemory>(
    service,
    await refOf(service, user),
    (before) => {
      const facts = change(before?.facts ?? [])
      return facts === undefined ? undefined : { ...before, facts }
    },
    { userId: user.userId },
  )
  return changed?.value.facts ?? []
}
