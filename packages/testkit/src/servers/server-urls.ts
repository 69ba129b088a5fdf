import { startPostgres } from './postgres/postgres.js'
import { startRedis } from './redis/redis.js'
import type { Server } from './server.js'

let redis: Promise<Server> | undefined
let postgres: Promise<Server> | undefined

/**
 * The URL of any Redis: `REDIS_URL` if it is set, otherwise one that is started once for this process, and ends with
 * it. For tests that need any server; tests that harm their server start their own.
 */
export async function redisUrl(): Promise<string> {
  return process.env['REDIS_URL'] || (await (redis ??= startRedis())).url
}

/** The URL of any PostgreSQL: `DATABASE_URL` if it is set, otherwise one started as for {@link redisUrl}. */
export async function databaseUrl(): Promise<string> {
  return process.env['DATABASE_URL'] || (await (postgres ??= startPostgres())).url
}
