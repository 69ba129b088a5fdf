import {
  checkOptions,
  checkTimeout,
  checkWhole,
  type OptionNames,
  type SessionCache,
  type SessionRef,
  type StoredSession,
} from '@sessions/core/store'
import { attempt } from './calls/attempt.js'
import { beginScript, endScript, findScript, keepScript } from './scripts/cache-scripts.js'
import { parseCopy, toCopyText } from './stored/cached-session.js'
import { Keys } from './stored/keys.js'
import { RedisCalls } from './calls/redis-calls.js'
import { toCommands, type RedisClient } from './commands/redis-client.js'
import type { RedisScript } from './scripts/redis-script.js'

/** How `redisCache` uses its server. */
export interface RedisCacheOptions {
  /** What all its keys begin with; no braces (default `sessions`). They are not those of a `redisStore`. */
  keyPrefix?: string
  /** How long a copy is kept, in milliseconds (default 30,000): none is older, whatever goes wrong. */
  ttlMs?: number
  /** How long a call may take, in milliseconds (default 100). What takes longer is done without the cache. */
  timeoutMs?: number
  /**
   * How long a write counts as under way that never says that it has ended, in milliseconds (default 30,000): so long no
   * copy of its session is kept. It must be longer than a write of the store may take.
   */
  holdMs?: number
  /** Sessions larger than this are not kept, in bytes of their text (default 262,144). */
  maxCopyBytes?: number
}

const encoder = new TextEncoder()

const optionNames: OptionNames<RedisCacheOptions> = {
  keyPrefix: true,
  ttlMs: true,
  timeoutMs: true,
  holdMs: true,
  maxCopyBytes: true,
}

/**
 * Copies of sessions in Redis, which processes share: what is between the memory of a `tieredStore` and a store that is
 * dearer to read. Two keys for each session that is read or written, which expire by themselves. The server may evict
 * them and may be restarted: nothing but time is lost.
 *
 * The client is the caller's own, and of the kinds that `redisStore` takes.
 *
 * @throws `invalid` for a client of no known kind and for options out of range.
 *
 * @example
 * ```ts
 * import { postgresStore } from '@sessions/store-postgres'
 * import { redisCache } from '@sessions/store-redis'
 * import { createRedisClient } from '@sessions/store-redis/client'
 * import { tieredStore } from '@sessions/store-tiered'
 *
 * const store = tieredStore(postgresStore('postgres://localhost/app'), {
 *   hot: { maxBytes: 64 * 1024 * 1024 },
 *   warm: redisCache(createRedisClient('redis://localhost:6379')),
 * })
 * ```
 */
export function redisCache(client: RedisClient, options: RedisCacheOptions = {}): SessionCache {
  checkOptions(options, optionNames)
  const { keyPrefix = 'sessions', ttlMs = 30_000, timeoutMs = 100, holdMs = 30_000 } = options
  const { maxCopyBytes = 256 * 1024 } = options
  checkWhole(ttlMs, 'ttlMs', 1, 2 ** 31 - 1)
  checkTimeout(timeoutMs, 'timeoutMs')
  checkWhole(holdMs, 'holdMs', 1, 2 ** 31 - 1)
  checkWhole(maxCopyBytes, 'maxCopyBytes', 1)
  const keys = new Keys(keyPrefix)
  const calls = new RedisCalls(toCommands(client))
  // Made with the first write: while a module is loaded, Cloudflare's runtime gives no random values.
  let process: string | undefined
  let writes = 0

  const run = (script: RedisScript, ref: SessionRef, args: readonly (string | number)[] = []) => {
    const { copy, writes } = keys.cached(ref)
    return attempt(timeoutMs, (attempt) => calls.note(attempt, script, [copy, writes], args.map(String)))
  }
  /** The text of a copy; empty when it is too large to be kept. */
  const textOf = (stored: StoredSession | undefined): string => {
    if (stored === undefined || isLonger(stored, maxCopyBytes)) return ''
    const text = toCopyText(stored)
    return text.length > maxCopyBytes || encoder.encode(text).length > maxCopyBytes ? '' : text
  }

  return {
    ttlMs,

    async find(ref) {
      const [state, now, last, text] = await run(findScript, ref)
      if (state === 'busy') return {}
      const copy = state === 'copy' ? parseCopy(ref, String(text), Number(now)) : undefined
      return { permit: `${now as number} ${String(last)}`, ...(copy === undefined ? {} : { copy }) }
    },

    async keep(ref, permit, stored) {
      const text = textOf(stored)
      const [now, last] = permit.split(' ')
      if (text !== '') await run(keepScript, ref, [last!, now!, ttlMs, text])
    },

    async begin(ref) {
      const write = `${(process ??= crypto.randomUUID())}.${++writes}`
      const [now, isOnly] = await run(beginScript, ref, [write, holdMs])
      return `${write} ${isOnly as number} ${now as number}`
    },

    async end(ref, permit, stored) {
      await run(endScript, ref, [...permit.split(' '), ttlMs, textOf(stored)])
    },
  }
}

/** Whether body and payloads alone are too long: a large session is not made into a text for nothing at each write. */
function isLonger({ body, messages }: StoredSession, most: number): boolean {
  let length = body.length
  return messages.some(({ payload }) => (length += payload.length) > most)
}
