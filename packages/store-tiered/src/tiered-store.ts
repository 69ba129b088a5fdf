import {
  checkMessageQuery,
  checkWhole,
  isSessionError,
  type SessionNotice,
  type SessionRef,
  type SessionStore,
  standingOver,
  type StoredSession,
  topicOf,
} from '@sessions/core/store'
import { checkTiers } from './check-tiers.js'
import { after, answerOf, cutTo, type Entry, laterOf, pageOf } from './entry.js'
import { type Flight, Flights } from './flights.js'
import { HotTier } from './hot-tier.js'
import { ownAmendments, ownChange, ownCopy, ownRef } from './own-copies.js'
import { isReserved, keyOf } from './session-key.js'
import { StoreTime } from './store-time.js'
import type { TieredStore, TieredStoreOptions } from './tiered-store-options.js'
import { Topics } from './topics.js'
import { Unsettled } from './unsettled.js'
import { WarmTier } from './warm-tier.js'

// Refusals: nothing was written, and nothing will be.
const refusals = new Set(['conflict', 'not_found', 'invalid', 'limit_reached', 'too_large'])
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
 * @throws `invalid` for wrong options, and for an encrypted store beneath a shared cache, which would hold it in clear.
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
  checkTiers(last, options)
  const { bus, settleMs = 10_000 } = options
  const hot = new HotTier(options.hot.maxBytes)
  const warm = options.warm === undefined ? undefined : new WarmTier(options.warm, settleMs)
  const flights = new Flights<StoredSession | undefined>()
  const unsettled = new Unsettled(settleMs, mostUnsettled)
  const time = new StoreTime()
  const counts = {
    hits: 0,
    misses: 0,
    warmHits: 0,
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
    warm?.floors.raiseTopics(gone)
  })

  function onNotice({ kind, incarnation, changes, ...ref }: SessionNotice): void {
    counts.noticesIn++
    const key = keyOf(ref)
    flights.age(key)
    warm?.floors.raise(key, incarnation, changes)
    const known = hot.peek(key)?.record
    const isKnown = kind === 'changed' && incarnation === known?.incarnation && changes !== undefined
    // A notice of what is in the copy already, such as an own one.
    if (!(isKnown && changes <= (known?.changes ?? 0))) hot.drop(key)
  }

  function publish({ tenantId, id }: SessionRef, notice: Omit<SessionNotice, 'tenantId' | 'id'>): void {
    if (bus === undefined || isReserved({ tenantId })) return
    counts.noticesOut++
    bus.publish([{ tenantId, id, ...notice }])
  }

  function tell(ref: SessionRef, key: string, kind: SessionNotice['kind']): undefined {
    warm?.floors.raise(key)
    publish(ref, { kind })
  }

  /** What is kept of a session, unless it is older than so many milliseconds. */
  function fresh(key: string, maxAgeMs: number): Entry | undefined {
    const entry = hot.use(key)
    return entry !== undefined && isFresh(key, entry, maxAgeMs) ? entry : undefined
  }

  function isFresh(key: string, { checkedAt, record }: Entry, maxAgeMs: number): boolean {
    const ageMs = performance.now() - checkedAt
    return !unsettled.has(key) && ageMs <= maxAgeMs && (record.expiresAt ?? Infinity) > time.atLeast
  }

  function hit<T>(answer: T, { checkedAt }: Entry): T {
    counts.hits++
    counts.oldestMs = Math.max(counts.oldestMs, performance.now() - checkedAt)
    return answer
  }

  /**
   * Reads from the shared cache, if the answer may be old, or from the store; keeps the answer unless the session has
   * changed meanwhile.
   */
  function fly(ref: SessionRef, key: string, tail: number, maxAgeMs = 0): Promise<StoredSession | undefined> {
    const topic = topicOf(ref)
    // First, so that nothing is missed that changes meanwhile.
    topics.listen(topic)
    const asksWarm = warm !== undefined && maxAgeMs > 0 && !isReserved(ref)
    const begun = { topic, tail, mayBeMs: asksWarm ? maxAgeMs : 0 }
    return flights.begin(key, begun, async (flight) => {
      const found = asksWarm ? await warm.find(ref) : {}
      if (found.entry !== undefined) {
        const { entry } = found
        time.learn(entry.record.updatedAt)
        const isUsable = isFresh(key, entry, maxAgeMs) && warm!.floors.allows(key, topic, entry)
        const answer = isUsable ? answerOf(entry, tail) : undefined
        if (answer !== undefined) {
          counts.warmHits++
          counts.oldestMs = Math.max(counts.oldestMs, performance.now() - entry.checkedAt)
          keep(ref, key, entry, { isOld: flight.isOld, sentAt: entry.checkedAt })
          return answer
        }
      }
      // What changed until now, the store shows.
      Object.assign(flight, { sentAt: performance.now(), notBefore: performance.now(), isOld: false })
      const stored = await last.read(ref, { tail })
      keep(ref, key, stored, flight)
      const isNew = stored !== undefined && !flight.isOld && !unsettled.has(key)
      if (isNew && found.permit !== undefined) warm!.keep(ref, found.permit, stored)
      return stored
    }).answer
  }

  function keep(
    ref: SessionRef,
    key: string,
    stored: StoredSession | undefined,
    { isOld, sentAt }: Pick<Flight<unknown>, 'isOld' | 'sentAt'>,
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
    const entry = laterOf(hot.peek(key), { ...stored, checkedAt: sentAt })
    if (entry !== undefined) put(ref, key, entry)
  }

  function put(ref: SessionRef, key: string, entry: Entry): void {
    hot.put(key, topicOf(ref), entry)
  }

  /**
   * Makes a write: what was read before it is not kept, and what is kept of the session is dropped, unless `settle` gives
   * the session as it is now.
   */
  async function write<T>(
    ref: SessionRef,
    kind: SessionNotice['kind'],
    send: () => Promise<T>,
    settle: (result: T, key: string, known: Entry | undefined, sentAt: number) => Entry | false | undefined,
  ): Promise<T> {
    const key = keyOf(ref)
    const permit = warm !== undefined && !isReserved(ref) ? await warm.begin(ref) : undefined
    const end = (entry?: Entry) => {
      if (permit !== undefined) warm!.end(ref, permit, entry)
    }
    flights.age(key)
    const sentAt = performance.now()
    try {
      const result = await send()
      flights.age(key)
      const known = hot.peek(key)
      hot.drop(key)
      end(settle(result, key, known, sentAt) || undefined)
      return result
    } catch (error) {
      flights.age(key)
      hot.drop(key)
      const isRefused = isSessionError(error) && refusals.has(error.code)
      // Without its end the write counts as under way in the shared cache.
      if (isRefused) end()
      else unsettled.add(key)
      warm?.floors.raise(key)
      if (isSessionError(error, 'unknown_outcome')) publish(ref, { kind })
      throw error
    }
  }

  const store: TieredStore = {
    async read(given, { tail = 0, maxAgeMs = 0 } = {}) {
      const ref = ownRef(given)
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
      const stored = await (joined?.answer ?? fly(ref, key, wanted, maxAgeMs))
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

    async commit(given, change) {
      const ref = ownRef(given)
      const made = ownChange(change)
      return write(
        ref,
        'changed',
        () => last.commit(ref, made),
        (committed, key, known, sentAt) => {
          const { incarnation, changes, updatedAt } = committed.record
          time.learn(updatedAt)
          warm?.floors.raise(key, incarnation, changes)
          publish(ref, { kind: 'changed', incarnation, changes })
          // With nothing in between, what was known and what was committed are all there is.
          const isNext = known?.record.incarnation === incarnation && known.record.changes + 1 === changes
          if (!isNext || unsettled.has(key)) return undefined
          const entry = { ...after(known, made, committed), checkedAt: sentAt }
          put(ref, key, entry)
          return entry
        },
      )
    },

    async amend(given, amendments, guard) {
      const [ref, own, only] = [ownRef(given), ownAmendments(amendments), guard && { ...guard }]
      const send = () => last.amend(ref, own, only)
      return write(ref, 'changed', send, (count, key) => count > 0 && tell(ref, key, 'changed'))
    },

    async trim(given, throughSeq, guard) {
      const [ref, only] = [ownRef(given), guard && { ...guard }]
      const send = () => last.trim(ref, throughSeq, only)
      return write(ref, 'changed', send, (count, key) => count > 0 && tell(ref, key, 'changed'))
    },

    async remove(given, guard) {
      const [ref, only] = [ownRef(given), guard && { ...guard }]
      const send = () => last.remove(ref, only)
      return write(ref, 'removed', send, (isRemoved, key) => isRemoved && tell(ref, key, 'removed'))
    },

    async restore(given, copy) {
      const [ref, own] = [ownRef(given), ownCopy(copy)]
      const send = () => last.restore(ref, own)
      return write(ref, 'changed', send, (_, key) => own.more !== true && tell(ref, key, 'changed'))
    },

    list: (query) => last.list(query),
    sweep: (bounds) => last.sweep(bounds),
    ...(last.check === undefined ? {} : { check: (timeoutMs: number) => last.check!(timeoutMs) }),
    stats: () => ({
      ...counts,
      warmFailures: warm?.failures ?? 0,
      isWarmAway: warm?.isAway ?? false,
      evicted: hot.evicted,
      bytes: hot.bytes,
      sessions: hot.size,
    }),
    async close() {
      await topics.close()
      await warm?.idle()
    },
  }
  return standingOver(store, [last])
}
