import { isSessionError, isUnreadable } from '../errors.js'
import type { SessionRecord, SessionRef } from '../contract/session-record.js'
import type { StoredMessage } from '../contract/session-store.js'
import { expired } from '../domain/branches.js'
import { mayOpen, type Identity } from '../domain/identity.js'
import { decodeMessage } from '../domain/message.js'
import { decodeBody, type SessionBody } from '../domain/session-body.js'
import { listScope } from '../service/list-scope.js'
import type { LiveSession } from '../service/live-session.js'
import type { SessionSnapshot } from '../service/session-snapshot.js'
import type { Service } from '../service/service.js'
import { isHistoryOver } from '../session/expiry.js'
import { pause } from '../async/slices.js'
import {
  type ExportedBody,
  type ExportLine,
  LineDigest,
  type MessageLine,
  type SessionLine,
  type ViewMessage,
} from './export-line.js'
import { readConsents } from '../service/consent.js'
import { readMemory } from '../service/user-memory.js'
import type { TenantUser } from '../service/user-record.js'
import { keepsUsage, queryUsage } from '../usage/query-usage.js'

/** Which sessions are exported. */
export interface ExportOptions {
  /** Only sessions of this user; for an admin alone (default: the caller's own; for an admin, those of all users). */
  userId?: string
  /** Only sessions with this label (default: with any). */
  label?: string
}

type Line = Exclude<ExportLine, { type: 'end' }>

const pageSize = 200
const maxTries = 5
// A store says to the minute when a session was last active.
const coarseMs = 120_000

/** The sessions of a caller as lines of JSON, each with its line feed. */
export async function* exportSessions(
  service: Service,
  identity: Identity,
  options: ExportOptions,
  view?: ViewMessage,
): AsyncGenerator<string, void, undefined> {
  const scope = listScope(identity, options)
  yield* numbered(linesOf(service, identity.tenantId, scope, view))
}

/** One session as such lines. */
export async function* exportSession(
  live: LiveSession,
  view?: ViewMessage,
): AsyncGenerator<string, void, undefined> {
  const { record, body } = await live.load()
  const { tenantId, userId } = record
  async function* lines(): AsyncGenerator<Line> {
    yield manifest(tenantId, userId)
    if (live.isStored) yield* untilWhole(live.service, { record, body }, async () => loaded(live), view)
  }
  yield* numbered(lines())
}

/** Lines as text, and the last one, which counts them. */
async function* numbered(lines: AsyncIterable<Line>): AsyncGenerator<string, void, undefined> {
  const digest = new LineDigest()
  const counts = { sessions: 0, messages: 0 }
  let messages = 0
  let isOpen = false
  const close = (): void => {
    if (isOpen) counts.sessions++
    counts.messages += messages
    messages = 0
    isOpen = false
  }
  for await (const line of lines) {
    await pause()
    if (line.type === 'session') close()
    if (line.type === 'session') isOpen = true
    else if (line.type === 'message') messages++
    else if (line.type === 'gone') [isOpen, messages] = [false, 0]
    const text = JSON.stringify(line)
    await digest.add(text)
    yield `${text}\n`
  }
  close()
  yield `${JSON.stringify({ type: 'end', ...counts, digest: digest.value })}\n`
}

async function* linesOf(
  service: Service,
  tenantId: string,
  scope: ReturnType<typeof listScope>,
  view: ViewMessage | undefined,
): AsyncGenerator<Line> {
  service.work.checkRunning()
  let begunAt: number | undefined
  yield manifest(tenantId, scope?.userId)
  if (scope === undefined) return
  const { userId } = scope
  if (userId !== undefined) yield* userLines(service, { tenantId, userId })
  const seen = new Set<string>()
  // A session that becomes active meanwhile moves to the beginning of the list, where the export has been already.
  for (let isSecond = false; ; isSecond = true) {
    let cursor: string | undefined
    do {
      service.work.checkRunning()
      const at = cursor === undefined ? {} : { cursor }
      const page = await service.store.list({ ...scope, limit: pageSize, ...at })
      // By the store's clock, as nothing else is: what became active since stands before what was the first one then.
      begunAt ??= page.items[0]?.activeAt ?? 0
      for (const record of page.items) {
        if (seen.has(record.id)) continue
        seen.add(record.id)
        yield* unlessUnreadable(record, storedSession(service, record, userId, view))
      }
      const last = page.items.at(-1)
      cursor = isSecond && (last?.activeAt ?? 0) < begunAt - coarseMs ? undefined : page.cursor
    } while (cursor !== undefined)
    if (isSecond) return
  }
}

/** What is kept of a user beside the sessions. What nobody can read is named, and keeps nothing else from being exported. */
async function* userLines(service: Service, user: TenantUser): AsyncGenerator<Line> {
  for (const [part, read] of [
    ['consent', consentLines],
    ['memory', memoryLines],
    ['usage', usageLines],
  ] as const) {
    try {
      yield* await read(service, user)
    } catch (error) {
      if (!isUnreadable(error)) throw error
      yield { type: 'unreadable', part }
    }
  }
}

async function consentLines(service: Service, user: TenantUser): Promise<readonly Line[]> {
  const consents = await readConsents(service, user)
  return consents === undefined ? [] : [{ type: 'consent', ...consents }]
}

async function memoryLines(service: Service, user: TenantUser): Promise<readonly Line[]> {
  const facts = await readMemory(service, user)
  return facts.length === 0 ? [] : [{ type: 'memory', facts }]
}

