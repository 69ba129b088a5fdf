import { isSessionError, type SessionQuery, type SessionRecord, type SessionRef } from '@sessions/core/store'
import type { Attempt } from './calls/attempt.js'
import { IndexChange } from './stored/index-change.js'
import {
  parseDueMember,
  parseMember,
  toDueMember,
  toIndexed,
  toMember,
  toPlaces,
  type DueEntry,
  type IndexedSession,
  type IndexPlace,
} from './stored/index-entry.js'
import { bucketCount, type Keys, userDigest } from './stored/keys.js'
import type { RedisCalls } from './calls/redis-calls.js'
import { replyCode } from './calls/redis-error.js'
import { dueScript, indexPageScript, indexScript, recordsScript } from './scripts/scripts.js'
import { parseRecord } from './stored/stored-record.js'

/** A session of a page, and its place in the index. */
export interface Listed {
  readonly record: SessionRecord
  readonly place: IndexPlace
}

/** The terms of one look for a page. */
interface Look {
  readonly key: string
  readonly query: SessionQuery
  readonly start: IndexPlace | undefined
  readonly count: number
  /** Whether the page lists a session whose entry stands too early, although the entry could not be moved. */
  readonly isLast: boolean
}

/** The sessions that a look has found, and the entries that have to be put right. */
interface Seen {
  readonly listed: Listed[]
  readonly repair: IndexChange
  /** Sessions that may belong here by now, although they did not when the look read them. */
  readonly moved: SessionRef[]
  /** Whether the look left out a session because its entry stood before its place. */
  readonly isTooEarly: boolean
}

/** A record; undefined for an absent session, `corrupt` for one that cannot be read. */
type Found = SessionRecord | undefined | 'corrupt'

// A list looks at a page again when it had to move entries, but not for ever.
const maxLooks = 3

// One bucket gives at most so many sessions to one round of a sweep.
const sweepBatch = 250

/**
 * The sorted sets that `list` and `sweep` read. They live in other slots than the sessions and learn of changes
 * afterwards, so they are only a hint: `list` and `sweep` read a session's record before they believe an entry, and put
 * wrong entries right.
 */
export class SessionIndex {
  readonly #calls: RedisCalls
  readonly #keys: Keys

  constructor(calls: RedisCalls, keys: Keys) {
    this.#calls = calls
    this.#keys = keys
  }

