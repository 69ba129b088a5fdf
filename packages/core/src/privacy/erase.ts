import type { Erasure, ErasureReceipt, ErasureStatus } from '../domain/erasure.js'
import { isSessionError, SessionError } from '../errors.js'
import { newId } from '../ids.js'
import { parseUser } from '../domain/identity.js'
import { checkOptions } from '../options.js'
import { parseText } from '../parse.js'
import { auditLogOf } from '../audit/audit-log.js'
import type { AuditedCaller } from '../audit/caller.js'
import { beginAudited, outcomeOf, type Settle } from '../audit/audited.js'
import type { Service } from '../service/service.js'
import { kindsOfUsers, readSideRecord, sideRecordTenant } from '../service/side-records.js'
import { addCounts } from '../service/hook-counts.js'
import { readStoreTime } from '../service/store-time.js'
import {
  readOrDropUserRecord,
  readUserRecord,
  runHooks,
  type TenantUser,
  updateUserRecord,
  type UserRecord,
} from '../service/user-record.js'
import { heldBy, receiptOfOther, TakenOver } from './other-erasure.js'
import { signReceipt, subjectsOf } from './receipt.js'
import { forgetSearch } from '../search/follow-search.js'
import { forgetAnalytics } from '../analytics/follow-analytics.js'
import { forgetUsage } from '../usage/query-usage.js'
import { removeSessions, removeSideRecordsCounted, removeTraces } from './remove-data.js'

/** Whose data is erased, and why. */
export interface EraseOptions {
  /** The user's tenant. */
  tenantId: string
  /** The user. */
  userId: string
  /** Who asked for it, at most 200 characters: the user's own id, or a name for the receipt. */
  by: string
  /** Why, for the receipt: at most 200 characters, and without the user's id. */
  reason: string
}

type About = Pick<Erasure, 'by' | 'reason'>

const maxTextLength = 200
const pageSize = 200
const sweepSize = 500
// An erasure writes with every page. Where it has not for this long, its process is thought to have died.
const staleMs = 300_000
// Finds the erasures that are not done.
const erasingLabel = 'erasing'

/** An erasure that goes on by itself. */
export interface StartedErasure {
  /** Settles when the user record is marked. */
  readonly begun: Promise<ErasureStatus>
  readonly receipt: Promise<ErasureReceipt>
}

/** Erasures that run in this process: a second call for a user joins the first. */
const running = new WeakMap<Service, Map<string, StartedErasure>>()

/**
 * Erases what is kept of a user: marks the user record, so that nothing new can be made, then removes sessions and side
 * records until none is left. It keeps no cursor, so a later call goes on where a process died.
 *
 * @param caller Who asks, for the audit (default: the application).
 * @throws `invalid`
 */
export function startErasure(
  service: Service,
  options: EraseOptions,
  caller: AuditedCaller = { actor: 'host' },
): StartedErasure {
  checkOptions<EraseOptions>(options, { tenantId: 'text', userId: 'text', by: 'text', reason: 'text' })
  const user = parseUser(options)
  const by = shortText(options.by, 'by')
  const reason = shortText(options.reason, 'reason')
  if (user.userId.length >= 3 && reason.includes(user.userId)) {
    throw new SessionError('invalid', 'reason names the user, and the receipt must not', { path: 'reason' })
  }
  if (!service.hasLastingSecrets) {
    throw new SessionError(
      'invalid',
      'credentialSecrets is missing: other processes could not see the erasure',
      {
        path: 'credentialSecrets',
      },
    )
  }
  const isSelf = by === user.userId
  const about = { by: isSelf ? 'subject' : by, reason }
  return startOnce(service, user, about, isSelf ? { ...caller, actor: user } : caller)
}

function startOnce(service: Service, user: TenantUser, about: About, caller: AuditedCaller): StartedErasure {
  const ours = running.get(service) ?? new Map<string, StartedErasure>()
  running.set(service, ours)
  const key = JSON.stringify([user.tenantId, user.userId])
  const known = ours.get(key)
  if (known !== undefined) return known
  const id = operationOf(service, user)
  const happening = { ...caller, tenantId: user.tenantId, subject: user, action: 'user.erase', erases: true }
  // First of all: the key that stands for the user in the audit goes with the user record.
  const settle = id.then(async (operation) => beginAudited(service, happening, operation))
  const begun = settle.then(async () => begin(service, user, { ...about, id: await id }))
  const receipt = settle
    .then(async (settled) =>
      settling(settled, await id, async () => eraseHeld(service, user, about, await begun)),
    )
    .finally(() => ours.delete(key))
  const started = { begun: begun.then(toStatus), receipt }
  // Each caller waits for what it needs; the other of the two is no unhandled rejection.
  for (const each of [started.begun, receipt]) each.catch(() => {})
  ours.set(key, started)
  return started
}

