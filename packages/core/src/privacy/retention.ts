import type { SessionRecord } from '../contract/session-record.js'
import { cleared, expired } from '../domain/branches.js'
import { decodeBody, type ReplyPlace, type SessionBody } from '../domain/session-body.js'
import { isSessionError, isUnreadable, SessionError } from '../errors.js'
import { LiveSession } from '../service/live-session.js'
import type { SessionSnapshot } from '../service/session-snapshot.js'
import { isAlive } from '../service/living-turn.js'
import type { Service } from '../service/service.js'
import type { RetentionSettings } from '../service/settings.js'
import { sideRecordTenant, updateSideRecord } from '../service/side-records.js'
import { readStoreTime } from '../service/store-time.js'
import { momentBefore } from '../time.js'
import { forgetUpTo, removeUnchanged } from '../service/user-memory.js'
import type { UserRecord } from '../service/user-record.js'
import { forgetWords } from '../turn/forget-words.js'
import { readReplies } from '../turn/replies.js'

const pageSize = 200
// A change of what is remembered of a user drops what is over its time. Who was quiet since for a tenth of it is looked at.
const soonShare = 10
const sessionClasses = ['messagesMs', 'documentsMs', 'cartMs', 'factsMs'] as const

/** When a session was last written to by anybody but retention. */
export function lastActivity(
  { revision, lastSeq, activeAt }: Pick<SessionRecord, 'revision' | 'lastSeq' | 'activeAt'>,
  { retained }: Pick<SessionBody, 'retained'>,
): number {
  const isSame = retained?.revision === revision && retained.lastSeq === lastSeq
  return isSame ? retained.activeAt : activeAt
}

/** What is over its time is gone from the body that is given back; the same body when nothing is. */
export function expire(
  body: SessionBody,
  record: SessionRecord,
  now: number,
  retention: RetentionSettings,
  historyIsOver = false,
): SessionBody {
  const idleMs = now - lastActivity(record, body)
  const isDue = (ms = Number.POSITIVE_INFINITY): boolean => idleMs >= ms
  let next = historyIsOver ? expired(body, record.lastSeq) : body
  const holdsMessages = firstShown(body) <= record.lastSeq
  if (isDue(retention.messagesMs) && holdsMessages) next = cleared(next, record.lastSeq)
  if (isDue(retention.documentsMs) && next.documentTurns !== undefined) {
    const { documentTurns: _, ...others } = next
    next = others
  }
  if (isDue(retention.factsMs) && next.facts.length > 0) next = { ...next, facts: [] }
  if (isDue(retention.cartMs) && next.cart.items.length > 0) next = { ...next, cart: { items: [] } }
  if (next === body) return body
  const { revision, lastSeq } = record
  // The change itself is no activity: what is kept longer is not kept longer for it.
  const retained = { revision: revision + 1, lastSeq, activeAt: lastActivity(record, body) }
  return { ...next, retained }
}

const firstShown = ({ path, branches }: SessionBody): number =>
  Math.min(...[path, ...branches.map((branch) => branch.path)].flat().map(({ from }) => from))

/** How far retention goes. */
export interface RetentionPace {
  /** At most so many sessions and user records are changed. */
  readonly limit: number
  /** Whether it is to end before the next one. */
  readonly isStopped: () => boolean
}

/**
 * Applies the retention of a tenant to sessions that nobody has written to for long. Any number of
 * processes may do so at once: a session that somebody writes to meanwhile stays as it is. Costs a read for each session
 * that is listed, and reads no history.
 *
 * @returns How many sessions and user records it changed.
 */
export async function applyRetention(
  service: Service,
  tenantId: string,
  { limit, isStopped }: RetentionPace,
): Promise<number> {
  const retention = service.retentionOf(tenantId)
  const { historyMs } = service.ttl
  const periods = sessionClasses.flatMap((name) => retention[name] ?? [])
  if (Number.isFinite(historyMs)) periods.push(historyMs)
  const { auditMs, analyticsMs, memoryMs } = retention
  const others = [auditMs, analyticsMs, memoryMs]
  if (periods.length === 0 && others.every((ms) => ms === undefined)) return 0
  const now = await readStoreTime(service, tenantId)
  let changed = 0
  let failure: unknown
  // What nobody can read, or not now, must not keep retention from the rest.
  const each = async (change: () => Promise<boolean>): Promise<void> => {
    try {
      if (await change()) changed++
    } catch (error) {
      if (isSessionError(error, 'unknown_key') && !isUnreadable(error)) failure ??= error
      else if (!isUnreadable(error)) throw error
    }
  }
  const ended = (): number => {
    if (failure !== undefined) throw failure
    return changed
  }
  if (periods.length > 0) {
    const activeBefore = momentBefore(now, shortestGap(periods) - 1)
    for await (const record of listed(service, { tenantId, activeBefore })) {
      if (changed >= limit || isStopped()) return changed
      await each(async () => applyTo(service, record, now, retention))
    }
  }
  if (memoryMs !== undefined) {
    const memories = {
      tenantId: sideRecordTenant('memory', tenantId),
      activeBefore: momentBefore(now, Math.floor(memoryMs / soonShare)),
    }
    const over = momentBefore(now, memoryMs)
    for await (const record of listed(service, memories)) {
      if (changed >= limit || isStopped()) return changed
      // Nothing was remembered since: all of it is over its time.
      if (record.activeAt <= over) await each(async () => removeUnchanged(service, record))
      // Nothing is older than its record.
      else if (record.createdAt <= over) await each(async () => forgetUpTo(service, record, over))
    }
  }
  const shortest = Math.min(auditMs ?? Number.POSITIVE_INFINITY, analyticsMs ?? Number.POSITIVE_INFINITY)
  if (!Number.isFinite(shortest)) return ended()
  const users = {
    tenantId: sideRecordTenant('users', tenantId),
    activeBefore: momentBefore(now, shortest - 1),
  }
  for await (const record of listed(service, users)) {
    if (changed >= limit || isStopped()) return changed
    await each(async () => forgetOld(service, record, now - record.activeAt, retention))
  }
  return ended()
}

