import {
  checkChange,
  checkCopy,
  checkMessageQuery,
  checkOptions,
  checkSessionQuery,
  checkTimeout,
  checkWhole,
  copyConflict,
  copyParts,
  corrupt,
  countFitting,
  idTwice,
  maxPageBytes,
  notFound,
  type OptionNames,
  partConflict,
  type SessionGuard,
  type SessionQuery,
  type SessionRecord,
  type SessionRef,
  type SessionStore,
  telling,
} from '@sessions/core/store'
import { attempt, type Attempt } from './calls/attempt.js'
import { ClientWarnings } from './checks/client-warnings.js'
import { checkServer } from './checks/check-server.js'
import { toArgs } from './stored/commit-args.js'
import { commitScript } from './scripts/commit-script.js'
import { parseCursor, toCursor, toPlace } from './stored/cursor.js'
import { toRestoreArgs } from './stored/restore-args.js'
import { type IndexedSession, type IndexPlace, toIndexed } from './stored/index-entry.js'
import { Keys, type SessionKeys } from './stored/keys.js'
import { OpNames } from './op-names.js'
import { RedisCalls } from './calls/redis-calls.js'
import { toCommands, type RedisClient } from './commands/redis-client.js'
import {
  amendScript,
  pageScript,
  readScript,
  removeScript,
  restoreScript,
  trimScript,
} from './scripts/scripts.js'
import { type SentChange, toCommitted, toRefusal, toRepeated, toSent, toVerdict } from './sent-change.js'
import { SessionIndex } from './session-index.js'
import { mayExceedPage, SmallTails } from './small-tails.js'
import { checkWhose, parseMessages, parseRecord } from './stored/stored-record.js'
import { toStored } from './stored/stored-session.js'
import { toText, toToken } from './stored/encoding.js'

/** How `redisStore` uses its server. */
export interface RedisStoreOptions {
  /** What all keys of this store begin with; no braces (default `sessions`). */
  keyPrefix?: string
  /** How long any other reading call may take, in milliseconds (default 1,000). */
  readTimeoutMs?: number
  /**
   * How long a call that may bring a page of messages may take, in milliseconds: `messages`, and `read` with a tail of
   * more than one (default five times `readTimeoutMs`).
   */
  pageTimeoutMs?: number
  /** How long a writing call may take, in milliseconds (default 2,000). */
  writeTimeoutMs?: number
  /** Told, once each, what makes the client or its server unsafe (default: `process.emitWarning`, or `console.warn` where there is no Node). */
  onWarning?: (message: string) => void
}

const optionNames: OptionNames<RedisStoreOptions> = {
  keyPrefix: true,
  readTimeoutMs: true,
  pageTimeoutMs: true,
  writeTimeoutMs: true,
  onWarning: true,
}

/** As Node warns; elsewhere on the console. */
function warn(message: string): void {
  if ('process' in globalThis) process.emitWarning(message, '@sessions/store-redis')
  else console.warn(message)
}

// A trim of a long log, and amendments of many messages, must not hold up the server for other callers.
const trimBatch = 2000
const amendBatch = 100

// Sessions whose changes did not reach the indexes. Further sessions wait for their next minute of activity.
const maxUnlisted = 1000

