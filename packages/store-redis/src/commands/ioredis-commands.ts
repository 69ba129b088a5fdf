import { problemOf } from './remembered-problem.js'
import type { RedisCommands } from './redis-commands.js'

/** The methods of ioredis' `Redis` and `Cluster` that the store uses. */
export interface IoredisClient {
  readonly status: string
  readonly isCluster: boolean
  readonly options: object
  call(command: string, args: string[]): Promise<unknown>
  connect(): Promise<unknown>
  on(event: string, listener: (error: unknown) => void): unknown
  once(event: string, listener: () => void): unknown
  off(event: string, listener: (error: unknown) => void): unknown
}

interface IoredisSettings {
  readonly commandTimeout?: number
  readonly enableOfflineQueue?: boolean
  readonly retryStrategy?: unknown
  readonly clusterRetryStrategy?: unknown
  readonly scaleReads?: unknown
  readonly redisOptions?: IoredisSettings
}

const rangeText = "return redis.call('LRANGE', KEYS[1], ARGV[1], ARGV[2])"

export function ioredisCommands(client: IoredisClient): RedisCommands {
  const settings = client.options as IoredisSettings
  const hasQueue = settings.enableOfflineQueue !== false
  // A replica may not have heard yet of the last writes, and no Cluster asks one to run a script.
  const asksReplicas = client.isCluster && (settings.scaleReads ?? 'master') !== 'master'
  return {
    isCluster: client.isCluster,
    hasTimeout: (settings.redisOptions ?? settings).commandTimeout !== undefined,
    givesUp:
      typeof (client.isCluster ? settings.clusterRetryStrategy : settings.retryStrategy) !== 'function',

    isReady() {
      const { status } = client
      if (status === 'ready' || status === 'end') return true
      return !hasQueue && (status === 'close' || status === 'reconnecting')
    },

    whyClosed: () =>
      client.status === 'end' ? 'the client of Redis is closed: it was ended, or has given up' : undefined,

    whyDown: () => problemOf(client),

    onceChanged(callback) {
      const changed = () => {
        for (const event of ['ready', 'close', 'end']) client.off(event, changed)
        callback()
      }
      for (const event of ['ready', 'close', 'end']) client.once(event, changed)
      // A client with `lazyConnect` connects with its first command. Without a queue that command would not wait for
      // the connection.
      if (client.status === 'wait') client.connect().catch(() => {})
    },

    watchErrors(callback) {
      client.on('error', callback)
      return () => client.off('error', callback)
    },

    range: (key, first, last) =>
      asksReplicas
        ? client.call('EVAL', [rangeText, '1', key, String(first), String(last)])
        : client.call('LRANGE', [key, String(first), String(last)]),
    runKnown: (sha, keys, args) => client.call('EVALSHA', [sha, String(keys.length), ...keys, ...args]),
    run: ({ text }, keys, args) => client.call('EVAL', [text, String(keys.length), ...keys, ...args]),
    ask: ([command, ...args]) => client.call(command!, args),
  }
}