  /**
   * Enters a session that a commit is about to make or to rename. So no stored session is missing from the lists,
   * whichever process dies at whatever time. A list leaves out a session that is absent or has other names, and keeps
   * its entry for a minute.
   *
   * @param dueMs How long from now the new session's deadline is, if it has one.
   */
  async announce(attempt: Attempt, session: IndexedSession, dueMs?: number): Promise<void> {
    const change = new IndexChange()
    for (const key of this.#keys.indexes(session)) change.announce(key, toMember(session))
    if (dueMs !== undefined)
      change.announceDue(this.#keys.dueOf(session.tenantId), dueMs, toDueMember(session))
    await this.#calls.note(attempt, indexScript, change.keys, change.args)
  }

  /** Enters a session as it is; takes out entries that only an earlier record had. */
  async put(attempt: Attempt, record: SessionRecord, earlier?: SessionRecord): Promise<void> {
    const session = await toIndexed(record)
    const change = new IndexChange()
    const indexes = this.#keys.indexes(session)
    const due = this.#keys.dueOf(record.tenantId)
    for (const key of indexes) {
      // A commit that changes no name announced nothing. Of two such commits at once the later activity counts.
      if (earlier === undefined) change.put(key, -record.activeAt, toMember(session))
      else change.set(key, -record.activeAt, toMember(session))
    }
    if (earlier !== undefined) {
      const before = await toIndexed(earlier)
      for (const key of this.#keys.indexes(before)) {
        if (!indexes.includes(key)) change.drop(key, toMember(before))
      }
      if (toDueMember(before) !== toDueMember(session)) change.drop(due, toDueMember(before))
    }
    if (record.expiresAt !== undefined) change.set(due, record.expiresAt, toDueMember(session))
    await this.#apply(attempt, change)
  }

  /** Takes a session out. */
  async drop(attempt: Attempt, session: IndexedSession): Promise<void> {
    const change = new IndexChange().drop(this.#keys.dueOf(session.tenantId), toDueMember(session))
    for (const key of this.#keys.indexes(session)) change.drop(key, toMember(session))
    await this.#apply(attempt, change)
  }

  /** Up to `count` live sessions of a query after a place, in order of the index. */
  async page(
    attempt: Attempt,
    query: SessionQuery,
    start: IndexPlace | undefined,
    count: number,
  ): Promise<Listed[]> {
    const { tenantId, userId, label } = query
    const user = userId === undefined ? undefined : await userDigest(userId)
    const key = this.#keys.index({ tenantId, user, label })
    for (let looks = 1; ; looks++) {
      const { listed, repair, moved, isTooEarly } = await this.#look(attempt, {
        key,
        query,
        start,
        count,
        isLast: looks === maxLooks,
      })
      await this.#repair(attempt, key, repair, moved, query)
      // An entry that moves to a later place may belong into this very page.
      if (!isTooEarly) return listed
    }
  }

  async #look(attempt: Attempt, { key, query, start, count, isLast }: Look): Promise<Seen> {
    const listed: Listed[] = []
    const repair = new IndexChange()
    const moved: SessionRef[] = []
    let isTooEarly = false
    for (let after = start, offset = 0, asked = count; listed.length < count;) {
      const { score = '-inf', member = '' } = after ?? {}
      const reply = await this.#calls.read(
        attempt,
        indexPageScript,
        [key],
        [String(score), member, String(offset), String(asked)],
      )
      const places = toPlaces(reply)
      const fresh = places.filter((place) => after === undefined || isAfter(place, after))
      const refs = fresh.map(({ member }) => ({ tenantId: query.tenantId, ...parseMember(member) }))
      const found = await this.#records(attempt, refs)
      for (const [index, place] of fresh.entries()) {
        const record = found[index]
        // A session that cannot be read keeps its entry, and the page leaves it out.
        if (record === 'corrupt') continue
        if (record === undefined || toMember(record) !== place.member || !isOf(record, query)) {
          repair.dropOld(key, place.member, place.score)
          if (record !== undefined) moved.push(record)
          continue
        }
        if (place.score !== -record.activeAt) repair.move(key, place.score, -record.activeAt, place.member)
        if (place.score < -record.activeAt && !isLast) isTooEarly = true
        else listed.push({ record, place })
      }
      if (places.length < asked) break
      // The place is gone, and many sessions are of that moment: the loop has to step over those before the place.
      if (fresh.length === 0) {
        offset += places.length
        asked *= 4
      } else {
        after = fresh.at(-1)
        offset = 0
        asked = count - listed.length
      }
    }
    return { listed, repair, moved, isTooEarly }
  }

