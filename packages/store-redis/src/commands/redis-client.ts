import { SessionError } from '@sessions/core/store'
import { ioredisCommands, type IoredisClient } from './ioredis-commands.js'
import {
  nodeRedisCommands,
  type NodeRedisClient,
  type NodeRedisCluster,
  type NodeRedisSentinel,
} from './node-redis-commands.js'
import type { RedisCommands } from './redis-commands.js'
import { upstashCommands, type UpstashClient } from './upstash-commands.js'

/**
 * A client of the user's own, known by its methods: `Redis` or `Cluster` of ioredis 5 and 6, a client, pool, cluster
 * or sentinel of node-redis 5 and 6, or `Redis` of `@upstash/redis`.
 */
export type RedisClient =
  | IoredisClient
  | NodeRedisClient
  | NodeRedisCluster
  | NodeRedisSentinel
  | UpstashClient

/** The commands of a client. Throws `invalid` for an object that is no client. */
export function toCommands(client: RedisClient): RedisCommands {
  if (typeof client !== 'object' || client === null) throw noClient()
  // Methods tell the kind of client, never classes: the client may come from another copy of its package.
  if ('call' in client && 'status' in client) return ioredisCommands(client)
  if ('sendCommand' in client && 'isOpen' in client) {
    if (answersByCallbacks(client)) throw noClient(legacyMode)
    return nodeRedisCommands(client)
  }
  if ('evalsha' in client && 'lrange' in client) return upstashCommands(client)
  throw noClient()
}

const legacyMode =
  'client is one of node-redis 4 with legacyMode, which answers by callbacks: make one without'

// Version 5 has no such mode, and ignores the option.
function answersByCallbacks(client: object): boolean {
  return 'v4' in client && (client as { options?: { legacyMode?: unknown } }).options?.legacyMode === true
}

function noClient(problem = 'client must be one of ioredis, node-redis or @upstash/redis'): SessionError {
  return new SessionError('invalid', problem, { path: 'client' })
}