/**
 * Sessions in Redis 6.2 or newer, or in a server that speaks its language.
 *
 * The client is the caller's own: it is never opened, configured or closed. Every call settles within its timeout,
 * whatever the client does. A commit is one command, and so is a read; their cost does not grow with the history.
 *
 * @throws `invalid` for a client of no known kind and for options out of range.
 *
 * @example
 * ```ts
 * import { createSessions } from '@sessions/core'
 * import { redisStore } from '@sessions/store-redis'
 * import { createRedisClient } from '@sessions/store-redis/client'
 *
 * const redis = createRedisClient('redis://localhost:6379')
 * const sessions = createSessions({ store: redisStore(redis) })
 * ```
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): SessionStore {
  checkOptions(options, optionNames)
  const { keyPrefix = 'sessions', readTimeoutMs = 1000, writeTimeoutMs = 2000 } = options
  const { pageTimeoutMs = 5 * readTimeoutMs } = options
  const onWarning = telling('onWarning', options.onWarning ?? warn)
  checkTimeout(readTimeoutMs, 'readTimeoutMs')
  checkTimeout(pageTimeoutMs, 'pageTimeoutMs')
  checkTimeout(writeTimeoutMs, 'writeTimeoutMs')
  const keys = new Keys(keyPrefix)
  const calls = new RedisCalls(toCommands(client))
  const index = new SessionIndex(calls, keys)
  const ops = new OpNames()
  const warnings = new ClientWarnings(calls, onWarning)
  const unlisted = new Set<string>()
  const tails = new SmallTails()

  function timed<T>(timeoutMs: number, work: (attempt: Attempt) => Promise<T>): Promise<T> {
    return attempt(timeoutMs, work).then((value) => {
      warnings.checkPolicy()
      return value
    })
  }

  const reading = <T>(work: (attempt: Attempt) => Promise<T>) => timed(readTimeoutMs, work)
  const paging = <T>(work: (attempt: Attempt) => Promise<T>) => timed(pageTimeoutMs, work)
  const writing = <T>(work: (attempt: Attempt) => Promise<T>) => timed(writeTimeoutMs, work)

  /**
   * Enters a session where the lists will look for it once the commit is applied; resolves to the entry. Undefined for
   * a commit that changes no name.
   */
  async function announce(
    current: Attempt,
    place: SessionKeys,
    change: SentChange,
    incarnation: string,
  ): Promise<IndexedSession | undefined> {
    if (change.revision === 0) {
      const made = await toIndexed({ ...place.ref, ...change.names, incarnation, activeAt: 0 })
      await index.announce(current, made, change.dueMs)
      return made
    }
    const { userId, label } = change.names
    if (userId === undefined && label === undefined) return undefined
    const [text] = await calls.range(current, place.log, 0, 0)
    if (text === undefined) return undefined
    const named = await toIndexed({ ...parseRecord(place.ref, text), ...change.names })
    await index.announce(current, named)
    return named
  }

  /** Tells the indexes of a commit. The session's entry is there: when the call fails, a later list mends the entry. */
  async function enter(current: Attempt, log: string, record: SessionRecord, earlier?: SessionRecord) {
    if (unlisted.size < maxUnlisted) unlisted.add(log)
    await index.put(current, record, earlier).then(
      () => unlisted.delete(log),
      () => undefined,
    )
  }

  async function readBounded(current: Attempt, { ref, log, ids }: SessionKeys, tail: number) {
    const args = [String(tail), String(maxPageBytes)]
    const [verdict, ...elements] = await calls.read(current, readScript, [log, ids], args)
    if (verdict === 'gone') return undefined
    if (verdict !== 'ok' && verdict !== 'cut') throw corrupt(String(elements[0]))
    if (verdict === 'ok') tails.saw(log, tail, elements.slice(3))
    else tails.forget(log)
    return toStored(ref, elements, { tail, isCut: verdict === 'cut' })
  }

  async function readPlainly(current: Attempt, place: SessionKeys, tail: number) {
    const elements = await calls.range(current, place.log, 0, tail + 2)
    const newest = elements.slice(3)
    // The script tells an absent session from a damaged one, and keeps to the bytes of a page.
    if (elements.length === 0 || (tail > 1 && mayExceedPage(newest))) return readBounded(current, place, tail)
    if (tail > 1) tails.saw(place.log, tail, newest)
    return toStored(place.ref, elements, { tail, isCut: false })
  }

  return {
    async read(ref, { tail = 0 } = {}) {
      checkWhole(tail, 'tail', 0)
      const place = keys.session(ref)
      // One message fits every bound. The server has to count the bytes of more, unless they are known to be few.
      if (tail <= 1) return reading((current) => readPlainly(current, place, tail))
      return paging((current) =>
        tails.has(place.log, tail) ? readPlainly(current, place, tail) : readBounded(current, place, tail),
      )
    },

    async commit(asked, change) {
      checkChange(change)
      const place = keys.session(asked)
      const { ref, log, ids, who } = place
      const sent = toSent(change)
      const incarnation = change.incarnation ?? (change.revision === 0 ? ops.incarnation() : undefined)
      const op = ops.next()
      const args = toArgs(who, change, incarnation, op)
      tails.grew(log, args)
      return writing(async (current) => {
        const announced = await announce(current, place, sent, incarnation ?? '')
        const reply = await calls.write(current, commitScript, [log, ids], args)
        const [verdict, ...details] = toVerdict(op, reply)
        if (verdict === 'ok') {
          const [text, due, ...places] = details
          const record = parseRecord(ref, text, who)
          if (due !== '' || (unlisted.size > 0 && unlisted.has(log))) {
            const earlier = due === '' || due === '+' ? undefined : parseRecord(ref, due)
            await enter(current, log, record, earlier)
          }
          return toCommitted(sent, record, places)
        }
        if (verdict === 'again') {
          const [text, ...places] = details
          const record = parseRecord(ref, text)
          await enter(current, log, record)
          return toRepeated(sent, record, places)
        }
        if (verdict === 'revision' && sent.revision === 0) {
          const record = parseRecord(ref, details[1])
          if (record.incarnation !== incarnation) await index.drop(current, announced!).catch(() => undefined)
          // A server that lost its last writes may have a session without its entry. A second create finds that out.
          await enter(current, log, record, record)
        }
        throw toRefusal(sent, verdict, details)
      })
    },

    async messages(asked, query) {
      checkMessageQuery(query)
      const { ref, log, ids } = keys.session(asked)
      const { after = 0, before = Number.MAX_SAFE_INTEGER, limit, order = 'asc' } = query
      const args = [String(after), String(before), String(limit), String(maxPageBytes), order]
      return paging(async (current) => {
        const [verdict, more, who, ...elements] = await calls.read(current, pageScript, [log, ids], args)
        if (verdict === 'gone') throw notFound()
        if (verdict !== 'ok') throw corrupt(String(more))
        checkWhose(ref, who)
        return { messages: parseMessages(elements, order), more: Number(more) === 1 }
      })
    },

    async amend(ref, amendments, guard) {
      const { log, ids } = keys.session(ref)
      const args = amendments.map(({ seq, payload }) => [String(seq), toText(payload)] as const)
      let count = 0
      let expected = toGuard(guard)
      for (const batch of amendBatches(args)) {
        const all = [...batch.flat(), ...expected]
        const amended = await writing(async (current) =>
          toCount(await calls.write(current, amendScript, [log, ids], all)),
        )
        // A later step finds the `changes` that this step has changed.
        if (amended > 0) expected = [expected[0], '']
        count += amended
      }
      return count
    },

    async trim(ref, throughSeq, guard) {
      checkWhole(throughSeq, 'throughSeq', 0)
      const { log, ids } = keys.session(ref)
      const bounds = [String(throughSeq), String(trimBatch), String(maxPageBytes)]
      let expected = toGuard(guard)
      for (let count = 0; ;) {
        const args = [...bounds, ...expected]
        const reply = await writing((current) => calls.write(current, trimScript, [log, ids], args))
        expected = [expected[0], '']
        count += toCount(reply)
        if (reply[0] !== 'ok' || Number(reply[2]) === 0) return count
      }
    },

    async remove(asked, guard) {
      const { ref, log, ids, begunLog, begunIds } = keys.session(asked)
      const all = [log, ids, begunLog, begunIds]
      return writing(async (current) => {
        const [count, text] = await calls.write(current, removeScript, all, toGuard(guard))
        unlisted.delete(log)
        if (typeof text === 'string' && text !== '') {
          // An entry that is left is dropped by the list or sweep that meets it. A text that is no record names no
          // entry.
          await dropped(current, ref, text).catch(() => undefined)
        }
        return Number(count) > 0
      })
    },

    async list(query) {
      checkSessionQuery(query)
      const asked = { ...query }
      const { limit } = asked
      const start = toStart(asked)
      return reading(async (current) => {
        // The index gave one session more than the page holds, so there is a next page.
        const listed = await index.page(current, asked, start, limit + 1)
        const page = listed.slice(0, limit)
        const items = page.map(({ record }) => record).sort(byActivity)
        return listed.length > limit ? { items, cursor: toCursor(page.at(-1)!.place) } : { items }
      })
    },

    async restore(asked, copy) {
      checkCopy(copy)
      const place = keys.session(asked)
      const { record } = copy
      // The store reads the whole copy before it awaits anything: its caller may change the copy afterwards.
      const parts = [...copyParts(copy)].map(
        (part) => [part.more === true, toRestoreArgs(place.ref, part)] as const,
      )
      const restored = { ...record, ...place.ref }
      for (const [more, args] of parts) {
        await writing((current) => restorePart(current, place, restored, args, !more))
      }
    },

    async sweep({ limit }) {
      checkWhole(limit, 'limit', 1)
      return writing((current) => index.sweep(current, limit))
    },

    check: (timeoutMs) => checkServer(calls, keys, timeoutMs),
  }

  async function dropped(current: Attempt, ref: SessionRef, text: string): Promise<void> {
    await index.drop(current, await toIndexed(parseRecord(ref, text)))
  }

  async function restorePart(
    current: Attempt,
    { ref, log, ids, begunLog, begunIds }: SessionKeys,
    record: SessionRecord,
    args: readonly string[],
    isLast: boolean,
  ): Promise<void> {
    if (isLast) await index.announce(current, await toIndexed(record))
    const reply = await calls.write(current, restoreScript, [log, ids, begunLog, begunIds], args)
    const [verdict, detail] = reply
    if (verdict === 'ok' && !isLast) return
    if (verdict === 'ok' || verdict === 'same') {
      const earlier = typeof detail === 'string' && detail !== '' ? parseRecord(ref, detail) : undefined
      return enter(current, log, verdict === 'same' ? earlier! : record, earlier ?? record)
    }
    if (verdict === 'newer') throw copyConflict(Number(detail))
    if (verdict === 'part') throw partConflict()
    if (verdict === 'twice') throw idTwice()
    throw corrupt(String(detail))
  }
}

