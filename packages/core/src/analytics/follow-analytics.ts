import { erased, Subjects } from '../audit/subjects.js'
import type { SessionRecord } from '../contract/session-record.js'
import { digestOf } from '../digest.js'
import type { AnalyticsLog } from '../domain/analytics.js'
import { followSessions, lookAgain } from '../service/follow-sessions.js'
import type { Service } from '../service/service.js'
import { sideRecordRef } from '../service/side-records.js'
import { readStoreTime } from '../service/store-time.js'
import { readUserRecord, type TenantUser, updateUserRecord, type UserRecord } from '../service/user-record.js'
import { momentBefore } from '../time.js'
import { FactsReader, mayCount } from './facts-reader.js'

const pageSize = 200
// Sessions of one call: a first look at many takes several.
const maxSessions = 5000

/** What keeps the facts of a service's sessions. */
export interface KeptAnalytics {
  readonly log: AnalyticsLog
  readonly subjects: Subjects
}

const kept = new WeakMap<object, KeptAnalytics>()

/** Undefined where none are kept. */
export function analyticsOf(service: Service): KeptAnalytics | undefined {
  const { analytics } = service
  if (analytics?.log === undefined) return undefined
  const known = kept.get(analytics)
  if (known !== undefined) return known
  const made = { log: analytics.log, subjects: new Subjects(service, 'analyticsKey') }
  kept.set(analytics, made)
  return made
}

const followedRef = (tenantId: string) => sideRecordRef('analytics', tenantId, 'followed')

/** Keeps what the sessions of a tenant say that were active since the last time. @returns Whether that is all. */
export async function followAnalytics(service: Service, tenantId: string): Promise<boolean> {
  const keeping = analyticsOf(service)
  if (keeping === undefined) return true
  const keep = keeper(service, keeping, tenantId)
  const { isAll } = await followSessions(service, {
    tenantId,
    ref: followedRef(tenantId),
    firstMs: Number.POSITIVE_INFINITY,
    pageSize,
    atMost: maxSessions,
    visit: keep,
  })
  return isAll
}

/** As `followAnalytics`, for a sweep, whose other work needs none of it. Removes what is over its time. */
export async function keepAnalytics(service: Service, tenantId: string, limit: number): Promise<number> {
  const keeping = analyticsOf(service)
  if (keeping === undefined) return 0
  try {
    await followAnalytics(service, tenantId)
    const { analyticsMs } = service.retentionOf(tenantId)
    if (analyticsMs === undefined) return 0
    const before = momentBefore(await readStoreTime(service, tenantId), analyticsMs)
    return await keeping.log.prune(tenantId, before, limit)
  } catch (cause) {
    const message = 'What sessions say could not be kept; the next sweep does it.'
    service.warn({ code: 'analytics_failed', message, cause })
    return 0
  }
}

/** Takes a user out of what is kept: nothing says any more which sessions were theirs. @returns Of how many sessions. */
export async function forgetAnalytics(service: Service, user: TenantUser): Promise<number> {
  const keeping = analyticsOf(service)
  if (keeping === undefined) return 0
  const { log, subjects } = keeping
  let gone: readonly string[] = []
  // Whoever is writing at this moment writes under what is nobody's from now on. The key stays until the log has
  // forgotten what is kept under it: a call that goes on where this one was cut off finds it by nothing else.
  const takenOut = ({ analyticsKey, ...others }: UserRecord): UserRecord | undefined => {
    gone = [...(others.analyticsGone ?? []), ...(analyticsKey === undefined ? [] : [analyticsKey])]
    return analyticsKey === undefined ? undefined : { ...others, analyticsGone: gone }
  }
  await updateUserRecord(service, user, takenOut, { ofErasure: true })
  subjects.forget(user)
  if (gone.length === 0) return 0
  let forgotten = 0
  for (const key of gone) forgotten += await log.forget(user.tenantId, await subjects.by(key, user))
  const without = ({ analyticsGone = [], ...others }: UserRecord): UserRecord => {
    const left = analyticsGone.filter((key) => !gone.includes(key))
    return left.length === 0 ? others : { ...others, analyticsGone: left }
  }
  await updateUserRecord(service, user, without, { ofErasure: true })
  return forgotten
}

/** Keeps what the sessions of a user say, or that they say nothing, after the user has decided anew. */
export async function refreshAnalytics(service: Service, user: TenantUser): Promise<void> {
  const keeping = analyticsOf(service)
  if (keeping === undefined) return
  const keep = keeper(service, keeping, user.tenantId)
  let cursor: string | undefined
  do {
    const query = { ...user, limit: pageSize, ...(cursor === undefined ? {} : { cursor }) }
    const page = await service.store.list(query)
    for (const record of page.items) await keep(record)
    cursor = page.cursor
  } while (cursor !== undefined)
}

/**
 * Keeps what a session says that was imported: it was active long ago, so no look at those that were active since the
 * last one would find it.
 */
export async function keepImported(service: Service, record: SessionRecord): Promise<void> {
  const keeping = analyticsOf(service)
  if (keeping === undefined) return
  const { tenantId, activeAt } = record
  try {
    await keeper(service, keeping, tenantId)(record)
  } catch (cause) {
    const message = 'What an imported session says could not be kept; the next sweep does it.'
    service.warn({ code: 'analytics_failed', message, cause })
    await lookAgain(service, followedRef(tenantId), activeAt)
  }
}

function keeper(service: Service, keeping: KeptAnalytics, tenantId: string) {
  const { log, subjects } = keeping
  return async (listed: SessionRecord): Promise<number> => {
    for (;;) {
      // Anew for each: a consent that was withdrawn meanwhile holds.
      const reader = new FactsReader(service, tenantId, async (record) =>
        record.userId === undefined ? keyOf(record) : subjects.of({ tenantId, userId: record.userId }),
      )
      const read = await reader.read(listed)
      if (read === undefined || read.facts?.unit === erased) return 1
      const { record, facts } = read
      const { changes, createdAt, userId } = record
      const about = { key: await keyOf(record), changes, createdAt }
      await log.put(tenantId, [facts === undefined ? about : { ...about, facts }])
      if (facts === undefined || userId === undefined) return 1
      const user = { tenantId, userId }
      if (await mayStay(service, keeping, user, facts.unit)) return 1
      await log.forget(tenantId, facts.unit)
      subjects.forget(user)
    }
  }
}

/**
 * Whether the user allows what was just put, and is named by it. A withdrawal and an erasure change the record of the user
 * before they forget what is kept: either they find what was put, or this finds the change.
 */
async function mayStay(
  service: Service,
  { subjects }: KeptAnalytics,
  user: TenantUser,
  unit: string,
): Promise<boolean> {
  const known = (await readUserRecord(service, user))?.value
  return mayCount(service, known?.consent) && (await subjects.named(known, user)) === unit
}

async function keyOf({ tenantId, incarnation }: SessionRecord): Promise<string> {
  return (await digestOf(JSON.stringify(['analytics', tenantId, incarnation]))).slice(0, 22)
}
