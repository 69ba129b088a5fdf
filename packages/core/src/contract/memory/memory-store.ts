import { telling } from '../../async/calling.js'
import { checkOptions, type OptionNames } from '../../options.js'
import { SessionError } from '../../errors.js'
import { newId } from '../../ids.js'
import { recordKindOf, type SessionRecord, type SessionRef } from '../session-record.js'
import type { ListPlace, SessionChange, SessionQuery, SessionStore } from '../session-store.js'
import {
  checkChange,
  checkCopy,
  checkMessageQuery,
  checkSessionQuery,
  checkWhole,
} from '../check-arguments.js'
import { createListCursors } from '../list-cursors.js'
import { checkIsMeant, isMeant, isNewerCopy, notFound, partConflict } from '../refusals.js'
import { type Clock, latestTime, processClock } from '../../time.js'
import { BegunCopies } from './begun-copies.js'
import { MemorySession } from './memory-session.js'
import { SessionTable } from './session-table.js'

/** How much a memory store holds, and by which clock. */
export interface MemoryStoreOptions {
  /** At most this many sessions; the least recently read or changed one goes first (default 10,000). */
  maxSessions?: number
  /**
   * At most about this many bytes (default 256 MiB), counted as two for each UTF-16 unit of text and an allowance for
   * each message and session; text within Latin-1 takes half of what is counted.
   */
  maxBytes?: number
  /**
   * At most about this many bytes of each kind of side records, which the library keeps beside sessions: answers to
   * keyed requests, events of turns, budgets (default 32 MiB, counted likewise). A side record never pushes out a
   * session or a side record of another kind, and a session never pushes out a side record: past the bound the least
   * recently used record of the kind goes.
   */
  maxSideBytes?: number
  /** What decides deadlines, in epoch milliseconds (default: a clock that a changed system clock does not reach). */
  clock?: Clock
  /**
   * Told which live session had to go to keep the bounds (default: nobody is). It runs after the commit, on its own:
   * what it throws is an uncaught error, and never makes a commit look failed.
   */
  onEvict?: (ref: SessionRef) => void
}

const mebibyte = 1024 * 1024

/** The records that share one bound. */
interface Part {
  readonly table: SessionTable
  readonly copies: BegunCopies
  readonly maxSessions: number
  readonly maxBytes: number
  readonly onEvict?: MemoryStoreOptions['onEvict']
}

// Each create removes a few dead sessions, so that a store that nobody sweeps does not fill up with them.
const sweptPerCreate = 4

const { toCursor, parseCursor } = createListCursors('memory 1')

const optionNames: OptionNames<MemoryStoreOptions> = {
  maxSessions: true,
  maxBytes: true,
  maxSideBytes: true,
  clock: true,
  onEvict: true,
}

/**
 * Sessions in the memory of this process: for tests, for one process that may forget, and as the hot tier of others.
 *
 * Bounded by sessions and by bytes: past either, the least recently used session is evicted, and is then absent like a
 * deleted one. Side records have a bound of their own. A session larger than `maxBytes` on its own is refused with
 * `store_full`. `list` costs as much as its page and, for a user and a label, the sessions of other labels that it skips.
 * There are no timers. A session past its deadline is absent at once. Its memory comes back when a caller asks for it, when
 * other sessions are made, and by `sweep`.
 *
 * @example
 * ```ts
 * import { createSessions, memoryStore } from '@sessions/core'
 *
 * const sessions = createSessions({ store: memoryStore({ maxSessions: 1000 }) })
 * ```
 */
