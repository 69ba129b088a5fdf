/**
 * The store on Redis 6.2 and later and on Valkey, the bus that joins processes, and a cache for other stores.
 *
 * @packageDocumentation
 */
export {
  type IoredisSubscriber,
  type NodeRedisSubscriber,
  redisBus,
  type RedisBusOptions,
} from './redis-bus.js'
export { redisCache, type RedisCacheOptions } from './redis-cache.js'
export { redisStore, type RedisStoreOptions } from './redis-store.js'
export type { RedisClient } from './commands/redis-client.js'
export type { IoredisClient } from './commands/ioredis-commands.js'
export type { NodeRedisClient, NodeRedisCluster, NodeRedisSentinel } from './commands/node-redis-commands.js'
export type { UpstashClient } from './commands/upstash-commands.js'
