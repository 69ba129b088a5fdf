import type { SessionRecord } from '../contract/session-record.js'
import type { ListPlace, StoredMessage } from '../contract/session-store.js'
import { isSessionError, isUnreadable } from '../errors.js'
import type { Service } from '../service/service.js'
import { pause } from '../async/slices.js'
import { type Find, findIn, findTitle, openSession, type OpenedSession } from './find.js'
import type { Searched } from './searched.js'

/** A message, or a title, that may be what is searched for. */
export interface Candidate {
  /** JSON, and a text that tells it apart. */
  readonly place: readonly (string | number)[]
  readonly sessionId: string
  /** Whether it is the title of its session (default false). */
  readonly isTitle?: boolean
  readonly score: number
  readonly at: number
  /** What it is, if it is. */
  readonly read: () => Promise<Find | undefined>
}

/** Some candidates, in order. */
export interface Candidates {
  readonly items: readonly Candidate[]
  /** The place after which there are more; absent when there are none. */
  readonly next?: Candidate['place']
}

// What one call may read: some tenths of a second of work.
const maxSessions = 200
const maxMessages = 5000
const maxLength = 4 * 1024 * 1024
const listSize = 50
// A place before all messages of a session, and one behind them.
const beforeTitle = Number.MAX_SAFE_INTEGER
const behindTitle = beforeTitle - 1
const atItsEnd = 0
const firstPage = 50
const pageSize = 200

/**
 * Reads the messages of the caller, the last active session first, and in each the newest message first, until there are
 * enough candidates, or enough was read. Needs no index, and finds what was said a moment ago.
 */
export async function scan(
  service: Service,
  searched: Searched,
  after: Candidate['place'] | undefined,
  limit: number,
): Promise<Candidates> {
  const items: Candidate[] = []
  const left = { sessions: maxSessions, messages: maxMessages, length: maxLength }
  for await (const { record, activeAt, before } of sessionsFrom(service, searched, after)) {
    const { id } = record
    if (left.sessions-- === 0) return { items, next: [activeAt, id, before] }
    await pause()
    const opened = await openSession(service, searched, id, before > record.lastSeq ? firstPage : 0)
    if (opened === undefined || opened.record.incarnation !== record.incarnation) continue
    const titled = before === beforeTitle ? await findTitle(opened, searched) : undefined
    if (titled !== undefined) {
      const place = [activeAt, id, behindTitle]
      items.push({ ...titled, place, sessionId: id, isTitle: true, read: async () => titled })
      if (items.length === limit) return { items, next: place }
    }
    for await (const message of newestFirst(service, opened, before)) {
      left.messages--
      left.length -= message.payload.length
      const found = await findIn(opened, searched, message)
      const place = [activeAt, id, message.seq]
      if (found !== undefined) items.push({ ...found, place, sessionId: id, read: async () => found })
      if (items.length === limit || left.messages <= 0 || left.length <= 0) return { items, next: place }
      await pause()
    }
  }
  return { items }
}

/** Where a scan goes on that has seen enough of the session at which it stopped. */
export const behindSession = ([activeAt, id]: Candidate['place']): Candidate['place'] => [
  activeAt!,
  id!,
  atItsEnd,
]

interface SessionToRead {
  readonly record: SessionRecord
  /** As it was listed: it may have become active since. */
  readonly activeAt: number
  readonly before: number
}

async function* sessionsFrom(
  { store }: Service,
  searched: Searched,
  after: Candidate['place'] | undefined,
): AsyncGenerator<SessionToRead, void> {
  const { tenantId, userId, sessionId, from, to } = searched
  let place: ListPlace | undefined
  if (after !== undefined || sessionId !== undefined) {
    const [activeAt, id, seq] = (after ?? [0, sessionId!, beforeTitle]) as [number, string, number]
    const stored = await store.read({ tenantId, id })
    if (stored !== undefined) yield { record: stored.record, activeAt, before: seq }
    if (sessionId !== undefined) return
    place = { activeAt, id }
  }
  const query = { tenantId, ...(userId === undefined ? {} : { userId }), limit: listSize }
  for (;;) {
    const { items, cursor } = await store.list({ ...query, ...(place === undefined ? {} : { after: place }) })
    for (const record of items) {
      // Nothing in it is as old, or as new.
      if (record.createdAt >= to || record.updatedAt < from) continue
      yield { record, activeAt: record.activeAt, before: beforeTitle }
    }
    const last = items.at(-1)
    if (cursor === undefined || last === undefined) return
    place = { activeAt: last.activeAt, id: last.id }
    await pause()
  }
}

async function* newestFirst(
  { store }: Service,
  { record, messages }: OpenedSession,
  before: number,
): AsyncGenerator<StoredMessage, void> {
  const came = messages.filter(({ seq }) => seq < before)
  yield* came.toReversed()
  const { tenantId, id, trimmedSeq, lastSeq } = record
  let next = came[0]?.seq ?? Math.min(before, lastSeq + 1)
  try {
    while (next > trimmedSeq + 1) {
      const page = await store.messages({ tenantId, id }, { before: next, limit: pageSize, order: 'desc' })
      yield* page.messages
      if (!page.more) return
      next = page.messages.at(-1)!.seq
    }
  } catch (error) {
    if (!isSessionError(error, 'not_found') && !isUnreadable(error)) throw error
  }
}