export function memoryStore(options: MemoryStoreOptions = {}): SessionStore {
  checkOptions(options, optionNames)
  const { maxSessions = 10_000, maxBytes = 256 * mebibyte, maxSideBytes = 32 * mebibyte } = options
  const onEvict = options.onEvict && telling('onEvict', options.onEvict)
  const clock = options.clock === undefined ? processClock : whole(options.clock)
  checkWhole(maxSessions, 'maxSessions', 1)
  checkWhole(maxBytes, 'maxBytes', 1)
  checkWhole(maxSideBytes, 'maxSideBytes', 1)
  // The library has few kinds of records of its own, so there are few parts.
  const parts = new Map<string, Part>([['', toPart({ maxSessions, maxBytes, onEvict })]])
  const partOf = (tenantId: string): Part => {
    const kind = recordKindOf(tenantId)
    const known = parts.get(kind)
    if (known !== undefined) return known
    const part = toPart({ maxSessions: Infinity, maxBytes: maxSideBytes })
    parts.set(kind, part)
    return part
  }
  const tableOf = ({ tenantId }: Pick<SessionRef, 'tenantId'>) => partOf(tenantId).table

  function existing(ref: SessionRef): MemorySession {
    const session = tableOf(ref).use(ref, clock())
    if (session === undefined) throw notFound()
    return session
  }

  function checkFits({ tenantId }: SessionRef, bytes: number): void {
    const most = partOf(tenantId).maxBytes
    if (bytes <= most) return
    throw new SessionError('store_full', `the session would be larger than the store's ${most} bytes`)
  }

  // The session just changed fits on its own, and is the last one to go.
  function keepBounds({ table, maxSessions, maxBytes, onEvict }: Part, now: number): void {
    const over = () => table.size > maxSessions || table.bytes > maxBytes
    if (over()) table.sweep(Infinity, now)
    while (over()) {
      const session = table.leastRecent()
      if (session === undefined) return
      table.drop(session)
      const { tenantId, id } = session
      if (onEvict !== undefined) queueMicrotask(() => onEvict({ tenantId, id }))
    }
  }

  return {
    async check() {
      const message =
        'Sessions are in the memory of this process: they end with it, and other processes do not see them. For more ' +
        'than tests, take a store with a database.'
      return [{ level: 'warning', code: 'persistence', message }]
    },

    async read(ref, { tail = 0 } = {}) {
      checkWhole(tail, 'tail', 0)
      const session = tableOf(ref).use(ref, clock())
      return session && { record: session.record(), body: session.body(), messages: session.tail(tail) }
    },

    async commit(ref, change) {
      checkChange(change)
      const now = clock()
      const table = tableOf(ref)
      const session = toChange(table.use(ref, now), ref, change, now)
      checkFits(ref, session.bytesAfter(change))
      if (change.revision === 0) table.sweep(sweptPerCreate, now)
      const messages = session.apply(change, now)
      table.put(session)
      keepBounds(partOf(session.tenantId), now)
      return { record: session.record(), messages }
    },

    async messages(ref, query) {
      checkMessageQuery(query)
      return existing(ref).page(query)
    },

    async amend(ref, amendments, guard) {
      const now = clock()
      const table = tableOf(ref)
      const session = table.use(ref, now)
      if (!isMeant(session, guard)) return 0
      checkFits(ref, session.bytesAmended(amendments))
      const count = session.amend(amendments)
      table.put(session)
      keepBounds(partOf(session.tenantId), now)
      return count
    },

    async trim(ref, throughSeq, guard) {
      checkWhole(throughSeq, 'throughSeq', 0)
      const table = tableOf(ref)
      const session = table.use(ref, clock())
      if (!isMeant(session, guard)) return 0
      const count = session.trim(throughSeq)
      table.put(session)
      return count
    },

    async remove(ref, guard) {
      const { table, copies } = partOf(ref.tenantId)
      const session = table.use(ref, clock())
      if (session === undefined) copies.dropMeant(ref, guard)
      if (!isMeant(session, guard)) return false
      copies.drop(ref)
      table.drop(session)
      return true
    },

    async list(query) {
      checkSessionQuery(query)
      const { label, limit, cursor } = query
      const now = clock()
      const items: SessionRecord[] = []
      const start = startOf(query, cursor === undefined ? undefined : parseCursor(cursor))
      for (const session of tableOf(query).active(query, start)) {
        if (session.isPast(now) || (label !== undefined && session.label !== label)) continue
        // The store has found one session more than the page holds, so there is a next page.
        if (items.length === limit) return { items, cursor: toCursor(items.at(-1)!) }
        items.push(session.record())
      }
      return { items }
    },

    async restore(ref, copy) {
      checkCopy(copy)
      const now = clock()
      const part = partOf(ref.tenantId)
      const { table, copies } = part
      const found = table.use(ref, now)
      if (found !== undefined && !isNewerCopy(found, copy.record)) return copies.drop(ref)
      const session = copies.find(ref, copy.record, now) ?? MemorySession.restored(ref, copy)
      if (!session.extend(copy.messages)) throw partConflict()
      session.take(copy)
      checkFits(ref, session.bytes)
      if (copy.more === true) return copies.put(session, now)
      copies.drop(ref)
      if (found !== undefined) table.drop(found)
      table.put(session)
      keepBounds(part, now)
    },

    async sweep({ limit }) {
      checkWhole(limit, 'limit', 1)
      const now = clock()
      let count = 0
      for (const { table } of parts.values()) count += table.sweep(limit - count, now)
      return count
    },
  }
}

/** A clock of the application in whole milliseconds, of which dates and other stores know nothing smaller. */
function whole(clock: Clock): Clock {
  return () => {
    const now = Math.floor(clock())
    if (now >= 0 && now <= latestTime) return now
    throw new SessionError('invalid', 'clock must give epoch milliseconds', { path: 'clock' })
  }
}

function toPart(bounds: Omit<Part, 'table' | 'copies'>): Part {
  return { ...bounds, table: new SessionTable(), copies: new BegunCopies(bounds.maxBytes) }
}

/** The place after which a list begins: the later one of the places that the query gives. */
function startOf(
  { after, activeBefore }: SessionQuery,
  cursor: ListPlace | undefined,
): ListPlace | undefined {
  const place = cursor ?? after
  if (activeBefore === undefined || (place !== undefined && place.activeAt < activeBefore)) return place
  // Times are whole numbers, so no session has this place.
  return { activeAt: activeBefore - 0.5, id: '' }
}

/** The session `change` applies to, found or new, once all but its messages is known to fit. */
function toChange(
  found: MemorySession | undefined,
  ref: SessionRef,
  change: SessionChange,
  now: number,
): MemorySession {
  if (found === undefined) {
    if (change.revision !== 0) throw notFound()
    return new MemorySession(ref, change.incarnation ?? newId(), now)
  }
  checkIsMeant(found, change)
  return found
}
