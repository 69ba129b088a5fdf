import {
  checkChange,
  checkCopy,
  checkIsMeant,
  checkMessageQuery,
  checkRoom,
  checkSessionQuery,
  checkWhole,
  countFitting,
  createListCursors,
  idTwice,
  isMeant,
  isNewerCopy,
  type ListPlace,
  messageConflict,
  type NewMessage,
  notFound,
  partConflict,
  processClock,
  type SessionChange,
  type SessionGuard,
  type SessionRecord,
  type SessionRef,
  type SessionStore,
  type StoredMessage,
} from '@sessions/core/store'

interface Kept {
  readonly record: SessionRecord
  readonly body: string
  /** By id, in the order of seq. */
  readonly log: Map<string, StoredMessage>
}

/** Sessions in the memory of one process, without a bound: what a store does, on few lines. */
export function skeletonStore(): SessionStore {
  const sessions = new Map<string, Kept>()
  // Copies of which the last part is still to come. A real store forgets them after an hour.
  const begun = new Map<string, Kept>()
  // As JSON, so that no tenant and id run into one another, whatever characters they have.
  const keyOf = ({ tenantId, id }: SessionRef): string => JSON.stringify([tenantId, id])

  /** The session, when it is there, not past its deadline, and the one that is meant. */
  function find(ref: SessionRef, guard?: SessionGuard, now = processClock()): Kept | undefined {
    const kept = sessions.get(keyOf(ref))
    return kept !== undefined && !isPast(kept.record, now) && isMeant(kept.record, guard) ? kept : undefined
  }

  return {
    async read(ref, { tail = 0 } = {}) {
      checkWhole(tail, 'tail', 0)
      const kept = find(ref)
      if (kept === undefined) return undefined
      const newest = tail === 0 ? [] : [...kept.log.values()].slice(-tail).reverse()
      const messages = newest.slice(0, countFitting(newest)).reverse()
      return structuredClone({ record: kept.record, body: kept.body, messages })
    },

    async commit(ref, change) {
      checkChange(change)
      // One reading of the clock serves the whole commit.
      const now = processClock()
      const { revision, messages = [] } = change
      const found = find(ref, {}, now)
      // In this order: what is absent, then the revision, the ids, the room; and before anything is changed.
      if (found === undefined && revision !== 0) throw notFound()
      if (found !== undefined) checkIsMeant(found.record, change)
      const log = found?.log ?? new Map<string, StoredMessage>()
      const fresh = freshOf(log, messages)
      const record = { ...(found?.record ?? begin(ref, change, now)) }
      checkRoom(record, change, { count: fresh.length, bytes: bytesOf(fresh) })
      record.bytes += bytesOf(fresh)
      const appended = messages.map(({ id, payload }) => {
        const known = log.get(id)
        if (known !== undefined) return { id, seq: known.seq, at: known.at, inserted: false }
        const seq = ++record.lastSeq
        log.set(id, { seq, id, at: now, payload })
        return { id, seq, at: now, inserted: true }
      })
      applyTo(record, change, now)
      sessions.set(keyOf(ref), { record, body: change.body ?? found?.body ?? '', log })
      return { record: structuredClone(record), messages: appended }
    },

    async messages(ref, query) {
      checkMessageQuery(query)
      const kept = find(ref)
      if (kept === undefined) throw notFound()
      const { after = 0, before = Infinity, limit, order = 'asc' } = query
      const range = [...kept.log.values()].filter(({ seq }) => seq > after && seq < before)
      if (order === 'desc') range.reverse()
      const page = range.slice(0, limit)
      // A page is bounded by bytes as well; `more` says that it goes on.
      const messages = page.slice(0, countFitting(page))
      return { messages: structuredClone(messages), more: range.length > messages.length }
    },

    async amend(ref, amendments, guard) {
      const kept = find(ref, guard)
      const payloads = new Map(amendments.map(({ seq, payload }) => [seq, payload]))
      const there = [...(kept?.log.values() ?? [])].filter(({ seq }) => payloads.has(seq))
      if (kept === undefined || there.length === 0) return 0
      for (const stored of there) kept.log.set(stored.id, { ...stored, payload: payloads.get(stored.seq)! })
      sessions.set(keyOf(ref), { ...kept, record: changed(kept) })
      return there.length
    },

    async trim(ref, throughSeq, guard) {
      checkWhole(throughSeq, 'throughSeq', 0)
      const kept = find(ref, guard)
      if (kept === undefined) return 0
      const gone = [...kept.log.values()].filter(({ seq }) => seq <= throughSeq)
      for (const { id } of gone) kept.log.delete(id)
      const { record } = kept
      // Never beyond the newest message, and never back.
      const trimmedSeq = Math.max(record.trimmedSeq, Math.min(throughSeq, record.lastSeq))
      if (trimmedSeq === record.trimmedSeq) return 0
      sessions.set(keyOf(ref), { ...kept, record: { ...changed(kept), trimmedSeq } })
      return gone.length
    },

    async remove(ref, guard) {
      const key = keyOf(ref)
      const isThere = find(ref) !== undefined
      const isGone = find(ref, guard) !== undefined && sessions.delete(key)
      // What was kept aside of a copy has the session's words, too.
      if (isGone || (!isThere && isMeant(begun.get(key)?.record, guard))) begun.delete(key)
      return isGone
    },

    async list(query) {
      checkSessionQuery(query)
      const { tenantId, userId, label, limit, cursor, activeBefore = Infinity } = query
      const after = cursor === undefined ? query.after : parseCursor(cursor)
      const now = processClock()
      const rest = [...sessions.values()]
        .map(({ record }) => record)
        .filter((record) => record.tenantId === tenantId && !isPast(record, now))
        .filter((record) => userId === undefined || record.userId === userId)
        .filter((record) => label === undefined || record.label === label)
        .filter((record) => record.activeAt < activeBefore)
        .filter((record) => after === undefined || byActivity(record, after) > 0)
        .sort(byActivity)
      const items = structuredClone(rest.slice(0, limit))
      return rest.length > limit ? { items, cursor: toCursor(items.at(-1)!) } : { items }
    },

    async restore(ref, given) {
      checkCopy(given)
      const { body, messages, more = false, ...copy } = structuredClone(given)
      const key = keyOf(ref)
      const found = find(ref)
      if (found !== undefined && !isNewerCopy(found.record, copy.record)) return
      const record = { ...copy.record, tenantId: ref.tenantId, id: ref.id }
      const earlier = begun.get(key)
      const isSame =
        earlier?.record.incarnation === record.incarnation && earlier.record.changes === record.changes
      const log = new Map(isSame ? earlier.log : [])
      const last = record.trimmedSeq + log.size
      if (messages.length > 0 && messages[0]!.seq > last + 1) throw partConflict()
      for (const message of messages) {
        if (message.seq <= last) continue
        if (log.has(message.id)) throw idTwice()
        log.set(message.id, message)
      }
      if (more) {
        begun.set(key, { record, body, log })
        return
      }
      if (record.trimmedSeq + log.size !== record.lastSeq) throw partConflict()
      begun.delete(key)
      sessions.set(key, { record, body, log })
    },

    async sweep({ limit }) {
      checkWhole(limit, 'limit', 1)
      const now = processClock()
      const past = [...sessions].filter(([, { record }]) => isPast(record, now)).slice(0, limit)
      for (const [key] of past) sessions.delete(key)
      return past.length
    },
  }
}