async function usageLines(service: Service, user: TenantUser): Promise<readonly Line[]> {
  if (!keepsUsage(service)) return []
  const { groups } = await queryUsage(service, { ...user, by: ['model'], bucket: 'day' })
  return groups.map((group) => ({ type: 'usage', ...group }))
}

/** The lines of a session. One that nobody can read is named, and does not keep the others from being exported. */
async function* unlessUnreadable({ id }: SessionRef, lines: AsyncGenerator<Line>): AsyncGenerator<Line> {
  let isBegun = false
  try {
    for await (const line of lines) {
      yield line
      isBegun = line.type !== 'gone'
    }
  } catch (error) {
    if (!isUnreadable(error)) throw error
    if (isBegun) yield { type: 'gone', id }
    yield { type: 'unreadable', id }
  }
}

async function* storedSession(
  service: Service,
  { tenantId, id }: SessionRef,
  userId: string | undefined,
  view: ViewMessage | undefined,
): AsyncGenerator<Line> {
  const read = async (): Promise<SessionSnapshot | undefined> => {
    const stored = await service.store.read({ tenantId, id })
    // It may have been deleted, or given to another user, since it was listed.
    if (stored === undefined) return undefined
    const { record } = stored
    const isTheirs = userId === undefined || mayOpen({ tenantId, userId }, record, false)
    return isTheirs ? { record, body: decodeBody(stored.body) } : undefined
  }
  yield* untilWhole(service, await read(), read, view)
}

async function loaded(live: LiveSession): Promise<SessionSnapshot | undefined> {
  try {
    return await live.load()
  } catch (error) {
    if (isSessionError(error, 'not_found')) return undefined
    throw error
  }
}

/** A session, again when messages of it were trimmed while they were read: it is still there, and is told as it is then. */
async function* untilWhole(
  service: Service,
  first: SessionSnapshot | undefined,
  read: () => Promise<SessionSnapshot | undefined>,
  view: ViewMessage | undefined,
): AsyncGenerator<Line> {
  let seen = first
  for (let tries = 1; seen !== undefined && tries <= maxTries; tries++) {
    if (yield* sessionLines(service, seen, view)) return
    seen = await read()
  }
}

/**
 * A session and its messages: as it was when it was read, without what was appended since.
 *
 * @returns Whether that is all of it.
 */
async function* sessionLines(
  service: Service,
  seen: SessionSnapshot,
  view: ViewMessage = (line) => line,
): AsyncGenerator<Line, boolean> {
  const { store, work } = service
  const { record, body } = await shownOf(service, seen)
  yield sessionLine(record, body)
  const { lastSeq } = record
  for (let after = record.trimmedSeq; after < lastSeq;) {
    work.checkRunning()
    const page = await messagesAfter(store, record, after)
    if (page.length === 0 || page[0]!.seq !== after + 1) {
      yield { type: 'gone', id: record.id }
      return false
    }
    for (const stored of page) {
      yield view(messageLine(stored))
    }
    after = page.at(-1)!.seq
  }
  return true
}

/** Of a session whose history is over, what is left when its messages are trimmed. */
async function shownOf(service: Service, { record, body }: SessionSnapshot): Promise<SessionSnapshot> {
  const { lastSeq, trimmedSeq } = record
  if (!Number.isFinite(service.ttl.historyMs) || trimmedSeq === lastSeq) return { record, body }
  const newest = await messagesAfter(service.store, record, lastSeq - 1)
  if (!(await isHistoryOver(service, record, newest[0], body.turn))) return { record, body }
  return { record: { ...record, trimmedSeq: lastSeq, bytes: 0 }, body: expired(body, lastSeq) }
}

async function messagesAfter(
  store: Service['store'],
  record: SessionRecord,
  after: number,
): Promise<readonly StoredMessage[]> {
  try {
    return (await store.messages(record, { after, before: record.lastSeq + 1, limit: pageSize })).messages
  } catch (error) {
    if (isSessionError(error, 'not_found')) return []
    throw error
  }
}

function manifest(tenantId: string, userId: string | undefined): Line {
  const whose = userId === undefined ? {} : { userId }
  return { type: 'manifest', format: 'sessions', version: 1, tenantId, ...whose, at: Date.now() }
}

function sessionLine(record: SessionRecord, body: SessionBody): SessionLine {
  const { id, userId, title, label, createdAt, updatedAt, lastSeq, trimmedSeq, bytes } = record
  return {
    type: 'session',
    id,
    ...(userId === undefined ? {} : { userId }),
    ...(title === undefined ? {} : { title }),
    ...(label === undefined ? {} : { label }),
    createdAt,
    updatedAt,
    lastSeq,
    trimmedSeq,
    bytes,
    body: exportedBody(body),
  }
}

/** Without what is of use to the library alone, and without secrets of transfers. */
function exportedBody(body: SessionBody): ExportedBody {
  const { state, preferences, cart, cartCounts, orders, facts, summaries } = body
  const { path, branches, usage, turnCount, documentTurns, arms, journey } = body
  const lineage = body.lineage && { sessionId: body.lineage.sessionId, seq: body.lineage.seq }
  const said = { state, preferences, cart, cartCounts, orders, facts, summaries }
  return { ...said, path, branches, lineage, usage, turnCount, documentTurns, arms, journey }
}

function messageLine(stored: StoredMessage): MessageLine {
  const message = decodeMessage(stored)
  const other = {
    ...(stored.id === message.id ? {} : { id: stored.id }),
    ...(stored.at === message.at ? {} : { at: stored.at }),
  }
  return { type: 'message', ...message, ...(Object.keys(other).length === 0 ? {} : { stored: other }) }
}