/** A session that retention has changed is listed as active since then, and must be looked at before its next class. */
function shortestGap(periods: readonly number[]): number {
  const sorted = [...new Set(periods)].toSorted((one, other) => one - other)
  return Math.min(...sorted.map((ms, index) => ms - (sorted[index - 1] ?? 0)))
}

async function* listed(
  { store }: Service,
  query: { readonly tenantId: string; readonly activeBefore: number },
): AsyncGenerator<SessionRecord, void> {
  let cursor: string | undefined
  do {
    const page = await store.list({ ...query, limit: pageSize, ...(cursor === undefined ? {} : { cursor }) })
    yield* page.items
    cursor = page.cursor
  } while (cursor !== undefined)
}

async function applyTo(
  service: Service,
  listedRecord: SessionRecord,
  now: number,
  retention: RetentionSettings,
): Promise<boolean> {
  const { store, ttl } = service
  const stored = await store.read(listedRecord, { tail: Number.isFinite(ttl.historyMs) ? 1 : 0 })
  if (stored === undefined || stored.record.incarnation !== listedRecord.incarnation) return false
  const { record } = stored
  const { incarnation, revision, lastSeq } = record
  const body = decodeBody(stored.body)
  const isOver = stored.messages.some(({ at }) => now - at > ttl.historyMs)
  const next = expire(body, record, now, retention, isOver)
  const ref = { tenantId: record.tenantId, id: record.id }
  const documents = next.documentTurns === undefined ? (body.documentTurns ?? []) : []
  const hidden = firstShown(next) - 1
  if (next === body && hidden <= record.trimmedSeq) return false
  // Whoever waits for an answer is no idle user.
  if (body.turn !== undefined && (await isAlive(service, record.tenantId, body.turn.id))) return false
  try {
    const live = liveOf(service, { record, body })
    // First what is in the messages: without their places in the body nobody finds the documents.
    if (hidden < lastSeq) await forgetDocuments(live, documents)
    if (hidden > record.trimmedSeq) await forgetWords(live)
    // Without a time: retention moves no deadline.
    if (next !== body) await store.commit(ref, { incarnation, revision, body: JSON.stringify(next) })
    if (hidden > record.trimmedSeq) await store.trim(ref, hidden, { incarnation })
  } catch (error) {
    // Somebody writes to it, or has removed it.
    if (isSessionError(error, 'conflict') || isSessionError(error, 'not_found')) return false
    throw error
  }
  service.histories.forget(ref)
  service.tallies.forget(ref)
  if (hidden > record.trimmedSeq) service.emit('history.expired', record, { throughSeq: hidden }, 'system')
  return true
}

function liveOf(service: Service, seen: SessionSnapshot): LiveSession {
  const { tenantId, userId } = seen.record
  const owner = { tenantId, ...(userId === undefined ? {} : { userId }) }
  return new LiveSession(service, owner, seen, { holdsCredential: true })
}

/** Takes the documents out of the replies that retrieved them. */
async function forgetDocuments(live: LiveSession, places: readonly ReplyPlace[]): Promise<void> {
  const { store } = live.service
  for (const place of places) {
    const reply = (await readReplies(live, place))?.at(-1)
    if (reply?.metadata?.['documents'] === undefined) continue
    // Before the message is read: whoever changes it from here on is not undone.
    const { record } = await live.load()
    const { messages } = await store.messages(live.ref, { after: reply.seq - 1, limit: 1 })
    const stored = messages[0]
    if (stored?.seq !== reply.seq) throw changedMeanwhile()
    const { metadata = {}, ...message } = JSON.parse(stored.payload) as { metadata?: Record<string, unknown> }
    const { documents: _, ...others } = metadata
    const amended = JSON.stringify({ ...message, metadata: others })
    if (!(await live.amend(reply.seq, amended, record))) throw changedMeanwhile()
  }
}

const changedMeanwhile = (): SessionError =>
  new SessionError('conflict', 'Somebody else has changed the session meanwhile.')

/** Drops of the record of a user what is over its time: earlier decisions, and the key of the pseudonym. */
async function forgetOld(
  service: Service,
  record: SessionRecord,
  idleMs: number,
  { auditMs = Number.POSITIVE_INFINITY, analyticsMs = Number.POSITIVE_INFINITY }: RetentionSettings,
): Promise<boolean> {
  const changed = await updateSideRecord<UserRecord>(service, record, (before) => {
    if (before === undefined || before.erasure !== undefined) return undefined
    let next = before
    if (idleMs >= auditMs && before.consent !== undefined && before.consent.history.length > 0)
      next = { ...next, consent: { ...before.consent, history: [] } }
    if (idleMs >= analyticsMs && before.pseudonymKey !== undefined) {
      const { pseudonymKey: _, ...others } = next
      next = others
    }
    return next === before ? undefined : next
  })
  return changed !== undefined
}