type MutableRecord = { -readonly [Name in keyof SessionRecord]: SessionRecord[Name] }

const { toCursor, parseCursor } = createListCursors('skeleton')

/** From the very millisecond of its deadline on. */
const isPast = ({ expiresAt = Infinity }: SessionRecord, now: number): boolean => expiresAt <= now

function begin({ tenantId, id }: SessionRef, { incarnation }: SessionGuard, now: number): SessionRecord {
  const counts = { revision: 0, changes: 0, lastSeq: 0, trimmedSeq: 0, bytes: 0 }
  const times = { createdAt: now, updatedAt: now, activeAt: now }
  return { tenantId, id, incarnation: incarnation ?? crypto.randomUUID(), ...counts, ...times }
}

/** Whatever changes a session is counted, and so is what its messages take. */
const changed = ({ record, log }: Kept): SessionRecord => ({
  ...record,
  changes: record.changes + 1,
  bytes: bytesOf([...log.values()]),
})

const bytesOf = (messages: readonly NewMessage[]): number =>
  messages.reduce((sum, { payload }) => sum + Buffer.byteLength(payload), 0)

/**
 * The messages that are new. A known id with the same payload is a repeat; with another one it is a conflict, also within
 * one change.
 */
function freshOf(log: ReadonlyMap<string, StoredMessage>, messages: readonly NewMessage[]): NewMessage[] {
  const fresh = new Map<string, NewMessage>()
  for (const message of messages) {
    const { id, payload } = message
    const known = log.get(id)?.payload ?? fresh.get(id)?.payload
    if (known !== undefined && known !== payload) throw messageConflict(id)
    if (known === undefined) fresh.set(id, message)
  }
  return [...fresh.values()]
}

function applyTo(record: MutableRecord, change: SessionChange, now: number): void {
  const { body, lifetime = record.lifetime ?? {} } = change
  if (Object.keys(lifetime).length > 0) record.lifetime = { ...lifetime }
  else delete record.lifetime
  // What a lifetime of its own says goes before what the commit says; null is for ever.
  const { idleMs = change.idleMs, absoluteMs = change.absoluteMs } = lifetime
  if (body !== undefined || record.revision === 0) record.revision++
  record.changes++
  record.updatedAt = now
  // Real stores index it, and most appends must not touch that index: it moves once a minute for everybody.
  if (now - record.activeAt >= 60_000) record.activeAt = now
  const expiresAt = Math.min(now + (idleMs ?? Infinity), record.createdAt + (absoluteMs ?? Infinity))
  if (expiresAt !== Infinity) record.expiresAt = expiresAt
  for (const name of ['userId', 'label', 'title'] as const) {
    const value = change[name]
    if (value === '') delete record[name]
    else if (value !== undefined) record[name] = value
  }
}

/** The newest activity first; of equal ones the lesser id. */
function byActivity(a: ListPlace, b: ListPlace): number {
  return b.activeAt - a.activeAt || (a.id === b.id ? 0 : a.id < b.id ? -1 : 1)
}
