import {
  checkChange,
  checkMessageQuery,
  checkOptions,
  checkPageLimit,
  checkWhole,
  corrupt,
  countFitting,
  maxPageBytes,
  notFound,
  type OptionNames,
  SessionError,
  type SessionGuard,
  type SessionRecord,
  type SessionRef,
  type SessionStore,
  type StoredSession,
} from '@sessions/core/store'
import { attempt, type Attempt } from './attempt.js'
import { ClientWarnings } from './client-warnings.js'
import { toArgs } from './commit-args.js'
import { commitScript } from './commit-script.js'
import { parseCursor, toCursor } from './cursor.js'
import { Keys, type SessionKeys } from './keys.js'
import { toSessionError } from './redis-error.js'
import { OpNames } from './op-names.js'
import { RedisCalls } from './redis-calls.js'
import { toCommands, type RedisClient } from './redis-client.js'
import { amendScript, pageScript, readScript, removeScript, trimScript } from './scripts.js'
import { toCommitted, toRefusal, toRepeated, toSent, toVerdict } from './sent-change.js'
import { SessionIndex } from './session-index.js'
import { checkWhose, marker, parseBody, parseMessages, parseRecord } from './stored-record.js'
import { toText, toToken } from './encoding.js'

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
  /** Told, once each, what makes the client or its server unsafe (default: `process.emitWarning`). */
  onWarning?: (message: string) => void
}

const optionNames: OptionNames<RedisStoreOptions> = {
  keyPrefix: true,
  readTimeoutMs: true,
  pageTimeoutMs: true,
  writeTimeoutMs: true,
  onWarning: true,
}

// A trim of a long log, and amendments of many messages, must not hold up the server for everybody else.
const trimBatch = 2000
const amendBatch = 100

// Sessions whose indexes could not be told; more than these wait for their next minute of activity.
const maxUnlisted = 1000