/** Names the erasure: all processes that work on it are one operation in the audit. */
async function operationOf(service: Service, user: TenantUser): Promise<string> {
  const known = service.audit === undefined ? undefined : await readOrDropUserRecord(service, user)
  return known?.value.erasure?.id ?? newId()
}

/** Says how the erasure has ended, also under the name that a process gave it that began at the same moment. */
async function settling(
  settle: Settle,
  id: string,
  work: () => Promise<ErasureReceipt>,
): Promise<ErasureReceipt> {
  try {
    const receipt = await work()
    const { sessions = 0, messages = 0 } = receipt.counts
    await settle('done', { sessions, messages })
    if (receipt.id !== id) await settle('done', {}, receipt.id)
    return receipt
  } catch (error) {
    await settle(...outcomeOf(error))
    throw error
  }
}

/** How far the erasure of a user is; undefined when there was none within `fenceMs`. */
export async function erasureOf(service: Service, user: TenantUser): Promise<ErasureStatus | undefined> {
  const erasure = (await readUserRecord(service, parseUser(user)))?.value.erasure
  return erasure === undefined ? undefined : toStatus(erasure)
}

function toStatus({ id, phase, startedAt, counts, receipt }: Erasure): ErasureStatus {
  if (phase !== 'done' || receipt === undefined) return { id, status: 'running', startedAt, counts }
  return { id, status: 'done', startedAt, counts, receipt }
}

