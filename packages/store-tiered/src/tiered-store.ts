import {
  checkMessageQuery,
  checkOptions,
  checkWhole,
  type Committed,
  isSessionError,
  type NewMessage,
  SessionError,
  type SessionNotice,
  type SessionRef,
  type SessionStore,
  type StoredSession,
  topicOf,
} from '@sessions/core/store'
import { answerOf, cutTo, type Entry, pageOf } from './entry.js'
import { type Flight, Flights } from './flights.js'
import { HotTier } from './hot-tier.js'
import { StoreTime } from './store-time.js'
import type { HotTierOptions, TieredStore, TieredStoreOptions } from './tiered-store-options.js'
import { Topics } from './topics.js'
import { Unsettled } from './unsettled.js'

// Refusals: nothing was written, and nothing will be.
const refusals = new Set(['conflict', 'not_found', 'invalid', 'limit_reached', 'too_large'])
// In tenants whose names begin with it the library keeps records of its own, which nobody watches.
const reserved = '~'
const mostUnsettled = 10_000
// More messages than this are read for those alone who want them.
const usualTail = 100

/**
 * A store that keeps sessions in memory, in front of another one, which decides. Reads with `maxAgeMs`, such as those of
 * `createSessions({ reads: { maxAgeMs } })`, may be answered from memory, and never with anything older; all others are
 * those of the store. Every write goes to the store at once.
 *
 * Put encryption outside of it: `encryptedStore(tieredStore(...))`.
 *
 * @throws `invalid` for wrong options.
 *
 * @example
 * ```ts
 * import { createSessions, memoryBus, memoryStore } from '@sessions/core'
 * import { tieredStore } from '@sessions/store-tiered'
 *
 * const bus = memoryBus()
 * const store = tieredStore(memoryStore(), { hot: { maxBytes: 64 * 1024 * 1024 }, bus })
 * const sessions = createSessions({ store, bus, reads: { maxAgeMs: 5000 } })
 * ```
 */