// A session that is absent has nothing to change.
function toCount([verdict, detail]: readonly unknown[]): number {
  if (verdict === 'gone') return 0
  if (verdict !== 'ok') throw corrupt(String(detail))
  return Number(detail)
}

/** Batches that fit one script: by count, because the script has to look at the messages it replaces, and by bytes. */
function* amendBatches<Args extends readonly [seq: string, payload: string]>(
  all: readonly Args[],
): Generator<Args[]> {
  for (let rest = all; rest.length > 0;) {
    const batch = rest.slice(0, amendBatch)
    const count = countFitting(batch.map(([, payload]) => ({ payload })))
    yield batch.slice(0, count)
    rest = rest.slice(count)
  }
}

// The place of a session in the index may be a moment older than its record.
function byActivity(a: SessionRecord, b: SessionRecord): number {
  if (a.activeAt !== b.activeAt) return b.activeAt - a.activeAt
  return a.id < b.id ? -1 : 1
}

/** The place of the index after which a page begins: the later one of the places that the query gives. */
function toStart({ cursor, after, activeBefore }: SessionQuery): IndexPlace | undefined {
  const place = cursor === undefined ? after && toPlace(after) : parseCursor(cursor)
  if (activeBefore === undefined || (place !== undefined && -place.score < activeBefore)) return place
  // Times are whole numbers, so no session has this place.
  return { score: 0.5 - activeBefore, member: '' }
}

/** The session that the guard means, as the scripts take it. */
function toGuard({ incarnation, changes }: SessionGuard = {}): readonly [
  incarnation: string,
  changes: string,
] {
  return [incarnation === undefined ? '' : `=${toToken(incarnation)}`, String(changes ?? '')]
}
