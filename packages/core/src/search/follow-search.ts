import type { SessionRef } from '../contract/session-record.js'
import { isUnreadable, SessionError } from '../errors.js'
import { noteLabel } from './told-store.js'
import { followSessions, readFollowed } from '../service/follow-sessions.js'
import type { Service } from '../service/service.js'
import { readReadable } from '../service/read-readable.js'
import { readSideRecord, sideRecordRef, sideRecordTenant } from '../service/side-records.js'
import { readStoreTime } from '../service/store-time.js'
import type { TenantUser } from '../service/user-record.js'
import { type SearchRecorder, searchOf } from './recorder.js'

// Whoever wrote a note is done with it by then, or is no more.
const settledMs = 60_000
const notesAtOnce = 200
const sessionsAtOnce = 200
// Notes, and sessions that have ended, of one sweep of a tenant: many sessions may end in an hour.
const maxLookedAt = 20_000
const listedAtOnce = 100
// Messages of one sweep of a tenant: a first look at many takes several.
const maxMessages = 20_000

/** Makes good what the index misses: what processes that died had not put, and what they had not taken out. */
export async function followSearch(service: Service, tenantId: string): Promise<void> {
  const recorder = searchOf(service)
  if (recorder === undefined) return
  await recorder.flush(tenantId)
  try {
    const now = await readStoreTime(service, tenantId)
    await followNotes(recorder, tenantId, now)
    await followSessions(service, {
      tenantId,
      ref: followedRef(recorder, tenantId),
      firstMs: Number.POSITIVE_INFINITY,
      pageSize: listedAtOnce,
      atMost: maxMessages,
      visit: async (record, since) => recorder.reindex(record, Math.max(0, since)),
    })
    await followEnded(recorder, tenantId, now)
  } catch (cause) {
    // The rest of the sweep needs no index.
    const message = 'The index could not be compared with the sessions; the next sweep does it.'
    service.warn({ code: 'search_failed', message, cause })
  }
}

/** Whether the index has what was said before it was there, and what this process could not put. */
export async function isFollowed(recorder: SearchRecorder, tenantId: string): Promise<boolean> {
  if (recorder.knowsFollowed(tenantId)) return true
  const { done = 0 } = (await readFollowed(recorder.service, followedRef(recorder, tenantId))) ?? {}
  return recorder.noteFollowed(tenantId, done)
}

// With another key all terms are others, and the index is made anew.
const followedRef = ({ terms }: SearchRecorder, tenantId: string) =>
  sideRecordRef('search', tenantId, `followed:${terms?.id ?? 'plain'}`)

async function followNotes(recorder: SearchRecorder, tenantId: string, now: number): Promise<void> {
  const { service } = recorder
  const query = { tenantId: sideRecordTenant('search', tenantId), label: noteLabel, limit: notesAtOnce }
  const done = new Set<string>()
  let cursor: string | undefined
  let looked = 0
  do {
    const next = cursor === undefined ? {} : { cursor }
    const page = await service.store.list({ ...query, activeBefore: now - settledMs, ...next })
    for (const note of page.items) {
      const sessionId = await notedSession(service, note)
      if (sessionId !== undefined && !done.has(sessionId)) await recorder.reindex({ tenantId, id: sessionId })
      if (sessionId !== undefined) done.add(sessionId)
      await service.store.remove(note)
    }
    looked += page.items.length
    cursor = page.cursor
  } while (cursor !== undefined && looked < maxLookedAt)
}

/** The session of a note; undefined for a note that is gone, or that nobody can read. */
async function notedSession(service: Service, note: SessionRef): Promise<string | undefined> {
  try {
    return (await readSideRecord<{ sessionId: string }>(service, note))?.value.sessionId
  } catch (error) {
    if (isUnreadable(error)) return undefined
    throw error
  }
}

/** Takes out of the index what has expired in the store. */
async function followEnded({ index, service }: SearchRecorder, tenantId: string, now: number): Promise<void> {
  for (let looked = 0; looked < maxLookedAt; looked += sessionsAtOnce) {
    const ended = await index.ended(tenantId, now, sessionsAtOnce)
    for (const session of ended) {
      const stored = await readReadable(service, { tenantId, id: session.sessionId })
      const isThere = stored !== undefined && stored.record.incarnation === session.incarnation
      if (isThere) await index.extend(tenantId, session, stored.record.expiresAt)
      else await index.drop(tenantId, session)
    }
    if (ended.length < sessionsAtOnce) return
  }
}

/** Takes a user out of the index. @returns How many messages. */
export async function forgetSearch(service: Service, user: TenantUser): Promise<number> {
  const recorder = searchOf(service)
  if (recorder === undefined) return 0
  // What comes after this would be words of a user whom nothing takes out any more.
  if (!(await recorder.flush(user.tenantId)))
    throw new SessionError('unavailable', 'What the user has said is not in the index yet.')
  const subject = await recorder.subjects.find(user)
  recorder.subjects.forget(user)
  return subject === undefined ? 0 : recorder.index.forget(user.tenantId, subject)
}
