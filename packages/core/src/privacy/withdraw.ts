import { forgetAnalytics } from '../analytics/follow-analytics.js'
import type { SessionRecord } from '../contract/session-record.js'
import type { Erasure } from '../domain/erasure.js'
import { isSessionError, isUnreadable } from '../errors.js'
import { forgetPreferencesOf } from '../service/forget-preferences.js'
import { addCounts } from '../service/hook-counts.js'
import type { Service } from '../service/service.js'
import { kindsOfUsers } from '../service/side-records.js'
import { removeMemory } from '../service/user-memory.js'
import { type TenantUser, updateUserRecord } from '../service/user-record.js'
import { removeSessions, removeSideRecordsCounted } from './remove-data.js'

const pageSize = 100
// A store says to the minute when a session was last active.
const coarseMs = 120_000

/** Removes what purposes have stored of a user. @returns How much of each kind. */
export async function withdraw(
  service: Service,
  user: TenantUser,
  purposes: readonly string[],
): Promise<Record<string, number>> {
  const removed: Record<string, number> = {}
  const isGone = purposes.includes('storage')
  if (isGone) Object.assign(removed, await removeStored(service, user))
  if (!isGone && purposes.includes('personalization')) {
    const preferences = await forgetPreferences(service, user)
    if (preferences > 0) removed['preferences'] = preferences
  }
  if (!isGone && purposes.includes('memory')) {
    const facts = await removeMemory(service, user)
    if (facts > 0) removed['memory'] = facts
  }
  if (isGone || purposes.includes('analytics')) {
    // What was counted under the pseudonym is nobody's from now on.
    const pseudonyms = await forgetPseudonym(service, user)
    if (pseudonyms > 0) removed['pseudonyms'] = pseudonyms
    const facts = await forgetAnalytics(service, user)
    if (facts > 0) removed['analytics'] = facts
  }
  for (const hook of service.consent?.onWithdraw ?? []) {
    for (const purpose of purposes) addCounts(removed, await hook({ ...user, purpose }))
  }
  return removed
}

/** As an erasure, but for the user record, which has to say that there is no consent. */
async function removeStored(service: Service, user: TenantUser): Promise<Record<string, number>> {
  let state = { counts: {}, copiesElsewhere: 0, removing: {} } as Erasure
  const note = async (change: (before: Erasure) => Erasure): Promise<void> => {
    state = change(state)
  }
  const removal = { service, user, begun: state, note }
  await removeSessions(removal)
  for (const kind of kindsOfUsers) await removeSideRecordsCounted(removal, kind)
  return { ...state.counts }
}

async function forgetPreferences(service: Service, user: TenantUser): Promise<number> {
  let forgotten = 0
  let begunAt: number | undefined
  let pages = 0
  let failure: unknown
  const forgetIn = async (item: SessionRecord): Promise<boolean> => {
    try {
      return await forgetPreferencesOf(service, item)
    } catch (error) {
      // What nobody can read, or not now, must not keep the preferences of the others.
      if (isSessionError(error, 'unknown_key') && !isUnreadable(error)) failure ??= error
      else if (!isUnreadable(error)) throw error
      return false
    }
  }
  const walk = async (since: number): Promise<number> => {
    const before = forgotten
    let cursor: string | undefined
    do {
      const query = { ...user, limit: pageSize, ...(cursor === undefined ? {} : { cursor }) }
      const page = await service.store.list(query)
      pages++
      begunAt ??= page.items[0]?.activeAt ?? 0
      for (const item of page.items) if (await forgetIn(item)) forgotten++
      cursor = (page.items.at(-1)?.activeAt ?? 0) < since ? undefined : page.cursor
    } while (cursor !== undefined)
    return forgotten - before
  }
  await walk(0)
  // A session that became active meanwhile has moved to the beginning of the list, where the walk had been already.
  if (pages > 1) while ((await walk(begunAt! - coarseMs)) > 0);
  if (failure !== undefined) throw failure
  return forgotten
}

async function forgetPseudonym(service: Service, user: TenantUser): Promise<number> {
  let forgotten = 0
  await updateUserRecord(service, user, ({ pseudonymKey, ...others }) => {
    forgotten = pseudonymKey === undefined ? 0 : 1
    return pseudonymKey === undefined ? undefined : others
  })
  return forgotten
}