/**
 * Sessions in Redis 6.2 or newer, or what speaks its language.
 *
 * The client is the caller's own: it is never opened, configured or closed. Every call settles within its timeout,
 * whatever the client does. One command a commit and one a read, of a cost that does not grow with the history.
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
  const { onWarning = (message) => process.emitWarning(message, '@sessions/store-redis') } = options
  checkWhole(readTimeoutMs, 'readTimeoutMs', 1, 2 ** 31 - 1)
  checkWhole(pageTimeoutMs, 'pageTimeoutMs', 1, 2 ** 31 - 1)
  checkWhole(writeTimeoutMs, 'writeTimeoutMs', 1, 2 ** 31 - 1)
  const keys = new Keys(keyPrefix)
  const calls = new RedisCalls(toCommands(client))
  const index = new SessionIndex(calls, keys)
  const ops = new OpNames()
  const warnings = new ClientWarnings(calls, onWarning)
  const unlisted = new Set<string>()

  function timed<T>(timeoutMs: number, work: (attempt: Attempt) => Promise<T>): Promise<T> {
    return attempt(timeoutMs, work).then((value) => {
      warnings.checkPolicy()
      return value
    })
  }

  const reading = <T>(work: (attempt: Attempt) => Promise<T>) => timed(readTimeoutMs, work)
  const paging = <T>(work: (attempt: Attempt) => Promise<T>) => timed(pageTimeoutMs, work)
  const writing = <T>(work: (attempt: Attempt) => Promise<T>) => timed(writeTimeoutMs, work)

  /** Tells the indexes of a session that is stored already. */
  async function enter(current: Attempt, log: string, record: SessionRecord, earlier?: SessionRecord) {
    // Until it is known that they heard: not even a deadline in between must let this be forgotten.
    if (unlisted.size < maxUnlisted) unlisted.add(log)
    try {
      await index.put(current, record, earlier)
      unlisted.delete(log)
    } catch (cause) {
      throw new SessionError('unknown_outcome', 'the session is stored, and may be missing in lists', {
        cause,
      })
    }
  }

  /** Takes back a session that no index will ever take in: its maker is refused, and nothing is stored. */
  async function withdraw(
    current: Attempt,
    { log, ids }: Pick<SessionKeys, 'log' | 'ids'>,
    { incarnation }: SessionRecord,
    error: unknown,
  ): Promise<never> {
    const refusal = toSessionError(error instanceof Error ? error.cause : error, false)
    if (refusal.code !== 'store_failed') throw error
    await calls.write(current, removeScript, [log, ids], [toGuard({ incarnation })]).catch(() => {
      throw error
    })
    unlisted.delete(log)
    throw refusal
  }

  async function readBounded(current: Attempt, { ref, log, ids }: SessionKeys, tail: number) {
    const args = [String(tail), String(maxPageBytes)]
    const [verdict, ...elements] = await calls.read(current, readScript, [log, ids], args)
    if (verdict === 'gone') return undefined
    if (verdict !== 'ok' && verdict !== 'cut') throw corrupt(String(elements[0]))
    return toStored(ref, elements, { tail, isCut: verdict === 'cut' })
  }

  return {
    async read(ref, { tail = 0 } = {}) {
      checkWhole(tail, 'tail', 0)
      const place = keys.session(ref)
      // The one newest message is within every bound; more of them are for the server to count.
      if (tail > 1) return paging((current) => readBounded(current, place, tail))
      return reading(async (current) => {
        const elements = await calls.range(current, place.log, 0, tail + 2)
        if (elements.length === 0) return readBounded(current, place, tail)
        return toStored(place.ref, elements, { tail, isCut: false })
      })
    },

    async commit(asked, change) {
      checkChange(change)
      const { ref, log, ids, who } = keys.session(asked)
      const sent = toSent(change)
      const incarnation = change.incarnation ?? (change.revision === 0 ? ops.incarnation() : undefined)
      const op = ops.next()
      const args = toArgs(who, change, incarnation, op)
      return writing(async (current) => {
        const reply = await calls.write(current, commitScript, [log, ids], args)
        const [verdict, ...details] = toVerdict(op, reply)
        if (verdict === 'ok') {
          const [text, due, ...places] = details
          const record = parseRecord(ref, text, who)
          if (due !== '' || (unlisted.size > 0 && unlisted.has(log))) {
            const earlier = due === '' || due === '+' ? undefined : parseRecord(ref, due)
            await enter(current, log, record, earlier).catch((error: unknown) =>
              sent.revision === 0 ? withdraw(current, { log, ids }, record, error) : Promise.reject(error),
            )
          }
          return toCommitted(sent, record, places)
        }
        if (verdict === 'again') {
          const [text, ...places] = details
          const record = parseRecord(ref, text)
          await enter(current, log, record)
          return toRepeated(sent, record, places)
        }
        if (verdict === 'revision') {
          const record = parseRecord(ref, details[1])
          // Whoever made it may have ended before it was listed; a second maker is how one finds out.
          if (sent.revision === 0) await enter(current, log, record).catch(() => undefined)
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
      for (const batch of amendBatches(args)) {
        const all = [...batch.flat(), toGuard(guard)]
        count += await writing(async (current) =>
          toCount(await calls.write(current, amendScript, [log, ids], all)),
        )
      }
      return count
    },

    async trim(ref, throughSeq, guard) {
      checkWhole(throughSeq, 'throughSeq', 0)
      const { log, ids } = keys.session(ref)
      const args = [String(throughSeq), String(trimBatch), String(maxPageBytes), toGuard(guard)]
      for (let count = 0; ;) {
        const reply = await writing((current) => calls.write(current, trimScript, [log, ids], args))
        count += toCount(reply)
        if (reply[0] !== 'ok' || Number(reply[2]) === 0) return count
      }
    },

    async remove(asked, guard) {
      const { ref, log, ids } = keys.session(asked)
      return writing(async (current) => {
        const [count, text] = await calls.write(current, removeScript, [log, ids], [toGuard(guard)])
        unlisted.delete(log)
        if (typeof text === 'string' && text !== '') {
          // An entry left behind is dropped by whoever meets it; one of a record that is none cannot be named.
          await dropped(current, ref, text).catch(() => undefined)
        }
        return Number(count) > 0
      })
    },

    async list({ limit, cursor, ...query }) {
      checkPageLimit(limit)
      const start = cursor === undefined ? undefined : parseCursor(cursor)
      return reading(async (current) => {
        // One more than the page was found, so there is a next one.
        const listed = await index.page(current, { ...query, limit }, start, limit + 1)
        const page = listed.slice(0, limit)
        const items = page.map(({ record }) => record).sort(byActivity)
        return listed.length > limit ? { items, cursor: toCursor(page.at(-1)!.place) } : { items }
      })
    },

    async sweep({ limit }) {
      checkWhole(limit, 'limit', 1)
      return writing((current) => index.sweep(current, limit))
    },
  }

  async function dropped(current: Attempt, ref: SessionRef, text: string): Promise<void> {
    await index.drop(current, parseRecord(ref, text))
  }
}

interface Tail {
  readonly tail: number
  /** Whether the server left out messages that do not fit a page. */
  readonly isCut: boolean
}

function toStored(ref: SessionRef, elements: readonly unknown[], { tail, isCut }: Tail): StoredSession {
  const [text, body, mark, ...newest] = elements
  const record = parseRecord(ref, text)
  const count = Math.min(tail, record.lastSeq - record.trimmedSeq)
  const isRight = isCut ? newest.length > 0 && newest.length < count : newest.length === count
  if (mark !== marker || !isRight) throw corrupt('messages are missing')
  return { record, body: parseBody(body), messages: parseMessages(newest, 'desc', record.lastSeq).reverse() }
}

// Nothing to change in a session that is not there.
function toCount([verdict, detail]: readonly unknown[]): number {
  if (verdict === 'gone') return 0
  if (verdict !== 'ok') throw corrupt(String(detail))
  return Number(detail)
}

/** What fits one script: by count, for what it replaces it has to look at, and by bytes. */
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

// The index may be a moment behind what it led to.
function byActivity(a: SessionRecord, b: SessionRecord): number {
  if (a.activeAt !== b.activeAt) return b.activeAt - a.activeAt
  return a.id < b.id ? -1 : 1
}

/** The incarnation that is meant, as the scripts take it. */
function toGuard({ incarnation }: SessionGuard = {}): string {
  return incarnation === undefined ? '' : `=${toToken(incarnation)}`
}