/** Goes on with the erasures of a tenant whose processes died. One that fails does not keep the others. @returns How many. */
export async function resumeErasures(service: Service, tenantId: string): Promise<number> {
  const query = { tenantId: sideRecordTenant('users', tenantId), label: erasingLabel, limit: pageSize }
  const { items } = await service.store.list(query)
  if (items.length === 0) return 0
  const now = await readStoreTime(service, tenantId)
  const failures: unknown[] = []
  let resumed = 0
  for (const record of items) {
    if (now - record.updatedAt < staleMs) continue
    try {
      const userId =
        record.userId ?? (await readSideRecord<UserRecord>(service, record))?.value.erasure?.ending
      if (userId === undefined) continue
      await startOnce(service, { tenantId, userId }, { by: 'system', reason: 'resumed' }, { actor: 'system' })
        .receipt
      resumed++
    } catch (error) {
      if (isSessionError(error, 'unavailable') || isSessionError(error, 'closed')) throw error
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
  return resumed
}

/** Erases, or waits for the call of another process that has begun after this one: one alone counts. */
async function eraseHeld(
  service: Service,
  user: TenantUser,
  about: About,
  begun: Erasure,
): Promise<ErasureReceipt> {
  for (let held = begun; ;) {
    try {
      return await erase(service, user, held)
    } catch (error) {
      if (!(error instanceof TakenOver)) throw error
    }
    const receipt = await receiptOfOther(service, user, staleMs)
    if (receipt !== undefined) return receipt
    held = await begin(service, user, { ...about, id: begun.id })
  }
}

async function erase(service: Service, user: TenantUser, begun: Erasure): Promise<ErasureReceipt> {
  if (begun.ending !== undefined) return end(service, user, begun)
  const work = { service, user, note: noting(service, user, begun.holder), begun }
  // First: the next page that is counted takes the place of the one over which a process died.
  await removeTraces(work)
  await removeSessions(work)
  for (const kind of kindsOfUsers) await removeSideRecordsCounted(work, kind)
  const told = await runHooks(service.privacy.onErase, user, begun.id)
  // From here on whoever writes late removes it: what was written before is found by the second look.
  await work.note((erasure) => ({ ...erasure, phase: 'closing' }))
  await sweepExpired(service)
  await removeSessions(work)
  for (const kind of kindsOfUsers) await removeSideRecordsCounted(work, kind)
  // As long as the key is there that says what stands for the user.
  for (const [kind, forget] of [
    ['usage', forgetUsage],
    ['search', forgetSearch],
    ['analytics', forgetAnalytics],
  ] as const) {
    const forgotten = await forget(service, user)
    if (forgotten === 0) continue
    await work.note(({ counts, ...erasure }) => ({
      ...erasure,
      counts: { ...counts, [kind]: (counts[kind] ?? 0) + forgotten },
    }))
  }
  const receipt = await finish(service, user, begun.holder, told)
  auditLogOf(service)?.subjects.forget(user)
  return receipt
}

/** Marks the user record, or takes over the erasure that a process has begun. */
async function begin(
  service: Service,
  user: TenantUser,
  about: About & Pick<Erasure, 'id'>,
): Promise<Erasure> {
  const startedAt = await readStoreTime(service, user.tenantId)
  const holder = newId()
  const fresh: Erasure = {
    ...about,
    holder,
    startedAt,
    phase: 'running',
    counts: {},
    copiesElsewhere: 0,
    removing: {},
  }
  const seen = await readOrDropUserRecord(service, user)
  // Nothing is left of the user but what the hooks know of: the record must not name the user again.
  if (seen?.value.erasure?.ending !== undefined) return seen.value.erasure
  const isDone = seen?.record.expiresAt !== undefined
  const begun = await updateUserRecord(
    service,
    user,
    ({ erasure: known, ...before }) => {
      if (known === undefined) {
        const hadRecord = Object.keys(before).length > 0
        return { ...before, erasure: { ...fresh, counts: hadRecord ? { users: 1 } : {} } }
      }
      const { receipt: _, ...erasure } = known
      return { ...before, erasure: { ...erasure, phase: 'running', holder } }
    },
    // Without a deadline until it is done: an erasure that nobody finished must not be forgotten.
    { ofErasure: true, label: erasingLabel, ...(isDone ? { idleMs: service.privacy.fenceMs } : {}) },
  )
  return begun!.value.erasure!
}

/** Changes what the user record says of the erasure, as long as this call works on it. */
function noting(service: Service, user: TenantUser, holder: string | undefined) {
  return async (change: (erasure: Erasure) => Erasure): Promise<void> => {
    const noted = (before: UserRecord): UserRecord => ({
      ...before,
      erasure: change(heldBy(holder, before.erasure)),
    })
    await updateUserRecord(service, user, noted, { ofErasure: true })
  }
}

/** Sessions past their deadline are in no list, and stay in the store until they are swept. */
async function sweepExpired({ store }: Service): Promise<void> {
  while ((await store.sweep({ limit: sweepSize })) >= sweepSize);
}

async function finish(
  service: Service,
  user: TenantUser,
  holder: string | undefined,
  told: Readonly<Record<string, number>>,
): Promise<ErasureReceipt> {
  const { tenantId } = user
  const erasedAt = await readStoreTime(service, tenantId)
  const [subject] = await subjectsOf(service, user)
  const seen = heldBy(holder, (await readUserRecord(service, user))?.value.erasure)
  const { id, by, reason, startedAt, copiesElsewhere } = seen
  const counts = { sessions: 0, messages: 0, ...seen.counts }
  addCounts(counts, told)
  const said = { id, tenantId, subject: subject!, by, reason, counts, copiesElsewhere, startedAt, erasedAt }
  const receipt = await signReceipt(service, said)
  // Nothing of the record stays but this: the key of the pseudonym is gone, and the record names nobody.
  const erased: Erasure = { ...seen, phase: 'closing', removing: {}, receipt }
  if (service.privacy.afterErase.length === 0) return end(service, user, erased)
  // Whoever goes on after a process died here has to know the user, and may find the user's keys destroyed.
  const ending: Erasure = { ...erased, ending: user.userId }
  const change = (before: UserRecord): UserRecord => {
    heldBy(holder, before.erasure)
    return { erasure: ending }
  }
  await updateUserRecord(service, user, change, { ofErasure: true, isNamed: false, label: erasingLabel })
  return end(service, user, ending)
}

/** Runs what comes after the erasure, and says that it is done. */
async function end(service: Service, user: TenantUser, erased: Erasure): Promise<ErasureReceipt> {
  const { ending: _, ...erasure } = erased
  const { afterErase, fenceMs } = service.privacy
  await runHooks(afterErase, user, erasure.id)
  const done: Erasure = { ...erasure, phase: 'done' }
  const change = (before: UserRecord): UserRecord => {
    heldBy(erased.holder, before.erasure)
    return { erasure: done }
  }
  await updateUserRecord(service, user, change, {
    ofErasure: true,
    idleMs: fenceMs,
    isNamed: false,
    label: '',
  })
  return done.receipt!
}

function shortText(value: unknown, path: string): string {
  const text = parseText(value, path)
  if (text !== '' && text.length <= maxTextLength) return text
  throw new SessionError('invalid', `${path} must have 1 to ${maxTextLength} characters`, { path })
}
