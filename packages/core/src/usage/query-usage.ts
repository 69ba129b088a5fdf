import type {
  UsageEvent,
  UsageGroup,
  UsageGrouping,
  UsageKey,
  UsageQuery,
  UsageReport,
} from '../domain/usage.js'
import { parseIdentity, parseUser } from '../domain/identity.js'
import { SessionError } from '../errors.js'
import { checkOptions, type OptionNames } from '../options.js'
import { parseCount } from '../parse.js'
import type { Service } from '../service/service.js'
import { momentBefore } from '../time.js'
import { nameless, type UsageRecorder, usageOf } from './usage-recorder.js'
import { inOrder, sumOf, UsageGroups } from './usage-totals.js'

/** Whose prices are told again. */
export interface RepriceOptions {
  /** The tenant. */
  tenantId: string
  /** Turns from this moment on, in epoch milliseconds (default: from the first). */
  from?: number
  /** Turns before this moment, in epoch milliseconds (default: all). */
  to?: number
}

const queryNames: OptionNames<UsageQuery> = {
  tenantId: 'text',
  by: 'list',
  bucket: ['hour', 'day'],
  from: 'number',
  to: 'number',
  userId: 'text',
  sessionId: 'text',
}
const keys: readonly UsageKey[] = ['user', 'session', 'provider', 'model', 'label']
/** More than anybody reads: a narrower query tells more. */
export const maxUsageGroups = 10_000

/** What the turns of a tenant used. @throws `invalid`, `too_large` */
export async function queryUsage(service: Service, given: UsageQuery): Promise<UsageReport> {
  const query = given ?? ({} as UsageQuery)
  checkOptions<UsageQuery>(query, queryNames)
  const recorder = theRecorder(service)
  const { bucket, userId, sessionId } = query
  // A database refuses a column that is asked for twice.
  const by = [...new Set(query.by)]
  const span = spanOf(query)
  for (const [index, key] of by.entries()) {
    if (keys.includes(key)) continue
    const path = `by[${index}]`
    throw new SessionError('invalid', `${path} must be one of ${keys.join(', ')}`, { path })
  }
  // A caller finds the turns that it has just made.
  const { tenantId } = span
  await recorder.flush(tenantId)
  const user =
    userId === undefined ? undefined : await recorder.subjects.find(parseUser({ tenantId, userId }))
  // Nothing stands for this user, so nothing was used.
  if (userId !== undefined && user === undefined) return { groups: [], total: sumOf([]) }
  const grouping = { ...span, by, bucket, user, sessionId, maxGroups: maxUsageGroups }
  const groups = await grouped(recorder, grouping)
  if (groups.length > maxUsageGroups) {
    const message = `There are more than ${maxUsageGroups} groups. Ask for a shorter span, or by fewer names.`
    throw new SessionError('too_large', message, { path: 'by' })
  }
  return { groups: inOrder(groups), total: sumOf(groups) }
}

async function grouped({ log }: UsageRecorder, grouping: UsageGrouping): Promise<readonly UsageGroup[]> {
  if (log.group !== undefined) return log.group(grouping)
  if (log.read === undefined) throw cannot('be read')
  const { tenantId, from, to } = grouping
  const groups = new UsageGroups(grouping)
  for await (const events of log.read({ tenantId, from, to })) {
    for (const event of events) groups.add(event)
    if (groups.size > grouping.maxGroups) break
  }
  return groups.all
}

/** Whether a service can tell what turns used. */
export function keepsUsage(service: Service): boolean {
  const { log } = usageOf(service) ?? {}
  return log !== undefined && ('read' in log || 'group' in log)
}

/** Tells what turns cost by the prices of now, but for those whose cost the application reported. @throws `invalid` */
export async function repriceUsage(service: Service, given: RepriceOptions): Promise<number> {
  const options = given ?? ({} as RepriceOptions)
  checkOptions<RepriceOptions>(options, { tenantId: 'text', from: 'number', to: 'number' })
  const recorder = theRecorder(service)
  const span = spanOf(options)
  if (recorder.log.rewrite === undefined) throw cannot('be changed')
  await recorder.flush(span.tenantId)
  return recorder.log.rewrite(span, (event) => {
    if (event.cost?.by === 'host') return event
    const cost = recorder.prices.costOf(event, event.at)
    // What the table does not have any more has cost what it has cost.
    return cost === undefined ? event : { ...event, cost }
  })
}

/** Takes a user out of what turns used: the sums stay, and are nobody's. @returns Of how many turns. */
export async function forgetUsage(
  service: Service,
  user: { readonly tenantId: string; readonly userId: string },
): Promise<number> {
  const recorder = usageOf(service)
  if (recorder === undefined) return 0
  const { tenantId } = user
  // What comes after this would name a user whom nothing takes out any more.
  if (!(await recorder.flush(tenantId)))
    throw new SessionError('unavailable', 'What the user has used is not written yet.')
  const subject = await recorder.subjects.find(user)
  recorder.subjects.forget(user)
  if (subject === undefined) return 0
  const { log } = recorder
  if (log.forget !== undefined) return log.forget(tenantId, subject)
  const all = { tenantId, from: 0, to: Number.MAX_SAFE_INTEGER }
  const change = (event: UsageEvent) => (event.user === subject ? nameless(event) : event)
  return (await log.rewrite?.(all, change)) ?? 0
}

/** Removes what is over its time. @returns How much, in events or days of them. */
export async function pruneUsage(
  service: Service,
  tenantId: string,
  { now, limit }: { readonly now: number; readonly limit: number },
): Promise<number> {
  const { usageMs } = service.retentionOf(tenantId)
  const { log } = usageOf(service) ?? {}
  if (usageMs === undefined || log?.prune === undefined) return 0
  return log.prune(tenantId, momentBefore(now, usageMs), limit)
}

function spanOf({ tenantId, from = 0, to = Number.MAX_SAFE_INTEGER }: RepriceOptions) {
  parseCount(from, 'from')
  parseCount(to, 'to')
  if (from >= to) throw new SessionError('invalid', 'to must be after from', { path: 'to' })
  return { tenantId: parseIdentity({ tenantId }).tenantId, from, to: Math.min(to, Number.MAX_SAFE_INTEGER) }
}

function theRecorder(service: Service): UsageRecorder {
  const recorder = usageOf(service)
  if (recorder !== undefined) return recorder
  throw new SessionError('invalid', 'usage is missing among the options of the service', { path: 'usage' })
}

function cannot(what: string): SessionError {
  return new SessionError('invalid', `What usage.log keeps cannot ${what}.`, { path: 'usage.log' })
}
