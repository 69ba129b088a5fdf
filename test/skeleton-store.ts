import {
  checkChange,
  checkCopy,
  checkIsMeant,
  checkMessageQuery,
  checkSessionQuery,
  checkWhole,
  countFitting,
  createListCursors,
  idTwice,
  isMeant,
  isNewerCopy,
  type ListPlace,
  messageConflict,
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
      // In this order: what is absent, then the revision, then the ids; and before anything is changed.
      if (found === undefined && revision !== 0) throw notFound()
      if (found !== undefined) checkIsMeant(found.record, change)
      const log = found?.log ?? new Map<string, StoredMessage>()
      checkIds(log, messages)
      const record = { ...(found?.record ?? begin(ref, change, now)) }
      const appended = messages.map(({ id, payload }) => {
        const known = log.get(id)
        if (known !== undefined) return { id, seq: known.seq, at: known.at, inserted: false }
        const seq = ++record.lastSeq
        log.set(id, { seq, id, at: now, payload })
        return { id, seq, at: now, inserted: true }
      })
      applyTo(record, change, now)
      sessions.set(keyOf(ref), { record, body: change.body ?? found?.body ?? '', log })
      return { record: { ...record }, messages: appended }
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
      sessions.set(keyOf(ref), { ...kept, record: changed(kept.record) })
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
      sessions.set(keyOf(ref), { ...kept, record: { ...changed(record), trimmedSeq } })
      return gone.length
    },

    async remove(ref, guard) {
      return find(ref, guard) !== undefined && sessions.delete(keyOf(ref))
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
  const counts = { revision: 0, changes: 0, lastSeq: 0, trimmedSeq: 0 }
  const times = { createdAt: now, updatedAt: now, activeAt: now }
  return { tenantId, id, incarnation: incarnation ?? crypto.randomUUID(), ...counts, ...times }
}

/** Whatever changes a session is counted. */
const changed = (record: SessionRecord): SessionRecord => ({ ...record, changes: record.changes + 1 })

/** A known id with the same payload is a repeat; with another one it is a conflict, also within one change. */
function checkIds(log: ReadonlyMap<string, StoredMessage>, messages: SessionChange['messages'] = []): void {
  const fresh = new Map<string, string>()
  for (const { id, payload } of messages) {
    const known = log.get(id)?.payload ?? fresh.get(id) ?? payload
    if (known !== payload) throw messageConflict(id)
    fresh.set(id, payload)
  }
}

function applyTo(record: MutableRecord, change: SessionChange, now: number): void {
  const { body, idleMs = Infinity, absoluteMs = Infinity } = change
  if (body !== undefined || record.revision === 0) record.revision++
  record.changes++
  record.updatedAt = now
  // Real stores index it, and most appends must not touch that index: it moves once a minute for everybody.
  if (now - record.activeAt >= 60_000) record.activeAt = now
  const expiresAt = Math.min(now + idleMs, record.createdAt + absoluteMs)
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