  /** Takes out the entries of up to `limit` sessions past their deadline; resolves to the number of sessions. */
  async sweep(attempt: Attempt, limit: number): Promise<number> {
    let count = 0
    for (let buckets = [...Array(bucketCount).keys()]; buckets.length > 0 && count < limit;) {
      const batch = Math.min(limit - count, sweepBatch)
      const dues = await Promise.all(
        buckets.map(async (bucket) => {
          const key = this.#keys.due(bucket)
          return toPlaces(await this.#calls.read(attempt, dueScript, [key], [String(batch)]))
        }),
      )
      const full: number[] = []
      for (const [index, places] of dues.entries()) {
        const taken = places.slice(0, limit - count)
        if (taken.length > 0) count += await this.#sweepBucket(attempt, buckets[index]!, taken)
        if (places.length === batch) full.push(buckets[index]!)
      }
      buckets = full
    }
    return count
  }

  async #sweepBucket(attempt: Attempt, bucket: number, places: readonly IndexPlace[]): Promise<number> {
    const key = this.#keys.due(bucket)
    const entries = places.map(({ member }) => parseDueMember(member))
    const found = await this.#records(attempt, entries)
    // Only the first key of a change is counted, so that one process counts each session.
    const gone = new IndexChange()
    const late = new IndexChange()
    for (const [index, { member, score }] of places.entries()) {
      const entry = entries[index]!
      const record = found[index]
      if (record === 'corrupt') late.drop(key, member, score)
      else if (record === undefined || toMember(record) !== entry.member)
        this.#forget(gone, key, member, entry)
      else {
        // The session was written since, and has more time; or somebody's PERSIST has taken its deadline away.
        const { expiresAt } = record
        const isLater = expiresAt !== undefined && expiresAt > score
        const now = toDueMember(await toIndexed(record))
        if (!isLater || now !== member) late.drop(key, member, score)
        if (isLater) late.set(key, expiresAt, now)
      }
    }
    if (!late.isEmpty) await this.#apply(attempt, late)
    return gone.isEmpty ? 0 : this.#apply(attempt, gone)
  }

  #forget(change: IndexChange, key: string, member: string, entry: DueEntry): void {
    change.drop(key, member)
    for (const index of this.#keys.indexes(entry)) change.drop(index, entry.member)
  }

  /** A page is right without the repair. So a failure here is left to the next list. */
  async #repair(
    attempt: Attempt,
    key: string,
    change: IndexChange,
    moved: readonly SessionRef[],
    query: SessionQuery,
  ): Promise<void> {
    if (change.isEmpty) return
    try {
      await this.#apply(attempt, change)
      if (moved.length === 0) return
      // A session that moved back at that very moment entered its member before this list took the member out.
      const again = new IndexChange()
      for (const record of await this.#records(attempt, moved)) {
        if (record === undefined || record === 'corrupt' || !isOf(record, query)) continue
        again.put(key, -record.activeAt, toMember(record))
      }
      if (!again.isEmpty) await this.#apply(attempt, again)
    } catch {
      // The next list repairs what is left.
    }
  }

  async #apply(attempt: Attempt, change: IndexChange): Promise<number> {
    const [taken] = await this.#calls.write(attempt, indexScript, change.keys, change.args)
    return Number(taken)
  }

  /** The records of sessions: by one script, or on a Cluster, where they are on many nodes, each by its own command. */
  async #records(attempt: Attempt, refs: readonly SessionRef[]): Promise<Found[]> {
    if (refs.length === 0) return []
    const logs = refs.map((ref) => this.#keys.session(ref).log)
    const texts = this.#calls.commands.isCluster
      ? await Promise.all(logs.map((log) => this.#recordOf(attempt, log)))
      : await this.#calls.read(attempt, recordsScript, logs)
    return refs.map((ref, index) => {
      const text = texts[index]
      if (text === '' || text === null || text === undefined) return undefined
      try {
        return parseRecord(ref, text)
      } catch (error) {
        if (isSessionError(error, 'corrupt')) return 'corrupt'
        throw error
      }
    })
  }

  async #recordOf(attempt: Attempt, log: string): Promise<unknown> {
    try {
      return (await this.#calls.range(attempt, log, 0, 0))[0]
    } catch (error) {
      if (replyCode(error) === 'WRONGTYPE') return '!'
      throw error
    }
  }
}

function isAfter(place: IndexPlace, after: IndexPlace): boolean {
  return place.score > after.score || (place.score === after.score && place.member > after.member)
}

function isOf(record: SessionRecord, { userId, label }: SessionQuery): boolean {
  return (userId === undefined || record.userId === userId) && (label === undefined || record.label === label)
}
