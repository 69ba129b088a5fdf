import { mergeFacts } from '../context/facts.js'
import { boundedFacts, type UserFact } from '../domain/user-fact.js'
import type { Consents } from '../domain/consent.js'
import type { Identity } from '../domain/identity.js'
import { isSessionError, isUnreadable } from '../errors.js'
import { isAllowed, refuseWithout } from './consent.js'
import type { Service } from './service.js'
import { readSideRecord, removeSideRecordsOf, updateSideRecord, userRecordRef } from './side-records.js'
import { tellStoreTime } from './store-time.js'
import { afterWrite } from './unknown-outcome.js'
import { checkNotErased, lookLater, readUserRecord, type TenantUser } from './user-record.js'

/** What is remembered of a user: one side record, whose id is a keyed digest. */
export interface UserMemory {
  /** Oldest first. */
  readonly facts: readonly UserFact[]
}

const refOf = async (service: Service, user: TenantUser) =>
  userRecordRef(service, 'memory', user, (digest) => digest)

/** All that is remembered of a user, oldest first. Asks for no consent: it is what is there. */
export async function readMemory(service: Service, user: TenantUser): Promise<readonly UserFact[]> {
  return (await readSideRecord<UserMemory>(service, await refOf(service, user)))?.value.facts ?? []
}

/** What a session may show of its user: nothing without consent to `memory`. */
export async function shownMemory(
  service: Service,
  user: TenantUser,
  consents: Identity['consents'],
): Promise<readonly UserFact[]> {
  const decided =
    service.consent === undefined ? undefined : (await readUserRecord(service, user))?.value.consent
  return isAllowed(service, 'memory', decided, consents) ? readMemory(service, user) : []
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
  const { memoryMs = Number.POSITIVE_INFINITY } = service.retentionOf(user.tenantId)
  const now = Number.isFinite(memoryMs) ? await tellStoreTime(service, user.tenantId) : 0
  const after = await changeMemory(service, user, (before) => {
    const merged = mergeFacts(before, facts) as UserFact[]
    return boundedFacts(merged.filter(({ at }) => at > now - memoryMs))
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
