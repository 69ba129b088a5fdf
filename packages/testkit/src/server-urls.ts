import { startPostgres } from './postgres.js'
import { startRedis } from './redis.js'
import type { Server } from './server.js'

let redis: Promise<Server> | undefined
let postgres: Promise<Server> | undefined

/**
 * Where some Redis is: `REDIS_URL` if it is set, else one that is started for this process, once, and ends
 * with it. For tests that need any server; those that harm it start their own.
 */
export async function redisUrl(): Promise<string> {
  return process.env['REDIS_URL'] || (await (redis ??= startRedis())).url
}

/** Where some PostgreSQL is: `DATABASE_URL` if it is set, else one started as for {@link redisUrl}. */
export async function databaseUrl(): Promise<string> {
  return process.env['DATABASE_URL'] || (await (postgres ??= startPostgres())).url
}