export function tieredStore(last: SessionStore, options: TieredStoreOptions): TieredStore {
  checkOptions<TieredStoreOptions>(options, { hot: 'object', bus: 'object', settleMs: 'number' })
  const { bus, settleMs = 10_000 } = options ?? {}
  if (typeof last?.read !== 'function')
    throw new SessionError('invalid', 'last must be a store', { path: 'last' })
  checkOptions<HotTierOptions>(options?.hot, { maxBytes: 'number' }, 'hot')
  checkWhole(options?.hot?.maxBytes, 'hot.maxBytes', 1)
  checkWhole(settleMs, 'settleMs', 0)

  const hot = new HotTier(options.hot.maxBytes)
  const flights = new Flights<StoredSession | undefined>()
  const unsettled = new Unsettled(settleMs, mostUnsettled)
  const time = new StoreTime()
  const counts = {
    hits: 0,
    misses: 0,
    joined: 0,
    fenced: 0,
    gaps: 0,
    noticesIn: 0,
    noticesOut: 0,
    oldestMs: 0,
  }

  const topics = new Topics(bus, onNotice, (missed) => {
    counts.gaps++
    const gone = new Set(missed)
    flights.ageTopics(gone)
    hot.dropTopics(gone)
  })

  function onNotice({ kind, incarnation, changes, ...ref }: SessionNotice): void {
    counts.noticesIn++
    const key = keyOf(ref)
    flights.age(key)
    const known = hot.peek(key)?.record
    const isKnown = kind === 'changed' && incarnation === known?.incarnation && changes !== undefined
    // A notice of what is in the copy already, such as an own one.
    if (!(isKnown && changes <= (known?.changes ?? 0))) hot.drop(key)
  }

  function publish({ tenantId, id }: SessionRef, notice: Omit<SessionNotice, 'tenantId' | 'id'>): void {
    if (bus === undefined || tenantId.startsWith(reserved)) return
    counts.noticesOut++
    bus.publish([{ tenantId, id, ...notice }])
  }

  /** What is kept of a session, unless it is older than so many milliseconds. */
  function fresh(key: string, maxAgeMs: number): Entry | undefined {
    const entry = hot.use(key)
    if (entry === undefined || unsettled.has(key)) return undefined
    const ageMs = performance.now() - entry.checkedAt
    if (ageMs > maxAgeMs || (entry.record.expiresAt ?? Infinity) <= time.atLeast) return undefined
    return entry
  }

  function hit<T>(answer: T, { checkedAt }: Entry): T {
    counts.hits++
    counts.oldestMs = Math.max(counts.oldestMs, performance.now() - checkedAt)
    return answer
  }

  /** Reads from the store, and keeps the answer unless the session has changed meanwhile. */
  function fly(ref: SessionRef, key: string, tail: number): Promise<StoredSession | undefined> {
    const topic = topicOf(ref)
    // First, so that nothing is missed that changes meanwhile.
    topics.listen(topic)
    return flights.begin(key, topic, tail, async (flight) => {
      const stored = await last.read(ref, { tail })
      keep(ref, key, stored, flight)
      return stored
    }).answer
  }

  function keep(
    ref: SessionRef,
    key: string,
    stored: StoredSession | undefined,
    { isOld, sentAt }: Flight<StoredSession | undefined>,
  ): void {
    if (stored !== undefined) time.learn(stored.record.updatedAt)
    if (isOld || unsettled.has(key)) {
      counts.fenced++
      return
    }
    if (stored === undefined) {
      hot.drop(key)
      return
    }
    const known = hot.peek(key)
    const isSame = known?.record.incarnation === stored.record.incarnation
    const isNewer = isSame && stored.record.changes > known.record.changes
    // What was read later counts, though it may show fewer changes: a store may lose writes in a failover.
    if (known !== undefined && known.checkedAt > sentAt && !isNewer) return
    const isAsLong = isSame && known.record.changes === stored.record.changes
    const messages =
      isAsLong && known.messages.length > stored.messages.length ? known.messages : stored.messages
    put(ref, key, { ...stored, messages, checkedAt: sentAt })
  }

  function put(ref: SessionRef, key: string, entry: Entry): void {
    hot.put(key, topicOf(ref), entry)
  }

  /** Makes a write: what was read before it is not kept, and what is kept of the session is dropped, unless `settle` keeps it. */
  async function write<T>(
    ref: SessionRef,
    kind: SessionNotice['kind'],
    send: () => Promise<T>,
    settle: (result: T, key: string, known: Entry | undefined, sentAt: number) => void,
  ): Promise<T> {
    const key = keyOf(ref)
    flights.age(key)
    const sentAt = performance.now()
    try {
      const result = await send()
      flights.age(key)
      const known = hot.peek(key)
      hot.drop(key)
      settle(result, key, known, sentAt)
      return result
    } catch (error) {
      flights.age(key)
      hot.drop(key)
      const isRefused = isSessionError(error) && refusals.has(error.code)
      if (!isRefused) unsettled.add(key)
      if (isSessionError(error, 'unknown_outcome')) publish(ref, { kind })
      throw error
    }
  }

  return {
    async read(ref, asked = {}) {
      const { tail = 0, maxAgeMs = 0 } = asked
      const key = keyOf(ref)
      if (!(maxAgeMs > 0)) {
        if (hot.peek(key) === undefined) return last.read(ref, { tail })
        const stored = await fly(ref, key, tail)
        return stored === undefined ? undefined : cutTo(stored, tail)
      }
      checkWhole(tail, 'tail', 0)
      const entry = fresh(key, maxAgeMs)
      const answer = entry === undefined ? undefined : answerOf(entry, tail)
      if (answer !== undefined) return hit(answer, entry!)
      const joined = flights.joinable(key, tail, performance.now() - maxAgeMs)
      if (joined === undefined) counts.misses++
      else counts.joined++
      // As many as were wanted before, so that readers who want few do not cost those who want many their copy.
      const wanted = Math.max(tail, Math.min(hot.peek(key)?.messages.length ?? 0, usualTail))
      const stored = await (joined?.answer ?? fly(ref, key, wanted))
      return stored === undefined ? undefined : cutTo(stored, tail)
    },

    async messages(ref, query) {
      const { maxAgeMs = 0, ...range } = query
      if (!(maxAgeMs > 0)) return last.messages(ref, range)
      checkMessageQuery(range)
      const entry = fresh(keyOf(ref), maxAgeMs)
      const page = entry === undefined ? undefined : pageOf(entry, range)
      if (page !== undefined) return hit(page, entry!)
      counts.misses++
      return last.messages(ref, range)
    },

    async commit(ref, change) {
      // Taken now: the caller may go on with what it gave.
      const made = { body: change.body, messages: change.messages?.map((message) => ({ ...message })) }
      return write(
        ref,
        'changed',
        () => last.commit(ref, change),
        (committed, key, known, sentAt) => {
          const { incarnation, changes, updatedAt } = committed.record
          time.learn(updatedAt)
          // With nothing in between, what was known and what was committed are all there is.
          const isNext = known?.record.incarnation === incarnation && known.record.changes + 1 === changes
          if (isNext && !unsettled.has(key))
            put(ref, key, { ...after(known, made, committed), checkedAt: sentAt })
          publish(ref, { kind: 'changed', incarnation, changes })
        },
      )
    },

    amend: (ref, amendments, guard) =>
      write(
        ref,
        'changed',
        () => last.amend(ref, amendments, guard),
        (count) => count > 0 && publish(ref, { kind: 'changed' }),
      ),

    trim: (ref, throughSeq, guard) =>
      write(
        ref,
        'changed',
        () => last.trim(ref, throughSeq, guard),
        (count) => count > 0 && publish(ref, { kind: 'changed' }),
      ),

    remove: (ref, guard) =>
      write(
        ref,
        'removed',
        () => last.remove(ref, guard),
        (isRemoved) => isRemoved && publish(ref, { kind: 'removed' }),
      ),

    restore: (ref, copy) =>
      write(
        ref,
        'changed',
        () => last.restore(ref, copy),
        () => copy.more !== true && publish(ref, { kind: 'changed' }),
      ),

    list: (query) => last.list(query),
    sweep: (bounds) => last.sweep(bounds),
    ...(last.check === undefined ? {} : { check: (timeoutMs: number) => last.check!(timeoutMs) }),
    stats: () => ({ ...counts, evicted: hot.evicted, bytes: hot.bytes, sessions: hot.size }),
    close: () => topics.close(),
  }
}

/** A session after a change that was the only one. */
function after(
  { body, messages }: StoredSession,
  made: { readonly body: string | undefined; readonly messages: readonly NewMessage[] | undefined },
  { record, messages: appended }: Committed,
): StoredSession {
  const added = appended.flatMap(({ id, seq, at, inserted }, index) =>
    inserted ? [{ id, seq, at, payload: made.messages![index]!.payload }] : [],
  )
  return { record: { ...record }, body: made.body ?? body, messages: [...messages, ...added] }
}

function keyOf({ tenantId, id }: SessionRef): string {
  return JSON.stringify([tenantId, id])
}
